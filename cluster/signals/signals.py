"""The port through which steps and verification read signals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from cluster.signals.reading import (
    NoData,
    NotApplicable,
    Observation,
    Parts,
    PerPod,
    PerRank,
    Resolution,
)
from cluster.targets.target import Target

DEADLINE: Final = timedelta(seconds=3)
"""Real time for everything that is asked at once: an incident is opened whatever comes back."""


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

    def read_by_rank(self, name: str, target: Target, *, at: datetime) -> PerRank:
        """Return the signal for each data-parallel rank; not applicable without the label `engine`.

        Raises Rejected for an unknown name.
        """

    def read_parts(self, name: str, target: Target, *, at: datetime) -> Parts:
        """Return the signal by its breakdown, such as the error code; not applicable without one.

        An empty name holds what has no part: zero, where nothing of it ever happened. Raises
        Rejected for an unknown name.
        """

    def read_range(
        self, name: str, target: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData | NotApplicable:
        """Return the signal over a range. Raises Rejected for an unknown name."""

    def read_many(
        self, names: Sequence[str], target: Target, *, at: datetime, deadline: timedelta = DEADLINE
    ) -> Mapping[str, Observation]:
        """Return several signals within one deadline, at a moment up to five seconds before `at`.

        What is not back in time is NoData with the reason TIMEOUT. Whoever asks the same within
        seconds gets the same answers. Raises Rejected for an unknown name.
        """

    def resolved(self, target: Target, *, at: datetime) -> Mapping[str, Resolution]:
        """Return for every signal through which series it is read here, or why it is not."""
