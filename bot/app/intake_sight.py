"""Sight: alerts that are new are judged by what can be seen at this moment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from bot.app.facts import Asked, FactsSource
from bot.app.intake_units import Candidate, Unit, in_order
from bot.app.live_facts import NO_CANARY
from incidents import severity
from incidents.alert import Alert
from incidents.correlation import Place
from incidents.desk import Desk
from incidents.facts import FACTS, Facts, Known, Origin, Unknown
from incidents.incident_rules import OPEN_INCIDENT
from incidents.journal import Aggregate
from incidents.severity import Verdict

OPEN, PENDING = "incident_open", "approvals_pending"
_OF_DESK: Final = frozenset(one.name for one in FACTS.values() if one.origin is Origin.DESK)

Holder = Callable[[str], str | None]
"""Returns the incident's stream that has an occurrence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about alerts of one place that are judged alike; `key` is their incident's."""

    alike: tuple[str, ...]
    asked: Asked
    key: str


class Sight:
    """Judges alerts by facts; used by one thread at a time, and takes three seconds at most."""

    def __init__(self, desk: Desk, source: FactsSource) -> None:
        self._desk, self._source = desk, source

    def of(self, units: Sequence[Unit], *, known: Holder) -> tuple[Unit, ...]:
        """Return the units with those judged again that are new, the worst first."""
        asking = self._asking(units, known)
        first = {question: alert for alert, question in reversed(list(asking.values()))}
        if not first:
            return tuple(units)
        questions = list(dict.fromkeys(question for _, question in asking.values()))
        asked = [one.asked for one in questions]
        gathered = self._source.gather(asked, self._desk.clock())
        # Judged once, and the same verdict stands in all: a storm is many of the same.
        own_of = cache(self._own)
        verdicts = {
            one: severity.judge(
                first[one], {**worth_saying(facts), **own_of(one.key)}, self._desk.policy
            )
            for one, facts in zip(questions, gathered, strict=True)
        }
        found = {name: verdicts[question] for name, (_, question) in asking.items()}
        return in_order(_judged(unit, found) for unit in units)

    def _asking(self, units: Sequence[Unit], known: Holder) -> Mapping[str, tuple[Alert, Question]]:
        """Return for each occurrence that is new and fires what is asked about it."""
        alike = dict[tuple[tuple[str, ...], Place, str], Question]()
        found = dict[str, tuple[Alert, Question]]()
        chosen = cache(self._chosen)
        for one in (each for unit in units for each in unit.candidates):
            name = one.alert.occurrence
            if one.alert.ends_at is not None or known(name) is not None:
                continue
            same = (severity.looked_at(one.alert, self._desk.policy), one.place, one.key)
            if same not in alike:
                alike[same] = self._question(one, same[0], chosen(one.key))
            found[name] = (one.alert, alike[same])
        return found

    def _question(self, one: Candidate, alike: tuple[str, ...], chosen: str) -> Question:
        names = severity.needed(one.alert, self._desk.policy)
        outside = tuple(name for name in names if name not in _OF_DESK)
        asked = Asked(place=one.place, names=outside, chosen=chosen)
        return Question(alike=alike, asked=asked, key=one.key)

    def _chosen(self, key: str) -> str:
        """Return what a person chose in the incident that an alert of this key would join."""
        hold = self._desk.journal.hold(OPEN_INCIDENT, key)
        return self._desk.state(hold.stream).target_chosen if hold is not None else ""

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


def _judged(unit: Unit, verdicts: Mapping[str, Verdict]) -> Unit:
    return replace(unit, candidates=tuple(_again(one, verdicts) for one in unit.candidates))


def _again(one: Candidate, verdicts: Mapping[str, Verdict]) -> Candidate:
    verdict = verdicts.get(one.alert.occurrence)
    return one if verdict is None else replace(one, verdict=verdict)


def own(*, is_open: bool, pending: int) -> Facts:
    """Return the desk's own facts about an incident."""
    return {
        OPEN: Known(value=is_open, unit=FACTS[OPEN].unit, source="the desk"),
        PENDING: Known(value=pending, unit=FACTS[PENDING].unit, source="the desk"),
    }


def worth_saying(facts: Facts) -> Facts:
    """Return the facts without the one of a canary where none is declared."""
    return {name: one for name, one in facts.items() if not _never(one)}


def _never(fact: Known | Unknown) -> bool:
    return isinstance(fact, Unknown) and fact.why == NO_CANARY
