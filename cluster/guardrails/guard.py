"""What a module of `guards/` declares as `GUARD`, and what a guard may answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cluster.guardrails.scene import Scene
from cluster.rights import Right

NAME: Final = "GUARD"
"""The name under which a module declares its guard."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Whoever approves should know it."""

    because: str


@dataclass(frozen=True, slots=True)
class People:
    """So many people must approve it, and why."""

    number: int
    because: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It must not be done, why, and what to do instead."""

    because: str
    instead: str


@dataclass(frozen=True, slots=True)
class Later:
    """It must wait, and for what; nobody has to do anything."""

    because: str


@dataclass(frozen=True, slots=True)
class CannotTell:
    """What the guard has to know is not known: a warning, unless the limits say otherwise."""

    because: str


Answer = Warned | People | Refused | Later | CannotTell
"""What a guard says; one that says nothing has looked, and it is fine."""
Judge = Callable[[Scene], Iterable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A guard; `rights` are all that it needs of an API server, `meaning` is its line in the docs.

    `judge` looks at the scene and nothing else. Where it could not look it says CannotTell: saying
    nothing means that it is fine.
    """

    name: str
    meaning: str
    judge: Judge
    rights: tuple[Right, ...] = ()
