"""Commands to a snooze."""

from dataclasses import dataclass
from datetime import datetime

from incidents.patterns import Which


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """A person wants no new incident about these alerts, until then."""

    number: int
    which: Which
    until: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSnooze:
    """A person ends it before its time."""

    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireSnooze:
    """The clock: it ends if its time is over."""


SnoozeCommand = Snooze | EndSnooze | ExpireSnooze
