"""Events of an incident's follow-ups: what is left to be done, also long after it."""

from dataclasses import dataclass
from datetime import datetime

from incidents.events.run import WriteRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpMade:
    """Something is left to be done by `owner` (a person's id, or a role) until `due`.

    `number` counts within the incident; `key` says what it is about, so that it is made once. Of a
    change that was left on purpose `run` and `step` name it, `undo` is whether it can be taken
    back, `write` what was written, `before` the values that were there (field, value), and `back`
    the step that goes back to what is normal, where a team says what that is.
    """

    number: int
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
class FollowUpReminded:
    """Its moment has come and it is still open; the next reminder comes at `again`."""

    number: int
    what: str
    owner: str
    again: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpPutOff:
    """A person says that it may stay until later, and why."""

    number: int
    what: str
    until: datetime
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpGiven:
    """It is another's to do."""

    number: int
    what: str
    owner: str
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpDone:
    """It is done: undone by us, seen undone, made again by a later change, or a person says so."""

    number: int
    what: str
    by: str
    because: str


FollowUpEvent = FollowUpMade | FollowUpReminded | FollowUpPutOff | FollowUpGiven | FollowUpDone
