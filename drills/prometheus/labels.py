"""Label sets: sorted pairs that can be compared, hashed and grouped."""

from collections.abc import Collection, Mapping
from typing import TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]

NAME = "__name__"
EMPTY: Labels = ()


def of(labels: Mapping[str, str] | Labels) -> Labels:
    """Return the label set; an empty value means that the label is not there.

    A label set stays as it is: whoever appends again and again makes it once.
    """
    if isinstance(labels, tuple):
        return labels
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def only(labels: Labels, names: Collection[str]) -> Labels:
    """Keep the named labels."""
    return tuple(pair for pair in labels if pair[0] in names)


def without(labels: Labels, names: Collection[str]) -> Labels:
    """Drop the named labels."""
    return tuple(pair for pair in labels if pair[0] not in names)


def nameless(labels: Labels) -> Labels:
    """Drop the metric name, as everything does that changes what a value means."""
    # `__name__` sorts before every lower-case label, but not before `A` to `Z`.
    return tuple(pair for pair in labels if pair[0] != NAME)


def value(labels: Labels, name: str) -> str:
    """Return the value of a label, empty when it is not there."""
    return next((text for key, text in labels if key == name), "")


def replaced(labels: Labels, name: str, text: str) -> Labels:
    """Set one label; an empty text removes it."""
    return of(dict(labels) | {name: text})


def text(labels: Labels) -> str:
    """Write the label set as Prometheus does in messages: `{a="b", c="d"}`."""
    return "{" + ", ".join(f'{name}="{content}"' for name, content in labels) + "}"
