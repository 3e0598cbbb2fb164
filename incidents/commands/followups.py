"""Commands to an incident's follow-ups."""

from dataclasses import dataclass
from datetime import datetime

from incidents.events.run import WriteRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """One thing that is left to be done; the fields are those of `FollowUpMade`."""

    key: str
    what: str
    owner: str
    due: datetime
    run: str = ""
    step: str = ""
    undo: bool = False
    back: tuple[tuple[str, str], ...] = ()
    write: WriteRecord | None = None
    before: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeFollowUps:
    """These are left to be done; those that are known already are left out."""

    todo: tuple[ToDo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remind:
    """The clock: those whose moment has come are reminded of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOffFollowUp:
    """A person lets it stay until later."""

    number: int
    until: datetime
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveFollowUp:
    """A person gives it to another person, or to a role."""

    number: int
    owner: str
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishFollowUp:
    """It is done, and why that is known; told again by the desk it is no news."""

    number: int
    by: str
    because: str


FollowUpCommand = MakeFollowUps | Remind | PutOffFollowUp | GiveFollowUp | FinishFollowUp
