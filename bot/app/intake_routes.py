"""Where alerts go: to what has the occurrence, to the open incident, to a new one, or kept back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot.app.intake_units import Candidate, Unit
from bot.app.keeping import Keeping, firing
from bot.app.outlook import Outlook
from bot.app.whereto import Destination, Whereto
from incidents.aggregates import incident_number
from incidents.commands.kept import Why
from incidents.correlation import Place, words
from incidents.desk import Desk
from incidents.errors import Conflict, Rejected
from incidents.incident_rules import OCCURRENCE
from incidents.journal import Aggregate
from incidents.keeping import Firing, Rules, sort
from incidents.kept import KEPT, Kept, KeptAlert, kept_stream, recent
from incidents.policy import Severity
from incidents.severity import worse

log = structlog.get_logger()

KNOWN = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where alerts of a unit go: a stream, what it is about, and what it knows already.

    With `whys`, by occurrence, they are kept back; `number` is then 0. `gathered` says why an
    incident `opens`, `reopen` why it is open again, and `follows` which one it follows.
    """

    stream: str
    number: int
    key: str
    place: Place
    truncated: int
    candidates: tuple[Candidate, ...]
    whys: Mapping[str, Why] | None = None
    gathered: tuple[tuple[str, str], ...] = ()
    reopen: str = ""
    follows: int | None = None
    opens: bool = False


class Routes:
    """Finds routes; remembers where occurrences are, and is used by one thread at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._streams: dict[str, str] = {}
        self._outlook = Outlook(desk)
        self._whereto = Whereto(desk)
        self._keeping = Keeping(desk)
        self._rules: Rules | None = None
        self._keeps = False
        self._free = set[str]()

    def begin(self) -> None:
        """Look whether anything is kept back at all: most of the time nothing is."""
        rows = self._desk.journal.summaries(aggregate=Aggregate.KEPT, open_only=True, limit=1)
        self._keeps = bool(rows)
        self._rules = None

    def keeps(self, stream: str) -> None:
        """Note that something is kept back, and list it where it belongs."""
        self._keeps = True
        self._look(stream)

    def filed(self, route: Route) -> None:
        """Note what an append has shown, and bring what was kept back into what has opened."""
        for one in route.candidates:
            self.remember(one.alert.occurrence, route.stream)
        if self._rules is not None and _explains(route.candidates, self._rules):
            self._rules = None
        if route.opens and self._keeps:
            self._look(kept_stream(route.key))

    def _standing(self) -> Rules:
        """Return the rules; a storm of new incidents must not read all open ones for each."""
        if self._rules is None:
            self._rules = self._outlook.rules()
        return self._rules

    def _look(self, stream: str) -> None:
        try:
            self._keeping.look(stream)
        except (Conflict, Rejected) as error:
            # The clock's loop looks again soon; the delivery itself is where it belongs.
            log.info("looked at later", stream=stream, because=str(error))

    def to(self, unit: Unit) -> Sequence[Route]:
        """Return where the unit's alerts go; what is new comes last."""
        grouped = dict[str | None, list[Candidate]]()
        for one in unit.candidates:
            grouped.setdefault(self.holder(one.alert.occurrence), []).append(one)
        new = tuple(grouped.pop(None, ()))
        # An open incident first hears of what it has: all of it is one command.
        destination = self._whereto.find(unit.key) if new else None
        mine = grouped.pop(destination.stream, []) if destination else []
        routes = [self._known(stream, tuple(found)) for stream, found in grouped.items() if stream]
        if destination is not None:
            routes += self._new(unit, tuple(mine), new, destination)
        return routes

    def expect(self, occurrences: Collection[str]) -> None:
        """Look up all of these at once: one by one they would be the longest part of a storm."""
        asked = [name for name in occurrences if name not in self._streams]
        for name, hold in self._desk.journal.holds(OCCURRENCE, asked).items():
            self.remember(name, hold.stream)
        self._free = {name for name in asked if name not in self._streams}

    def forget(self) -> None:
        """Look everything up anew: somebody was first."""
        self._free = set()

    def holder(self, occurrence: str) -> str | None:
        """Return the incident's stream that has the occurrence."""
        known = self._streams.get(occurrence)
        if known is not None or occurrence in self._free:
            return known
        hold = self._desk.journal.hold(OCCURRENCE, occurrence)
        if hold is None:
            return None
        self.remember(occurrence, hold.stream)
        return hold.stream

    def remember(self, occurrence: str, stream: str) -> None:
        """Note what an append has just shown: an occurrence never leaves its incident."""
        if len(self._streams) >= KNOWN:
            self._streams.clear()
        self._streams[occurrence] = stream

    def _new(
        self,
        unit: Unit,
        mine: tuple[Candidate, ...],
        new: tuple[Candidate, ...],
        destination: Destination,
    ) -> list[Route]:
        """Return where alerts go of which no incident knows, beside `mine`, which it has."""
        kept, fresh = self._apart(new)
        state = self._desk.kept(kept_stream(unit.key))
        # A late report that it fires does not bring back what has ended.
        over = tuple(one for one in fresh if one.alert.occurrence in state.over)
        fresh = _without(fresh, over)
        if destination.open:
            back = (*over, *kept)
            routes = [self._back(unit, back, {})] if back else []
            joining = (*mine, *fresh)
            return [*routes, self._into(unit, destination, joining)] if joining else routes
        routes = self._sorted(unit, state, (*over, *kept), fresh, destination)
        last = routes[-1] if routes else None
        if mine and last is not None and last.stream == destination.stream:
            # One command to one stream: a second one would look like a repetition.
            return [*routes[:-1], replace(last, candidates=(*mine, *last.candidates))]
        return [self._known(destination.stream, mine), *routes] if mine else routes

    def _apart(
        self, new: tuple[Candidate, ...]
    ) -> tuple[tuple[Candidate, ...], tuple[Candidate, ...]]:
        """Return which are kept back already, and which are heard of first."""
        if not self._keeps:
            return (), new
        known = {
            one.alert.occurrence
            for one in new
            if self._desk.journal.hold(KEPT, one.alert.occurrence) is not None
        }
        return (
            tuple(one for one in new if one.alert.occurrence in known),
            tuple(one for one in new if one.alert.occurrence not in known),
        )

    def _sorted(
        self,
        unit: Unit,
        state: Kept,
        kept: tuple[Candidate, ...],
        fresh: tuple[Candidate, ...],
        destination: Destination,
    ) -> list[Route]:
        """Return the routes of alerts where no incident is open: kept back, or into one."""
        rules, now = self._standing(), self._desk.clock()
        raised = tuple(one for one in kept if _raised(one, state))
        lately = self._lately(state, rules, now)
        # What ended while it was kept back joins what opens, also where nothing else is kept.
        self._keeps = self._keeps or bool(lately)
        found = sort(_alerts(state, kept, (*raised, *fresh), lately, now), rules, now)
        if found.opens:
            back, opening = _without(kept, raised), (*raised, *fresh)
        else:
            ended = (one for one in fresh if one.alert.ends_at is not None)
            opening = tuple(one for one in ended if _opens(one, rules, now))
            back = _without((*kept, *fresh), opening)
        routes = [self._back(unit, back, found.kept)] if back else []
        into = [self._into(unit, destination, opening, found.gathered)] if opening else []
        return routes + into

    def _lately(self, state: Kept, rules: Rules, now: datetime) -> tuple[KeptAlert, ...]:
        """Return what has ended and still counts; what an incident has may not be let go yet."""
        found = recent(state, rules, now)
        if not found:
            return ()
        held = self._desk.journal.holds(OCCURRENCE, [one.occurrence for one in found])
        return tuple(one for one in found if one.occurrence not in held)

    def _back(
        self, unit: Unit, candidates: tuple[Candidate, ...], whys: Mapping[str, Why]
    ) -> Route:
        return Route(
            stream=kept_stream(unit.key),
            number=0,
            key=unit.key,
            place=unit.place,
            truncated=0,
            candidates=candidates,
            whys=whys,
        )

    def _known(self, stream: str, candidates: tuple[Candidate, ...]) -> Route:
        state = self._desk.incident(incident_number(stream))
        opened = state.opened
        if opened is None:
            message = f"{stream} holds alerts and has no beginning"
            raise Conflict(message)
        return Route(
            stream=stream,
            number=opened.number,
            key=opened.key,
            place=state.place,
            truncated=state.truncated,
            candidates=candidates,
        )

    def _into(
        self,
        unit: Unit,
        destination: Destination,
        candidates: tuple[Candidate, ...],
        gathered: tuple[tuple[str, str], ...] = (),
    ) -> Route:
        truncated = self._desk.incident(destination.number).truncated if destination.known else 0
        return Route(
            stream=destination.stream,
            number=destination.number,
            key=unit.key,
            place=unit.place,
            truncated=truncated,
            candidates=candidates,
            gathered=gathered,
            reopen=destination.reopen,
            follows=destination.follows,
            opens=not destination.open,
        )


