"""The time series: samples in memory, appended by the world and read by queries."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

from drills.prometheus import labels as label_sets
from drills.prometheus.errors import OutOfOrder
from drills.prometheus.labels import Labels
from drills.prometheus.matchers import Matcher, Operation

# Recognised by identity: a series that reports NaN is not stale.
STALE: Final = float("nan")

MILLISECOND: Final = timedelta(milliseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DISTANT: Final = 1 << 62

# A sweep looks at every series; once in so many appends costs nothing that can be measured.
APPENDS_BETWEEN_SWEEPS: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A copy of the samples of one series: times in milliseconds, oldest first."""

    labels: Labels
    times: list[int]
    values: list[float]
    stale: bool


@dataclass(slots=True)
class _Series:
    labels: Labels
    by_name: dict[str, str]
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def trim(self, oldest: int, limit: int) -> None:
        cut = max(bisect_left(self.times, oldest), len(self.times) - limit, 0)
        del self.times[:cut], self.values[:cut]

    def alive(self, start: int, end: int) -> bool:
        return bisect_left(self.times, start) < bisect_right(self.times, end)


def milliseconds(at: datetime) -> int:
    """Return the moment as Prometheus keeps it, rounded down to a millisecond."""
    return (at - EPOCH) // MILLISECOND


def moment(at: int) -> datetime:
    """Return milliseconds since the epoch as an aware moment in UTC."""
    return EPOCH + at * MILLISECOND


class Store:
    """All series. Any thread may append and read; a reader gets copies.

    keep: how old a sample may grow, counted from the newest sample of the store (6 h by
    default: the longest window of our signals is 1 h with an offset of 1 h).
    limit: the most samples that one series keeps (20 000: 6 h at one a second).
    """

    def __init__(self, *, keep: timedelta = timedelta(hours=6), limit: int = 20_000) -> None:
        self._keep = keep // MILLISECOND
        self._limit = limit
        self._lock = Lock()
        self._series: dict[Labels, _Series] = {}
        self._by_metric: dict[str, dict[Labels, _Series]] = {}
        self._newest = 0
        self._appends = 0

    def append(self, labels: Mapping[str, str] | Labels, value: float, at: datetime) -> None:
        """Add one sample; `labels` include `__name__`.

        The same sample twice is one sample. Raises OutOfOrder for an older moment, or for
        another value at the last moment, and ValueError without a metric name.
        """
        self._append(label_sets.of(labels), value, milliseconds(at))

    def end(self, labels: Mapping[str, str] | Labels, at: datetime) -> None:
        """Mark a series stale: it is gone, and look-back stops here.

        Source: prometheus.io/docs/prometheus/latest/querying/basics, "staleness".
        """
        self._append(label_sets.of(labels), STALE, milliseconds(at))

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Track]:
        """Copy the samples from start to end, both inclusive, of every series that fits."""
        with self._lock:
            found = [series for series in self._fitting(matchers) if series.alive(start, end)]
            tracks = [_copy(series, start, end) for series in found]
        return sorted(tracks, key=lambda track: track.labels)

    def label_sets(
        self, matchers: Sequence[Matcher] = (), start: int = -DISTANT, end: int = DISTANT
    ) -> list[Labels]:
        """Return the label sets with a sample between start and end, sorted."""
        with self._lock:
            fitting = self._fitting(matchers)
            return sorted(series.labels for series in fitting if series.alive(start, end))

    def _append(self, labels: Labels, value: float, at: int) -> None:
        with self._lock:
            series = self._series.get(labels) or self._begin(labels)
            if series.times and at <= series.times[-1]:
                _accept_only_repeats(series, value, at)
                return
            series.times.append(at)
            series.values.append(value)
            self._newest = max(self._newest, at)
            self._appends += 1
            if self._appends % APPENDS_BETWEEN_SWEEPS == 0:
                self._sweep()

    def _begin(self, labels: Labels) -> _Series:
        series = _Series(labels=labels, by_name=dict(labels))
        if not (name := series.by_name.get(label_sets.NAME)):
            message = f"a series needs a metric name: {label_sets.text(labels)}"
            raise ValueError(message)
        self._series[labels] = series
        self._by_metric.setdefault(name, {})[labels] = series
        return series

    def _fitting(self, matchers: Sequence[Matcher]) -> Iterator[_Series]:
        for series in self._candidates(matchers):
            if all(matcher.fits(series.by_name) for matcher in matchers):
                yield series

    def _candidates(self, matchers: Sequence[Matcher]) -> Iterable[_Series]:
        for matcher in matchers:
            if matcher.name == label_sets.NAME and matcher.operation is Operation.EQUAL:
                return self._by_metric.get(matcher.value, {}).values()
        return self._series.values()

    def _sweep(self) -> None:
        for labels, series in list(self._series.items()):
            series.trim(self._newest - self._keep, self._limit)
            if not series.times:
                del self._series[labels]
                del self._by_metric[series.by_name[label_sets.NAME]][labels]


def _accept_only_repeats(series: _Series, value: float, at: int) -> None:
    last = series.values[-1]
    same = last is value or last == value
    if at == series.times[-1] and same:
        return
    newest = moment(series.times[-1]).isoformat()
    message = f"{label_sets.text(series.labels)}: {moment(at).isoformat()} is not after {newest}"
    raise OutOfOrder(message)


def _copy(series: _Series, start: int, end: int) -> Track:
    first, last = bisect_left(series.times, start), bisect_right(series.times, end)
    values = series.values[first:last]
    return Track(
        labels=series.labels,
        times=series.times[first:last],
        values=values,
        stale=any(value is STALE for value in values),
    )
