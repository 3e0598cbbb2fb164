"""Which images and command lines are known: what stands in templates now, or stood there. Pure.

The admission policy compares with these lines; one line of a ConfigMap is one image or one command
line, with spaces between its words. Flags that an action may set within bounds are left out of a
command line, here as in the policy.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster import engine_flags
from cluster.clients.things import Json, Thing

CONTAINERS: Final = ("containers", "initContainers")
BREAK: Final = "\n"
MOST: Final = 300_000
"""So many characters of lines are kept for each; a ConfigMap may have a MiB in all."""
TOKENS: Final = re.compile(f"{engine_flags.FREE} |[^ ]* ", re.ASCII)
FREE: Final = re.compile(f"{engine_flags.FREE} ", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Images, and command lines without the flags that may be set; the newest last."""

    images: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


def of(things: Iterable[Thing]) -> Known:
    """Return what the containers of all templates in these objects run, in their order.

    A command line that does not fit into one line is left out: the policy would never pass it.
    """
    containers = [each for thing in things for each in _containers(thing.body)]
    images = (image for each in containers if isinstance(image := each.get("image"), str))
    lines = (line(each) for each in containers)
    return Known(images=_fitting(images), arguments=_fitting(lines))


def line(container: Json) -> str:
    """Return the command line of a container as the policy compares it."""
    words = [
        str(word)
        for part in ("command", "args")
        if isinstance(said := container.get(part), list)
        for word in said
    ]
    return normal(" ".join(words))


def normal(written: str) -> str:
    """Return a command line without the flags that may be set."""
    tokens = TOKENS.findall(f"{written} ")
    return "".join(each for each in tokens if not FREE.fullmatch(each)).strip()


def added(before: str | None, found: Sequence[str]) -> str:
    """Return the text with these lines at its end; what no longer fits goes, the oldest first.

    What a person has written there stays as well, until it is the oldest.
    """
    old = before.split(BREAK) if before is not None else []
    new = dict.fromkeys(found)
    lines = [*(each for each in old if each not in new), *new]
    size = sum(len(each) + 1 for each in lines)
    while size > MOST:
        size -= len(lines.pop(0)) + 1
    # In a text of which nothing is new no line moves, or two looks would write it in turn.
    return before if before is not None and set(lines) == set(old) else BREAK.join(lines)


def _fitting(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in lines if BREAK not in each))


def _containers(body: object) -> Iterator[Mapping[str, object]]:
    """Yield every container of every pod template within."""
    if isinstance(body, list):
        for each in body:
            yield from _containers(each)
    if isinstance(body, Mapping):
        for name, inner in body.items():
            if name in CONTAINERS and isinstance(inner, list):
                yield from (each for each in inner if isinstance(each, Mapping))
            elif name not in IGNORED:
                yield from _containers(inner)


IGNORED: Final = frozenset({"metadata", "status"})
"""What is no template: annotations are texts, and a status is nobody's wish."""