def _firing(
    one: Candidate, now: datetime, *, was: Why | None = None, ended: bool = False
) -> Firing:
    return Firing(
        occurrence=one.alert.occurrence,
        name=one.alert.name,
        severity=one.verdict.severity,
        words=words(one.alert.labels, one.place, one.key),
        seen_at=now,
        was=was,
        ended=ended,
    )


def _explains(candidates: Iterable[Candidate], rules: Rules) -> bool:
    """Return whether one of the alerts may explain others from now on."""
    return any(
        rule.parent.fits(one.alert.name, words(one.alert.labels, one.place, one.key))
        for one in candidates
        for rule in rules.gathering.inhibitions
    )


def _opens(one: Candidate, rules: Rules, now: datetime) -> bool:
    """Return whether an occurrence that ended before it was heard of is an incident by itself."""
    return sort([_firing(one, now)], rules, now).opens


def _raised(one: Candidate, state: Kept) -> bool:
    """Return whether an alert that is kept was judged worse now than it is kept as."""
    known = state.alerts.get(one.alert.occurrence)
    if known is None or one.alert.ends_at is not None:
        return False
    return worse(one.verdict.severity, Severity[known.fired.severity])


def _alerts(
    state: Kept,
    kept: Iterable[Candidate],
    news: Iterable[Candidate],
    lately: Iterable[KeptAlert],
    now: datetime,
) -> list[Firing]:
    """Return what is known of the key, each once: what is kept, what ended lately, what is new."""
    there = {**{one.occurrence: one for one in lately}, **state.alerts}
    found = {name: firing(one, state) for name, one in there.items()}
    for one in kept:
        name = one.alert.occurrence
        if one.alert.ends_at is not None and name in found:
            found[name] = replace(found[name], ended=True)
    for one in news:
        known = found.get(one.alert.occurrence)
        was = known.was if known else None
        ended = one.alert.ends_at is not None
        found[one.alert.occurrence] = _firing(one, now, was=was, ended=ended)
    return list(found.values())


def _without(ones: tuple[Candidate, ...], others: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    gone = {one.alert.occurrence for one in others}
    return tuple(one for one in ones if one.alert.occurrence not in gone)
