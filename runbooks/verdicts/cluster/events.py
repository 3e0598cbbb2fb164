"""What the cluster's events say of a workload: how often which warning came lately. Pure.

An event counts how often it was seen; one that repeats may be told as a series. Source:
k8s.io/api core/v1 Event (`count`, `series`, `lastTimestamp`, `eventTime`).
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json, Thing
from cluster.seen import Seen
from runbooks.verdicts.cluster import told
from runbooks.verdicts.cluster.told import CANNOT_TELL, MOST, Judged, Number

WARNINGS: Final = "warnings"
QUIET: Final = "quiet"
WRONG: Final = (WARNINGS,)
WELL: Final = (QUIET,)
VERDICTS: Final = (WARNINGS, QUIET, CANNOT_TELL)

WARNING: Final = "Warning"
# What controllers append to a name: a template's hash, chance, or numbers. Kubernetes leaves vowels
# and digits that look like letters out (apimachinery pkg/util/rand).
_CHANCE: Final = "[bcdfghjklmnpqrstvwxz2456789]"
MADE: Final = re.compile(rf"-{_CHANCE}{{1,10}}(-{_CHANCE}{{5}})?|(-[0-9]{{1,5}}){{1,2}}", re.ASCII)
COUNTED: Final = 1_000_000
"""Nobody repeats an event more often; a larger number is no count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: of which object, why, how often, and when it was last seen."""

    kind: str
    name: str
    reason: str
    message: str
    warns: bool
    count: int
    last: datetime | None


About = Callable[[Event], bool]


def judge(seen: Sequence[Seen], about: About, *, at: datetime, over: timedelta) -> Judged:
    """Return which warnings about the objects were seen lately, the most frequent first."""
    events, gaps = read(seen)
    lately = [one for one in events if about(one) and late(one, at, over)]
    warnings = Counter[str]()
    for one in lately:
        if one.warns:
            warnings[one.reason] += one.count
    numbers = tuple(_numbers(warnings, len(lately)))
    span = told.lasting(over)
    if not warnings:
        judged = Judged(verdict=QUIET, because=f"no warnings in {span}", numbers=numbers)
    else:
        because = f"in {span}: {_words(warnings, lately)}"
        judged = Judged(verdict=WARNINGS, because=because, numbers=numbers)
    return told.unsure(judged, gaps, well=WELL)


def read(seen: Sequence[Seen]) -> tuple[tuple[Event, ...], tuple[str, ...]]:
    """Return all events that make sense, and in words what was not seen."""
    things = [thing for one in seen for thing in one.things]
    events, illegible = told.legible(things, event)
    return events, (*told.missing(*seen), *told.unread(illegible))


def event(thing: Thing) -> Event:
    """Read a core/v1 Event; raises ValueError."""
    body = thing.body
    of = parse.section(body, "involvedObject")
    return Event(
        kind=parse.text(of, "kind"),
        name=parse.text(of, "name"),
        reason=told.short(parse.text(body, "reason")) or "no reason",
        message=told.short(parse.text(body, "message"), 4 * told.SHOWN),
        warns=parse.text(body, "type") == WARNING,
        count=_count(body),
        last=_last(body),
    )


def late(event: Event, at: datetime, over: timedelta) -> bool:
    """Tell whether the event was seen in the window; one without a moment is not."""
    return event.last is not None and at - over <= event.last


def newest(events: Sequence[Event]) -> Event:
    """Return the one that was seen last; an API server lists them by name."""
    return max(events, key=lambda one: (one.last.timestamp() if one.last else 0.0, one.name))


def of_pods(pods: Collection[str], name: str) -> About:
    """Return what tells whether an event is about these pods, what made them, or their forebears.

    `decode-canary` is another workload than `decode`, and `decode-6c9f7d5b48-x2k4q` a pod of it.
    """
    known = {*pods, name}
    return lambda one: (
        one.name in known
        or (one.name.startswith(name) and bool(MADE.fullmatch(one.name, len(name))))
    )


def _count(body: Json) -> int:
    series = parse.section(body, "series")
    count = max(parse.number(body, "count", missing=1), parse.number(series, "count", missing=1))
    return min(max(1, count), COUNTED)


def _last(body: Json) -> datetime | None:
    series = parse.section(body, "series")
    found = [
        told.moment(series, "lastObservedTime"),
        *(told.moment(body, name) for name in ("lastTimestamp", "eventTime", "firstTimestamp")),
    ]
    return max((one for one in found if one is not None), default=None)


def _words(warnings: Counter[str], lately: Sequence[Event]) -> str:
    most = warnings.most_common(told.NAMED)
    rest = len(warnings) - len(most)
    more = f" and {rest} more reasons" if rest else ""
    worst = newest([one for one in lately if one.warns and one.reason == most[0][0]])
    counts = ", ".join(f"{reason} {count} times" for reason, count in most)
    return f"{counts}{more}; {worst.kind} {told.short(worst.name)}: {told.short(worst.message)}"


def _numbers(warnings: Counter[str], lately: int) -> Iterator[Number]:
    yield Number(name="events", value=lately, unit="events")
    for reason, count in warnings.most_common(MOST):
        yield Number(name=f"event {reason}", value=count, unit="times")
