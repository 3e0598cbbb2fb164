"""What a signal says: a reading, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A number that was read: `query` is what was asked, `metrics` the names that it went through.

    `labels` name the series.
    """

    signal: str
    value: float
    unit: str
    at: datetime
    query: str
    labels: tuple[tuple[str, str], ...] = ()
    metrics: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A signal can be read here: by which of its ways (1 is the first), and through which series.

    The series exist in the target's namespace; whether this target has some, reading tells.
    """

    signal: str
    way: int
    era: str
    metrics: tuple[str, ...]
    query: str


Resolution = Resolved | NoData | NotApplicable

Observation = Reading | NoData | NotApplicable
PerPod = Mapping[str, Reading] | NoData | NotApplicable
"""Readings by pod name (the worst rank of a pod speaks for it), never empty."""

Rank = tuple[str, str]
"""A pod's name and its engine: the data-parallel rank."""

PerRank = Mapping[Rank, Reading] | NoData | NotApplicable
"""Readings by rank, never empty."""

Parts = Mapping[str, Reading] | NoData | NotApplicable
"""Readings by the value of the signal's label `breakdown`, never empty."""
