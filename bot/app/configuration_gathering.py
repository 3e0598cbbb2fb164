"""How `policy.yaml` says which alerts become which incident: its field, mistakes and meaning."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any  # what the shapes have checked
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from incidents.correlation import Origin, Part, Placing
from incidents.gathering import Gathering, Inhibition, Snoozing, Threshold
from incidents.maintenance import Interval, Once, Weekday, Weekly, Window
from incidents.patterns import Which
from incidents.policy import Severity
from runbooks.language.positions import Path
from runbooks.language.shapes import Choice, Duration, Field, Integer, ListOf, MapOf, Record, Text

Wrong = tuple[str, Path]
"""What is wrong, and where it stands."""

Said = Mapping[str, Any]  # see the import

FIELD = "correlation"
ONCE, WEEKLY = ("start", "end"), ("weekdays", "at", "duration")
DAYS: Mapping[str, Weekday] = {day.name.lower(): day for day in Weekday}
WEEK = timedelta(days=7)

_NAME = Text(pattern=r"[a-z0-9][a-z0-9-]*", example="restarts", longest=64)
_SOME_TIME = Duration(minimum=timedelta(seconds=1))
_MAYBE = Duration(minimum=timedelta(0))
_MOMENT = Text(
    pattern=r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)", example="2026-03-01T22:00:00Z"
)
_WHICH: Mapping[str, Field] = {
    "alerts": Field(
        shape=ListOf(item=Text(longest=200), fewest=1),
        meaning="names of alerts, one of which must fit; * is any text",
    ),
    "labels": Field(
        shape=MapOf(key=r".+", item=Text(longest=500)),
        meaning="labels that must be like their pattern; namespace, model, pool, role, cluster and "
        "key are known of every alert",
    ),
}

SHAPE = Record(
    fields={
        "key": Field(
            shape=ListOf(item=Choice(choices=tuple(part.value for part in Part)), fewest=1),
            meaning="the parts of an alert's place, beside its cluster, that those of one "
            "incident share",
        ),
        "origins": Field(
            shape=ListOf(
                item=Record(
                    fields={
                        "source": Field(
                            shape=Text(longest=200), meaning="the delivery's source; * is any text"
                        ),
                        "url": Field(
                            shape=Text(longest=500), meaning="the generatorURL; * is any text"
                        ),
                        "labels": Field(
                            shape=MapOf(key=r".+", item=Text(longest=300)),
                            meaning="what is known of all alerts from there",
                            required=True,
                        ),
                    },
                    one_of=("source", "url"),
                )
            ),
            meaning="what is known of alerts by where they come from; the first that fits counts",
        ),
        "thresholds": Field(
            shape=ListOf(
                item=Record(
                    fields={
                        "name": Field(shape=_NAME, meaning="its name", required=True),
                        **_WHICH,
                        "count": Field(
                            shape=Integer(minimum=2, maximum=1000),
                            meaning="so many occurrences of one key are an incident",
                            required=True,
                        ),
                        "within": Field(
                            shape=_SOME_TIME, meaning="within so much time", required=True
                        ),
                    }
                )
            ),
            meaning="alerts of which one alone is no incident; the first that fits counts",
        ),
        "inhibitions": Field(
            shape=ListOf(
                item=Record(
                    fields={
                        "name": Field(
                            shape=_NAME,
                            meaning="its name; that of a built-in one replaces it",
                            required=True,
                        ),
                        "parent": Field(
                            shape=Record(fields=_WHICH), meaning="what explains", required=True
                        ),
                        "child": Field(
                            shape=Record(fields=_WHICH), meaning="what is explained", required=True
                        ),
                        "equal": Field(
                            shape=ListOf(item=Text(longest=100)),
                            meaning="labels, or parts of the place, that both must share",
                        ),
                    }
                )
            ),
            meaning="alerts that explain others, which are then listed under their incident",
        ),
        "inhibitions_off": Field(
            shape=ListOf(item=Text()), meaning="names of built-in inhibitions that do not count"
        ),
        "maintenance": Field(
            shape=ListOf(
                item=Record(
                    fields={
                        "name": Field(shape=_NAME, meaning="its name", required=True),
                        **_WHICH,
                        "reason": Field(
                            shape=Text(longest=500), meaning="why, for people", required=True
                        ),
                        "start": Field(shape=_MOMENT, meaning="when it begins, once"),
                        "end": Field(shape=_MOMENT, meaning="when that ends"),
                        "weekdays": Field(
                            shape=ListOf(item=Choice(choices=tuple(DAYS)), fewest=1),
                            meaning="the days on which it begins, every week",
                        ),
                        "at": Field(
                            shape=Text(pattern=r"([01]\d|2[0-3]):[0-5]\d", example="22:00"),
                            meaning="the time of these days",
                        ),
                        "duration": Field(
                            shape=Duration(minimum=timedelta(minutes=1), maximum=WEEK),
                            meaning="how long it then lasts",
                        ),
                        "timezone": Field(
                            shape=Text(longest=100),
                            meaning="whose clocks show that time, as Europe/Berlin; UTC without it",
                        ),
                    }
                )
            ),
            meaning="planned work: what fires then opens nothing until it ends",
        ),
        "flapping": Field(
            shape=Record(
                fields={
                    "times": Field(
                        shape=Integer(minimum=1, maximum=1000), meaning="more than so many times"
                    ),
                    "within": Field(shape=_SOME_TIME, meaning="within so much time"),
                    "quiet": Field(
                        shape=_SOME_TIME, meaning="calm time before such an incident resolves"
                    ),
                }
            ),
            meaning="when an alert flaps, and what that asks for",
        ),
        "snooze": Field(
            shape=Record(
                fields={
                    "broken_by": Field(
                        shape=ListOf(item=Choice(choices=tuple(Severity.__members__))),
                        meaning="severities that open an incident all the same",
                    ),
                    "longest": Field(shape=_SOME_TIME, meaning="how long one may last at most"),
                }
            ),
            meaning="what a snooze can do",
        ),
        "reopen": Field(
            shape=_MAYBE, meaning="how long after its end the same problem reopens an incident"
        ),
        "follow": Field(
            shape=_MAYBE, meaning="how long after that a new incident is said to follow it"
        ),
    }
)


def wrong(says: Said, base: Gathering) -> Iterator[Wrong]:
    """Yield what a shape cannot see; paths begin at the policy's field."""
    said = says.get(FIELD, {})
    for name in ("thresholds", "inhibitions", "maintenance"):
        yield from _twice(said.get(name, ()), name)
    for index, one in enumerate(said.get("inhibitions", ())):
        for side in ("parent", "child"):
            if not one[side]:
                where: Path = (FIELD, "inhibitions", index, side)
                yield f"{side} says nothing: it would be every alert", where
    known = {rule.name for rule in base.inhibitions}
    for index, name in enumerate(said.get("inhibitions_off", ())):
        if name not in known:
            what = f"no built-in inhibition is called {name!r}"
            yield what, (FIELD, "inhibitions_off", index)
    for index, one in enumerate(said.get("maintenance", ())):
        yield from _no_window(one, (FIELD, "maintenance", index))


