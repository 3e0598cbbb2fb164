"""Commands to a silence."""

from dataclasses import dataclass
from datetime import datetime

from incidents.matchers import Matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSilence:
    """A person wants these alerts silenced at these Alertmanagers, until then."""

    incident: int
    matchers: tuple[Matcher, ...]
    until: datetime
    by: str
    because: str
    at: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSilence:
    """The Alertmanager there has it, under this id."""

    address: str
    silence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFailure:
    """The Alertmanager there did not do as asked; unless `certain` it may have all the same."""

    address: str
    because: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AskEnd:
    """A person ends it before its time."""

    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteGone:
    """The Alertmanager there no longer has it."""

    address: str


SilenceCommand = AskSilence | NoteSilence | NoteFailure | AskEnd | NoteGone
