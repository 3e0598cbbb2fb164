"""The stories: which fault begins how many seconds after the world began."""

from collections.abc import Mapping
from dataclasses import dataclass

from drills.faults import AnyFault, LongContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One fault of a story, `after` world seconds after its beginning."""

    after: float
    fault: AnyFault


Story = tuple[Beat, ...]

STORIES: Mapping[str, Story] = {
    "quiet": (),
    # Everybody uploads at once, then it settles: long before the alert rings, the queue stands.
    "kv-cache": (
        Beat(after=60.0, fault=LongContext(share=0.12)),
        Beat(after=210.0, fault=LongContext()),
    ),
}


def named(name: str) -> Story:
    """Return a story; raises ValueError when there is none of this name."""
    if name not in STORIES:
        message = f"unknown story {name!r}; there are: {', '.join(STORIES)}"
        raise ValueError(message)
    return STORIES[name]
