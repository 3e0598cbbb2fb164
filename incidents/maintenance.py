"""Maintenance windows: planned work, once or every week, in somebody's time zone. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import IntEnum
from glob import escape

from incidents.objectives import Planned
from incidents.patterns import Which


class Weekday(IntEnum):
    """The days as people write them; the numbers are Python's."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From a moment up to, and without, another."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Tell whether the moment is in it."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One window, given by its two ends."""

    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """A window that begins every week at this time of these days, as clocks on walls show it."""

    weekdays: frozenset[Weekday]
    at: time
    duration: timedelta
    timezone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Planned work on what `which` means, with the reason that people gave."""

    name: str
    which: Which
    when: Once | Weekly
    reason: str


def held(planned: Iterable[Planned]) -> tuple[Window, ...]:
    """Return the windows of objectives that keep alerts back, too: those of what is worked on."""
    return tuple(
        Window(
            name=one.name,
            which=Which(labels=tuple(_place(one))),
            when=Once(interval=Interval(start=one.start, end=one.end)),
            reason=one.reason,
        )
        for one in planned
        if one.holds
    )


def excuses(window: Window) -> bool:
    """Tell whether the window is about a whole place: what is bad there meanwhile was planned.

    One about single alerts, or about anything else that an objective does not know, is not.
    """
    which = window.which
    return not which.alerts and all(label in {"namespace", "model"} for label, _ in which.labels)


def concerns(window: Window, *, namespace: str, model: str) -> bool:
    """Tell whether all of the place is within the window; what it does not say is empty.

    A promise about every namespace says none, and work on one of them excuses nothing there.
    """
    said = {"namespace": namespace, "model": model}
    return all(
        pattern == "*" or (said.get(label, "") and Which(labels=((label, pattern),)).fits("", said))
        for label, pattern in window.which.labels
    )


def intervals(window: Window, within: Interval) -> tuple[Interval, ...]:
    """Return the whole intervals of the window that overlap another one."""
    return tuple(_parts(window.when, within))


def standing(window: Window, moment: datetime) -> Interval | None:
    """Return the whole interval of the window that the moment is in; None where there is none."""
    near = Interval(start=moment, end=moment + timedelta(microseconds=1))
    return max(_parts(window.when, near), key=lambda one: one.end, default=None)


def _place(planned: Planned) -> Iterator[tuple[str, str]]:
    """Yield the place as patterns; in a name a star is a star."""
    for label, name in (("namespace", planned.namespace), ("model", planned.model)):
        if name:
            yield label, escape(name)


def _parts(when: Once | Weekly, within: Interval) -> Iterator[Interval]:
    found = iter([when.interval]) if isinstance(when, Once) else _weekly(when, within)
    return (one for one in found if one.start < within.end and within.start < one.end)


def _weekly(when: Weekly, within: Interval) -> Iterator[Interval]:
    zone = when.timezone
    first = (within.start - when.duration).astimezone(zone).date() - timedelta(days=1)
    last = within.end.astimezone(zone).date() + timedelta(days=1)
    for number in range((last - first).days + 1):
        day: date = first + timedelta(days=number)
        if Weekday(day.weekday()) in when.weekdays:
            # The day's own offset: at a change of summer time the wall clock counts.
            start = datetime.combine(day, when.at, tzinfo=zone).astimezone(within.start.tzinfo)
            yield Interval(start=start, end=start + when.duration)
