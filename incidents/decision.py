"""A decision: the events that follow from a command, and what must hold when they are written."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from incidents.journal import Release, Requirement, Take

E_co = TypeVar("E_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Generic[E_co]):
    """Nothing to do is a decision without events."""

    events: tuple[E_co, ...] = ()
    take: tuple[Take, ...] = ()
    release: tuple[Release, ...] = ()
    require: tuple[Requirement, ...] = ()


NOTHING: Decision[object] = Decision()
