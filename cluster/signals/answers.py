"""What Prometheus answers, and the port through which it is asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cluster.signals.promql import Promql
from cluster.signals.reading import Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One series of an instant answer; `value` may be NaN or infinite."""

    labels: tuple[tuple[str, str], ...]
    at: datetime
    value: float

    def label(self, name: str) -> str:
        """Return the label's value, empty when the series does not have it."""
        return dict(self.labels).get(name, "")

    @property
    def pod(self) -> str:
        """Return the pod that the series is about, whoever exported it."""
        return self.label("pod") or self.label("exported_pod")


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One series of a range answer, oldest point first."""

    labels: tuple[tuple[str, str], ...]
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """There is no complete answer, and why."""

    why: Why
    detail: str


class Prometheus(Protocol):
    """Evaluates queries; never raises for what the server or the line does."""

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        """Return the vector at this moment, once and completely."""

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        """Return the matrix over both ends, once and completely."""
