"""History: the alerts that a Prometheus remembers, read in bounded range queries."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.app.backtest.occurrences import Occurrence, Sightings
from cluster.signals.answers import Track, Trouble
from cluster.signals.promql import (
    Match,
    Matcher,
    Promql,
    aggregate,
    call,
    either,
    literal,
    selector,
)
from cluster.signals.reading import Why
from incidents.errors import Rejected, TriagedError, Unavailable

ALERTS, SINCE = "ALERTS", "ALERTS_FOR_STATE"
USUAL_STEP = timedelta(minutes=1)
"""Prometheus' default evaluation interval."""
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=1)
"""A step is between them; a shorter one never ends, a longer one sees nothing."""
MOST_STEPS = 4000
"""Of one query; Prometheus answers 11 000 at most for a series."""
LEAST_CHUNK = 8
"""Steps below which a chunk that is refused is not cut again."""
LOOK_EVERY = timedelta(hours=1)
OFF = 371_000

Tell = Callable[[str], None]


class Source(Protocol):
    """A Prometheus that can be asked for its past."""

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        """Return the matrix over both ends, or why there is none."""

    def alert_intervals(self) -> tuple[timedelta, ...] | Trouble:
        """Return how often alerting rules are evaluated, or why nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What is asked for: from `start` to `end`, looked at every `step`; `because` says why so."""

    start: datetime
    end: datetime
    step: timedelta
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What was found; `gaps` are spans in which nothing at all was recorded."""

    period: Period
    occurrences: tuple[Occurrence, ...]
    gaps: tuple[tuple[datetime, datetime], ...]


def period(source: Source, *, end: datetime, days: int, step: timedelta | None) -> Period:
    """Return the period; without a step it is that of the fastest alerting rule.

    It ends off the whole second: older releases count a sample on a step's border twice.
    """
    chosen, because = _step(source, step)
    end = end.replace(microsecond=OFF)
    start = end - timedelta(days=days)
    return Period(start=start, end=end, step=chosen, because=because)


def read(source: Source, wanted: Period, *, without: Iterable[str], tell: Tell) -> History:
    """Return the history; alerts that never open an incident are left out.

    `tell` hears how far it has come. Raises Rejected or Unavailable where a chunk has no complete
    answer: half a history would look like calm.
    """
    found = Sightings(step=wanted.step)
    shape = _Shape(without=tuple(sorted(without)), step=wanted.step)
    for start, end in _chunks(wanted):
        _read(source, shape, (start, end), found)
        tell(f"read to {end:%Y-%m-%d %H:%M} UTC")
    return History(
        period=wanted,
        occurrences=found.occurrences(start=wanted.start, end=wanted.end),
        gaps=tuple(_gaps(source, wanted)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """The queries of a chunk.

    Counted over one step, so that a series that has ended is not seen for five minutes more.
    """

    without: tuple[str, ...]
    step: timedelta

    @property
    def firing(self) -> Promql:
        """Return the query for what fires."""
        state = Matcher(label="alertstate", value="firing")
        return call("count_over_time", selector(ALERTS, (state, *self._named()), window=self.step))

    @property
    def since(self) -> Promql:
        """Return the query for since when it is active."""
        return call("last_over_time", selector(SINCE, self._named(), window=self.step))

    def _named(self) -> tuple[Matcher, ...]:
        value = "|".join(map(literal, self.without))
        return (Matcher(label="alertname", how=Match.UNLIKE, value=value),) if value else ()


def _step(source: Source, step: timedelta | None) -> tuple[timedelta, str]:
    if step is not None:
        return step, "as asked for"
    found = source.alert_intervals()
    if isinstance(found, Trouble):
        return USUAL_STEP, f"its rules cannot be read: {found.why.value}"
    if not found:
        return USUAL_STEP, "it has no alerting rules of its own"
    usable = [one for one in found if SHORTEST <= one <= LONGEST]
    if not usable:
        return USUAL_STEP, "none of its alerting rules is evaluated every 1 s to 1 h"
    return min(usable), "as often as the fastest alerting rule is evaluated"


def _chunks(wanted: Period) -> Iterator[tuple[datetime, datetime]]:
    """Yield spans with both ends in them, a day at most, and no step twice."""
    longest = min(timedelta(days=1), wanted.step * MOST_STEPS)
    length = longest // wanted.step * wanted.step
    start = wanted.start
    while start <= wanted.end:
        end = min(start + length - wanted.step, wanted.end)
        yield start, max(start, end)
        start = max(start, end) + wanted.step


def _read(source: Source, shape: _Shape, span: tuple[datetime, datetime], found: Sightings) -> None:
    start, end = span
    firing = source.range(shape.firing, start=start, end=end, step=shape.step)
    trouble = firing if isinstance(firing, Trouble) else None
    since: tuple[Track, ...] | Trouble = ()
    if not trouble and firing:
        since = source.range(shape.since, start=start, end=end, step=shape.step)
        trouble = since if isinstance(since, Trouble) else None
    if trouble is None and not isinstance(firing, Trouble) and not isinstance(since, Trouble):
        found.add(firing, since)
        return
    steps = (end - start) // shape.step
    if trouble is None or trouble.why is Why.UNREACHABLE or steps < LEAST_CHUNK:
        raise _error(trouble, start)
    middle = start + steps // 2 * shape.step
    _read(source, shape, (start, middle), found)
    _read(source, shape, (middle + shape.step, end), found)


def _error(trouble: Trouble | None, start: datetime) -> TriagedError:
    why = trouble.why if trouble else Why.EMPTY
    detail = trouble.detail if trouble else ""
    message = f"the history from {start:%Y-%m-%d %H:%M} UTC: {why.value}: {detail}"
    return Rejected(message) if why is Why.REFUSED else Unavailable(message)


def _gaps(source: Source, wanted: Period) -> Iterator[tuple[datetime, datetime]]:
    """Yield when nothing was recorded at all, looked at once an hour; everything where never.

    Scrapes are told by `up`, and rules by any alert, the watchdog too.
    """
    query = either(*(aggregate("count", selector(name)) for name in ("up", ALERTS)))
    found = source.range(query, start=wanted.start, end=wanted.end, step=LOOK_EVERY)
    if isinstance(found, Trouble):
        yield wanted.start, wanted.end
        return
    known = sorted({at for track in found for at, _ in track.points})
    before = wanted.start
    for moment in known:
        if moment - before > LOOK_EVERY:
            yield before, moment
        before = moment
    if wanted.end - before > LOOK_EVERY:
        yield before, wanted.end
