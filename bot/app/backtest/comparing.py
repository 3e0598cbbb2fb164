"""Comparing: what another policy would have made of each incident of the journal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from bot.app.backtest.again import Again
from bot.app.backtest.stories import Back, Story
from incidents.incident_rules import minutes
from incidents.policy import Severity

NAMED: Final = 3
"""So many reasons, or names of alerts, are said; of more there is a number."""
NEVER: Final = "the policy says that it never opens an incident"
OVER: Final = "it had ended when it was first heard of"
LOOKS: Final = timedelta(seconds=10)
"""What is kept back is looked at every five seconds, then as now: this is no difference."""
MOMENT: Final = "%Y-%m-%d %H:%M:%S UTC"


class Kind(Enum):
    """In which way an incident would have been another."""

    SEVERITY = "severity"
    NOT_OPENED = "not opened"
    PART_OF = "part of"
    REOPENED = "reopened"
    NEW = "not reopened"
    SPLIT = "split"
    CAME_BACK = "came back"
    LATER = "later"
    EARLIER = "earlier"
    FEWER = "fewer alerts"
    MORE = "more alerts"
    HIDDEN = "hidden"
    NOT_HIDDEN = "not hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One way in which it would have been another, in words."""

    kind: Kind
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An incident that would have been another; `would_be` is None where none would have opened.

    `was` is what the rules said then: a person's word, `override`, beats both. `ended_by` is who
    ended it by hand, which is not replayed.
    """

    incident: int
    title: str
    was: Severity
    was_because: str
    would_be: Severity | None
    because: str
    changes: tuple[Change, ...]
    override: str
    ended_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Besides:
    """An incident that would have opened where the journal has none."""

    opened_at: datetime
    key: str
    title: str
    severity: Severity
    because: str
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """All differences; `unknown` are incidents of which no delivery is kept."""

    differences: tuple[Difference, ...]
    besides: tuple[Besides, ...]
    unknown: tuple[int, ...]


def compared(found: Again) -> Compared:
    """Return in what the journal and the replay differ, by their alerts."""
    return _Comparison(found).result()


class _Comparison:
    """Matches incidents by the occurrences of their alerts.

    An incident of the replay is at `home` in that of the journal which was there first.
    """

    def __init__(self, found: Again) -> None:
        self._found = found
        self._was = {n: one for n, one in found.was.incidents.items() if not one.own}
        self._would = found.would.incidents
        self._mine = _owners(self._was)
        self._theirs = _owners(self._would)
        self._home = dict(self._homes())

    def result(self) -> Compared:
        """Return the differences, the oldest first."""
        known = [n for n in sorted(self._was) if self._delivered(self._was[n])]
        differing = (self._difference(self._was[number]) for number in known)
        return Compared(
            differences=tuple(one for one in differing if one is not None),
            besides=tuple(self._besides()),
            unknown=tuple(sorted(self._was.keys() - set(known))),
        )

    def _homes(self) -> Iterator[tuple[int, int]]:
        for number, story in self._would.items():
            there = {self._mine[name] for name in story.alerts if name in self._mine}
            if there:
                yield number, min(there, key=lambda n: (self._was[n].opened_at, n))

    def _delivered(self, story: Story) -> list[str]:
        """Return its occurrences that some delivery named: of others nothing can be told."""
        there = self._found.delivered
        return [name for name in story.alerts if name in there or name in self._theirs]

    def _difference(self, story: Story) -> Difference | None:
        there = self._delivered(story)
        would = [
            self._would[number]
            for number in dict.fromkeys(
                self._theirs[name] for name in there if name in self._theirs
            )
        ]
        changes = tuple(self._changes(story, there, would))
        if not changes:
            return None
        main = self._speaking(story, would)
        return Difference(
            incident=story.number,
            title=story.title,
            was=story.severity,
            was_because=story.because,
            would_be=main.severity if main else None,
            because=main.because if main else changes[0].because,
            changes=changes,
            override=story.override,
            ended_by=story.ended_by,
        )

    def _speaking(self, story: Story, would: Sequence[Story]) -> Story | None:
        """Return what stands for the incident: the worst of those at home in it, else the first."""
        at_home = [one for one in would if self._home[one.number] == story.number]
        return min(at_home or would[:1], key=lambda one: one.severity.value, default=None)

    def _changes(
        self, story: Story, there: Sequence[str], would: Sequence[Story]
    ) -> Iterator[Change]:
        gone = [name for name in there if name not in self._theirs]
        if not would:
            yield Change(kind=Kind.NOT_OPENED, because=self._why(gone, story))
            return
        at_home = [one for one in would if self._home[one.number] == story.number]
        yield from self._elsewhere(story, would)
        yield from _cut(story, at_home)
        yield from self._apart(story, there, at_home)
        yield from _as_bad(story, at_home)
        if gone:
            said = f"{len(gone)} of its {len(story.alerts)} alerts: {self._why(gone, story)}"
            yield Change(kind=Kind.FEWER, because=said)
        yield from self._more(at_home)
        yield from self._hidden(story, at_home)

    def _hidden(self, story: Story, at_home: Sequence[Story]) -> Iterator[Change]:
        """Yield that something would have explained it, or nothing."""
        hidden = next((one.hidden for one in at_home if one.hidden), None)
        if hidden and not story.hidden:
            yield Change(kind=Kind.HIDDEN, because=self._said(hidden))
        if at_home and story.hidden and not hidden:
            yield Change(kind=Kind.NOT_HIDDEN, because=f"it was {story.hidden.because}")

    def _elsewhere(self, story: Story, would: Sequence[Story]) -> Iterator[Change]:
        """Yield into which other incidents it would have gone."""
        for one in would:
            home = self._home[one.number]
            if home == story.number:
                continue
            mine = [back for name, back in one.alerts.items() if self._is(name, story.number)]
            theirs = [back for name, back in one.alerts.items() if self._is(name, home)]
            if min(mine) > max(theirs):
                yield Change(kind=Kind.REOPENED, because=f"INC-{home} would have come back")
            else:
                yield Change(kind=Kind.PART_OF, because=f"INC-{home} (key {one.key})")

    def _apart(
        self, story: Story, there: Sequence[str], at_home: Sequence[Story]
    ) -> Iterator[Change]:
        """Yield that it would have opened later, or earlier, and what kept it back until then."""
        first = min(at_home, key=lambda one: one.opened_at, default=None)
        since = self._found.since
        if first is None or since is None or story.opened_at < since:
            # What opened it may be forgotten, and only a repetition of it be kept.
            return
        span = first.opened_at - story.opened_at
        if abs(span) <= LOOKS:
            return
        later = span > timedelta()
        why = self._kept_until(story, there, first) if later else self._was_kept_until(first)
        said = f"{_span(abs(span))}, at {first.opened_at:{MOMENT}}: {why}"
        yield Change(kind=Kind.LATER if later else Kind.EARLIER, because=said)

    def _kept_until(self, story: Story, there: Sequence[str], first: Story) -> str:
        """Return why the alerts open nothing yet by which it opened."""
        back = self._found.would.back
        names = [name for name in there if story.alerts[name] == 0]
        held = [name for name in names if name in back or name not in self._theirs]
        return self._why(held, story) if held else _with(first)

    def _was_kept_until(self, first: Story) -> str:
        """Return why the journal has nothing yet at that moment."""
        back = self._found.was.back
        names = [name for name in first.alerts if name in back]
        held = [f"{first.names[name]} was kept back: {back[name].because}" for name in names]
        return _some(held) if held else _with(first)

    def _is(self, name: str, number: int) -> bool:
        return self._mine.get(name) == number

    def _more(self, at_home: Sequence[Story]) -> Iterator[Change]:
        """Yield which alerts would have been in it that are in no incident of the journal."""
        names = [
            one.names[name] for one in at_home for name in one.alerts if name not in self._mine
        ]
        if names:
            yield Change(kind=Kind.MORE, because=f"{len(names)} more: {_some(names)}")

    def _why(self, names: Sequence[str], story: Story) -> str:
        return _some(f"{story.names[name]} {self._reason(name)}" for name in names)

    def _reason(self, name: str) -> str:
        if name in self._found.never:
            return f"opens nothing: {NEVER}"
        back = self._found.would.back.get(name)
        return f"is kept back: {self._said(back)}" if back else f"opens nothing: {OVER}"

    def _said(self, back: Back) -> str:
        """Return the reason; an incident of the replay is named as in the journal, if it is there.

        The two count apart.
        """
        if back.under is None:
            return back.because
        home = self._home.get(back.under)
        named = f"INC-{home}" if home is not None else "an incident that the journal has not"
        return back.because.replace(f"INC-{back.under}", named)

    def _besides(self) -> Iterator[Besides]:
        for number, one in sorted(self._would.items()):
            if number not in self._home and not one.own:
                yield Besides(
                    opened_at=one.opened_at,
                    key=one.key,
                    title=one.title,
                    severity=one.severity,
                    because=one.because,
                    alerts=len(one.alerts),
                )


def _owners(found: Mapping[int, Story]) -> Mapping[str, int]:
    return {name: number for number, story in found.items() for name in story.alerts}


def _as_bad(story: Story, at_home: Sequence[Story]) -> Iterator[Change]:
    """Yield that it would have been worse, or not as bad."""
    main = min(at_home, key=lambda one: one.severity.value, default=None)
    if main is not None and main.severity is not story.severity:
        yield Change(kind=Kind.SEVERITY, because=main.because)


def _cut(story: Story, at_home: Sequence[Story]) -> Iterator[Change]:
    """Yield that it would have been several, or have come back more often, or less."""
    parts = [{story.alerts[x] for x in one.alerts if x in story.alerts} for one in at_home]
    if len(at_home) > 1:
        said = "; ".join(f"{_some(one.names.values())} ({one.key})" for one in at_home[:NAMED])
        # Each from another time that it came back: then it would not have.
        apart = sum(map(len, parts)) == len(set[int]().union(*parts))
        kind = Kind.NEW if apart else Kind.SPLIT
        yield Change(kind=kind, because=f"{len(at_home)} incidents: {said}")
    elif at_home:
        # By its own alerts: what others bring is told of them.
        levels = {back for name, back in at_home[0].alerts.items() if name in story.alerts}
        would, was = len(levels) - 1, len(parts[0]) - 1
        if would != was:
            yield Change(kind=Kind.CAME_BACK, because=f"{_times(would)} instead of {_times(was)}")


def _with(first: Story) -> str:
    return f"it opens with {_some(first.names.values())}"


def _span(span: timedelta) -> str:
    return minutes(span) if span >= timedelta(minutes=1) else f"{span.total_seconds():.0f} s"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _some(found: Iterable[str]) -> str:
    words = list(dict.fromkeys(found))
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return f"{', '.join(words[:NAMED])}{more}"
