"""Judges answers: which of them is a number that can be trusted. Pure."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from cluster.signals.answers import Row, Track
from cluster.signals.promql import Promql
from cluster.signals.reading import NoData, Reading, Why
from cluster.signals.signal import Signal
from cluster.signals.signals import Samples

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked about a signal, and through which metrics."""

    signal: Signal
    query: Promql
    metrics: tuple[str, ...] = ()

    def none(self, why: Why, detail: str) -> NoData:
        """Return that there is no data."""
        return NoData(signal=self.signal.name, why=why, detail=detail, query=self.query)

    def reading(self, row: Row) -> Reading | NoData:
        """Return the row as a reading unless it is no number, such as 0/0."""
        if not math.isfinite(row.value):
            return self.none(Why.NOT_A_NUMBER, f"{row.value}: nothing to divide by")
        return Reading(
            signal=self.signal.name,
            value=row.value,
            unit=self.signal.unit,
            at=row.at,
            query=self.query,
            labels=row.labels,
            metrics=self.metrics,
        )


def one(asked: Asked, rows: Sequence[Row]) -> Reading | NoData:
    """Return the only row."""
    if len(rows) > 1:
        return asked.none(Why.SEVERAL, f"{len(rows)} series")
    return asked.reading(rows[0]) if rows else asked.none(Why.EMPTY, "no series fits")


def divided(
    asked: Asked, rows: Sequence[Row], key: Callable[[Row], Key]
) -> Mapping[Key, Reading] | NoData:
    """Return the rows by their key, such as the pod, without those that are no number."""
    readings = {key(row): asked.reading(row) for row in rows}
    found = {name: each for name, each in readings.items() if isinstance(each, Reading)}
    if len(readings) < len(rows):
        return asked.none(Why.SEVERAL, "two series of one kind where one was expected")
    if found or not rows:
        return found or asked.none(Why.EMPTY, "no series fits")
    return asked.none(Why.NOT_A_NUMBER, f"in all {len(rows)} series")


def only_fresh(
    asked: Asked,
    readings: Mapping[Key, Reading],
    newest: Sequence[Row],
    key: Callable[[Row], Key],
) -> Mapping[Key, Reading] | NoData:
    """Return the readings whose newest sample, told as Unix seconds, is young enough."""
    fresh = asked.signal.fresh or timedelta.max
    young = {key(row) for row in newest if _age(row.value, row.at) <= fresh}
    found = {name: reading for name, reading in readings.items() if name in young}
    return found or asked.none(Why.STALE, stale(newest, fresh=fresh))


def stale(newest: Sequence[Row], *, fresh: timedelta) -> str:
    """Return which samples are too old, in words; empty when all are young enough."""
    if not newest:
        return "no sample within the look-back of Prometheus"
    old = [row for row in newest if _age(row.value, row.at) > fresh]
    return "; ".join(
        f"{row.pod or 'newest sample'} {_age(row.value, row.at).total_seconds():.0f} s old"
        for row in old
    )


def samples(
    asked: Asked, tracks: Sequence[Track], newest: Sequence[Track] | None
) -> Samples | NoData:
    """Return the points of the only track that are numbers and were fresh at their moment."""
    if len(tracks) != 1:
        why = Why.SEVERAL if tracks else Why.EMPTY
        return asked.none(why, f"{len(tracks)} series")
    numbers = [(at, value) for at, value in tracks[0].points if math.isfinite(value)]
    if not numbers:
        return asked.none(Why.NOT_A_NUMBER, f"at all {len(tracks[0].points)} moments")
    kept = tuple(numbers)
    if newest is not None and asked.signal.fresh is not None:
        moments = _fresh_moments(newest, fresh=asked.signal.fresh)
        kept = tuple((at, value) for at, value in numbers if at in moments)
    if not kept:
        return asked.none(Why.STALE, f"at all {len(numbers)} moments")
    signal = asked.signal
    return Samples(signal=signal.name, unit=signal.unit, query=asked.query, points=kept)


def _fresh_moments(newest: Sequence[Track], *, fresh: timedelta) -> frozenset[datetime]:
    """Return the moments at which something was scraped and nothing was stale."""
    ages = [(at, _age(value, at)) for track in newest for at, value in track.points]
    return frozenset(at for at, _ in ages) - {at for at, age in ages if age > fresh}


def _age(scraped: float, at: datetime) -> timedelta:
    return at - datetime.fromtimestamp(scraped, tz=UTC)
