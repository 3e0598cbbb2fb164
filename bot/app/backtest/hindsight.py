"""Hindsight: alerts of the past are judged by the facts that were kept with them, and no others."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.app.intake_bounds import kept_place
from bot.app.intake_sight import OPEN, Holder
from bot.app.intake_units import Candidate, Unit, in_order
from bot.app.loops.sight import alert_of
from incidents import correlation, severity
from incidents.alert import occurrence
from incidents.correlation import Place, Placing
from incidents.desk import Desk
from incidents.events.incident import AlertFired, FactSeen
from incidents.facts import FACTS, Facts, Known, Unknown
from incidents.facts_seen import facts
from incidents.incident_rules import OPEN_INCIDENT

NOBODY: Final = "nobody was asked then"
NEAR: Final = timedelta(seconds=30)
"""What was seen of a place is no older, or newer, when another alert of it is judged by it."""
SLACK: Final = timedelta(seconds=5)
"""Of what is judged together the appends come one after the other."""

Seen = tuple[FactSeen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sighting:
    """What was seen at a moment."""

    at: datetime
    seen: Seen


class Hindsight:
    """Remembers what was seen when, about which occurrence and which place."""

    def __init__(self, placing: Placing) -> None:
        self._placing = placing
        self._same: dict[Seen, Seen] = {}
        self._of: dict[str, list[_Sighting]] = {}
        self._at: dict[Place, list[_Sighting]] = {}

    def fired(self, fired: AlertFired, at: datetime) -> None:
        """Note what was seen when an alert was judged; where nobody was asked there is nothing."""
        if fired.facts:
            name = occurrence(fired.fingerprint, fired.starts_at)
            self._of.setdefault(name, []).append(_Sighting(at=at, seen=self._once(fired.facts)))
            place = kept_place(correlation.place(alert_of(fired), self._placing))
            self.seen(place, fired.facts, at)

    def seen(self, place: Place, found: Seen, at: datetime) -> None:
        """Note what was seen of a place."""
        there, once = self._at.setdefault(place, []), self._once(found)
        if not there or there[-1] != _Sighting(at=at, seen=once):
            there.append(_Sighting(at=at, seen=once))

    def looks(self) -> bool:
        """Tell whether anybody was ever asked."""
        return bool(self._at)

    def known(self, one: Candidate, names: Iterable[str], at: datetime) -> Facts:
        """Return each fact as it was known; one that nobody was asked for is unknown."""
        mine = [each.seen for each in self._of.get(one.alert.occurrence, ()) if _before(each, at)]
        there = [each.seen for each in self._around(one.place, at)]
        # What was seen of the occurrence itself comes first, the last of it before the others.
        told = [facts(each) for each in (*reversed(mine), *there)]
        return {name: _first(name, told) for name in names}

    def _around(self, place: Place, at: datetime) -> Sequence[_Sighting]:
        """Return what was seen of a place about a moment, the nearest first."""
        there = self._at.get(place, [])
        low = bisect_left(there, at - NEAR, key=lambda one: one.at)
        high = bisect_left(there, at + NEAR, key=lambda one: one.at)
        return sorted(_distinct(there[low:high]), key=lambda one: abs(one.at - at))

    def _once(self, found: Seen) -> Seen:
        """Return the same object for the same facts: a storm has thousands of one kind."""
        return self._same.setdefault(found, found)


class Judge:
    """Judges what is new and fires by what was known then, as sight did."""

    def __init__(self, desk: Desk, hindsight: Hindsight) -> None:
        self._desk, self._hindsight = desk, hindsight

    def of(self, units: Sequence[Unit], *, known: Holder) -> tuple[Unit, ...]:
        """Return the units with those judged again that are new, the worst first."""
        if not self._hindsight.looks():
            return tuple(units)
        return in_order(
            replace(unit, candidates=tuple(self._judged(one, known) for one in unit.candidates))
            for unit in units
        )

    def _judged(self, one: Candidate, known: Holder) -> Candidate:
        if one.alert.ends_at is not None or known(one.alert.occurrence) is not None:
            return one
        policy = self._desk.policy
        names = severity.needed(one.alert, policy)
        found = {**self._hindsight.known(one, names, self._desk.clock()), **self._own(one.key)}
        return replace(one, verdict=severity.judge(one.alert, found, policy))

    def _own(self, key: str) -> Facts:
        """Return whether an incident is open: here, and not as it was then."""
        is_open = self._desk.journal.hold(OPEN_INCIDENT, key) is not None
        return {OPEN: Known(value=is_open, unit=FACTS[OPEN].unit, source="the desk")}


def _before(one: _Sighting, at: datetime) -> bool:
    return one.at <= at + SLACK


def _distinct(found: Iterable[_Sighting]) -> Iterable[_Sighting]:
    return {id(one.seen): one for one in found}.values()


def _first(name: str, told: Iterable[Facts]) -> Known | Unknown:
    """Return what is known of a fact, else why it was not, else that nobody was asked."""
    found = [each[name] for each in told if name in each]
    return next(iter(found), Unknown(why=NOBODY))
