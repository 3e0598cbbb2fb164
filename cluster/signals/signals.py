"""The port through which steps and verification read signals."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cluster.signals.reading import NoData, NotApplicable, Observation, PerPod
from cluster.targets.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """A signal over a range: moments and values, oldest first, at least one."""

    signal: str
    unit: str
    query: str
    points: tuple[tuple[datetime, float], ...]


class Signals(Protocol):
    """Reads signals by their logical names; nothing here raises for what Prometheus does."""

    def read(self, name: str, target: Target, *, at: datetime) -> Observation:
        """Return the signal for the whole target. Raises Rejected for an unknown name."""

    def read_by_pod(self, name: str, target: Target, *, at: datetime) -> PerPod:
        """Return the signal for each pod that reports it. Raises Rejected for an unknown name."""

    def read_range(
        self, name: str, target: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData | NotApplicable:
        """Return the signal over a range. Raises Rejected for an unknown name."""
