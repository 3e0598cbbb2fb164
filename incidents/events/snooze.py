"""Events of a snooze."""

from dataclasses import dataclass
from datetime import datetime

from incidents.patterns import Which


@dataclass(frozen=True, slots=True, kw_only=True)
class Snoozed:
    """A person wants no new incident about some alerts, until a moment."""

    number: int
    which: Which
    until: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeEnded:
    """The snooze is over: its time is, or a person ended it."""

    by: str
    because: str


SnoozeEvent = Snoozed | SnoozeEnded
