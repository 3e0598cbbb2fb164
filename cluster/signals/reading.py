"""What a signal says: a reading, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A number that was read: `labels` name the series, `query` is what was asked."""

    signal: str
    value: float
    unit: str
    at: datetime
    query: str
    labels: tuple[tuple[str, str], ...] = ()


class Why(Enum):
    """Why there is no reading."""

    NOT_SCRAPED = "not scraped"
    STALE = "stale"
    EMPTY = "empty"
    SEVERAL = "several series where one was expected"
    NOT_A_NUMBER = "not a number"
    PARTIAL = "warning or partial result"
    TIMEOUT = "timeout"
    REFUSED = "query refused"
    UNREACHABLE = "Prometheus cannot be reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoData:
    """Nothing is known; never zero, never success."""

    signal: str
    why: Why
    detail: str
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """The signal has no meaning for this target, and why."""

    signal: str
    because: str


Observation = Reading | NoData | NotApplicable
PerPod = Mapping[str, Reading] | NoData | NotApplicable
"""Readings by pod name (the worst rank of a pod speaks for it), never empty."""