def changed(says: Said, base: Gathering) -> Gathering:
    """Return how alerts are gathered, with what the file says."""
    said = says.get(FIELD, {})
    own = tuple(_inhibition(one) for one in said.get("inhibitions", ()))
    gone = {*said.get("inhibitions_off", ()), *(rule.name for rule in own)}
    return replace(
        base,
        placing=_placing(said, base.placing),
        thresholds=tuple(_threshold(one) for one in said.get("thresholds", ())),
        inhibitions=(*(rule for rule in base.inhibitions if rule.name not in gone), *own),
        maintenance=tuple(_window(one) for one in said.get("maintenance", ())),
        flapping=replace(base.flapping, **said.get("flapping", {})),
        snoozing=_snoozing(said.get("snooze", {}), base.snoozing),
        reopen=said.get("reopen", base.reopen),
        follow=said.get("follow", base.follow),
    )


def _twice(entries: Sequence[Said], list_of: str) -> Iterator[Wrong]:
    first = dict[str, int]()
    for index, one in enumerate(entries):
        if first.setdefault(one["name"], index) != index:
            yield f"{one['name']!r} stands here twice", (FIELD, list_of, index, "name")


def _no_window(one: Said, where: Path) -> Iterator[Wrong]:
    """Yield what is wrong with a window's time: it is said in one of two ways, and wholly."""
    given = {name for name in (*ONCE, *WEEKLY) if name in one}
    if given not in ({*ONCE}, {*WEEKLY}):
        yield f"say {' and '.join(ONCE)}, or {', '.join(WEEKLY)}", where
        return
    if given == {*WEEKLY}:
        zone = one.get("timezone", "UTC")
        if _zone(zone) is None:
            yield f"no time zone {zone!r} is known here", (*where, "timezone")
        return
    ends = [_moment(one[name]) for name in ONCE]
    for name, moment in zip(ONCE, ends, strict=True):
        if moment is None:
            yield f"{one[name]!r} is no moment", (*where, name)
    start, end = ends
    if start is not None and end is not None and end <= start:
        yield "it ends before it begins", (*where, "end")


def _placing(said: Said, base: Placing) -> Placing:
    origins = tuple(
        Origin(labels=one["labels"], source=one.get("source", ""), url=one.get("url", ""))
        for one in said.get("origins", ())
    )
    parts = frozenset(Part(name) for name in said["key"]) if "key" in said else base.parts
    return Placing(origins=origins, parts=parts)


def _which(one: Said) -> Which:
    return Which(
        alerts=tuple(one.get("alerts", ())), labels=tuple(sorted(one.get("labels", {}).items()))
    )


def _threshold(one: Said) -> Threshold:
    return Threshold(name=one["name"], which=_which(one), count=one["count"], within=one["within"])


def _inhibition(one: Said) -> Inhibition:
    rule = Inhibition(name=one["name"], parent=_which(one["parent"]), child=_which(one["child"]))
    return replace(rule, equal=tuple(one["equal"])) if "equal" in one else rule


def _snoozing(said: Said, base: Snoozing) -> Snoozing:
    broken_by = frozenset(said.get("broken_by", base.broken_by))
    return Snoozing(broken_by=broken_by, longest=said.get("longest", base.longest))


def _window(one: Said) -> Window:
    return Window(name=one["name"], which=_which(one), when=_when(one), reason=one["reason"])


def _when(one: Said) -> Once | Weekly:
    if "start" in one:
        start, end = (datetime.fromisoformat(one[name]) for name in ONCE)
        return Once(interval=Interval(start=start.astimezone(UTC), end=end.astimezone(UTC)))
    return Weekly(
        weekdays=frozenset(DAYS[name] for name in one["weekdays"]),
        at=time.fromisoformat(one["at"]),
        duration=one["duration"],
        timezone=_zone(one.get("timezone", "UTC")) or UTC,
    )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _zone(name: str) -> tzinfo | None:
    if name == "UTC":
        # Known without the system's table of zones.
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
