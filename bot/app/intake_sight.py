"""Sight: alerts that are new are judged by what can be seen at this moment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.app.facts import Asked, FactsSource
from bot.app.intake_units import Candidate, Unit, in_order
from bot.app.live_facts import NOT_YET
from incidents import severity
from incidents.desk import Desk
from incidents.facts import FACTS, Facts, Known, Origin, Unknown
from incidents.incident_rules import OPEN_INCIDENT
from incidents.journal import Aggregate

OPEN, PENDING = "incident_open", "approvals_pending"
_OF_DESK: Final = frozenset(one.name for one in FACTS.values() if one.origin is Origin.DESK)

Holder = Callable[[str], str | None]
"""Returns the incident's stream that has an occurrence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about alerts of one place, and the desk's own facts about it."""

    asked: Asked
    key: str


class Sight:
    """Judges alerts by facts; used by one thread at a time, and takes three seconds at most."""

    def __init__(self, desk: Desk, source: FactsSource) -> None:
        self._desk, self._source = desk, source

    def of(self, units: Sequence[Unit], *, known: Holder) -> tuple[Unit, ...]:
        """Return the units with those judged again that are new, the worst first."""
        asking = {
            one.alert.occurrence: self._question(one)
            for unit in units
            for one in unit.candidates
            if one.alert.ends_at is None and known(one.alert.occurrence) is None
        }
        questions = list(dict.fromkeys(asking.values()))
        if not questions:
            return tuple(units)
        asked = [one.asked for one in questions]
        found = self._source.gather(asked, self._desk.clock())
        seen = {
            question: {**worth_saying(facts), **self._own(question.key)}
            for question, facts in zip(questions, found, strict=True)
        }
        facts = {name: seen[question] for name, question in asking.items()}
        return in_order(self._judged(unit, facts) for unit in units)

    def _question(self, one: Candidate) -> Question:
        names = severity.needed(one.alert, self._desk.policy)
        outside = tuple(name for name in names if name not in _OF_DESK)
        return Question(asked=Asked(place=one.place, names=outside), key=one.key)

    def _own(self, key: str) -> Facts:
        """Return what the desk knows of the incident that an alert of this key would join."""
        hold = self._desk.journal.hold(OPEN_INCIDENT, key)
        pending = 0
        if hold is not None:
            number = self._desk.state(hold.stream).number
            rows = self._desk.journal.summaries(
                aggregate=Aggregate.APPROVAL, incident=number, open_only=True
            )
            pending = len(rows)
        return own(is_open=hold is not None, pending=pending)

    def _judged(self, unit: Unit, facts: Mapping[str, Facts]) -> Unit:
        return replace(unit, candidates=tuple(self._again(one, facts) for one in unit.candidates))

    def _again(self, one: Candidate, facts: Mapping[str, Facts]) -> Candidate:
        found = facts.get(one.alert.occurrence)
        if found is None:
            return one
        return replace(one, verdict=severity.judge(one.alert, found, self._desk.policy))


def own(*, is_open: bool, pending: int) -> Facts:
    """Return the desk's own facts about an incident."""
    return {
        OPEN: Known(value=is_open, unit=FACTS[OPEN].unit, source="the desk"),
        PENDING: Known(value=pending, unit=FACTS[PENDING].unit, source="the desk"),
    }


def worth_saying(facts: Facts) -> Facts:
    """Return the facts without those that nothing tells in this release."""
    return {name: one for name, one in facts.items() if not _never(one)}


def _never(fact: Known | Unknown) -> bool:
    return isinstance(fact, Unknown) and fact.why == NOT_YET
