"""Events of a silence that was made at the Alertmanagers for an incident."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceAsked:
    """A person wants these alerts silenced; written before any Alertmanager is asked.

    `matchers` are as Alertmanager writes them, `at` the addresses that will be asked.
    """

    incident: int
    matchers: tuple[str, ...]
    until: datetime
    by: str
    because: str
    at: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceStands:
    """An Alertmanager has it, under its own id."""

    address: str
    silence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceFailed:
    """An Alertmanager did not do as asked; unless `certain` it may have all the same."""

    address: str
    because: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceEndAsked:
    """A person ends it before its time; written before any Alertmanager is asked."""

    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceGone:
    """An Alertmanager no longer has it."""

    address: str


SilenceEvent = SilenceAsked | SilenceStands | SilenceFailed | SilenceEndAsked | SilenceGone
