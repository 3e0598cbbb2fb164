"""Sight: what is new is judged by what can be seen, each question asked once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from alert_webhooks.registry import sources
from bot.app.facts import Asked
from bot.app.intake_sight import Sight
from bot.app.intake_units import Reading, Unit, units
from bot.app.live_facts import NO_CANARY
from incidents.commands.approval import RequestApproval
from incidents.commands.incident import AskTarget, ChooseTarget
from incidents.events.incident import Workload
from incidents.facts import Facts, Known, Unknown
from incidents.journal import Delivery
from incidents.policy import Severity
from tests.alert_webhooks.bodies import alert, body, resolved
from tests.bot.intake.desks import NOON, SOURCE, Office, choose
from tests.builders import APPROVAL, INCIDENT, requested

ERRORS = {"alertname": "LLMDHighErrorRate", "severity": "warning"}


@dataclass(slots=True)
class Told:
    """A source that knows the error ratio of each model, and nothing else."""

    ratios: dict[str, float] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def gather(
        self, asked: Sequence[Asked], at: datetime, *, again: bool = False
    ) -> Sequence[Facts]:
        """Return what it knows."""
        assert (at, again) == (NOON, False)
        self.asked += asked
        return [{name: self._one(one.place.model, name) for name in one.names} for one in asked]

    def _one(self, model: str, name: str) -> Known | Unknown:
        if name == "error_ratio" and model in self.ratios:
            return Known(value=self.ratios[model], unit="ratio", source="picker")
        return Unknown(why=NO_CANARY if name == "canary_differs" else "away")


class Holds:
    """A journal that counts how often a hold was asked for."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def hold(self, kind: str, key: str) -> Any:
        self.asked += 1
        return self._inner.hold(kind, key)


def read(office: Office, *bodies: bytes) -> tuple[Unit, ...]:
    """Return the units of these bodies, judged by what is said of the alerts alone."""
    parse = sources()["alertmanager"].parse
    readings = [
        Reading(
            delivery=Delivery(
                inbox_id=number, source=SOURCE, body=one, received_at=NOON, attempts=0
            ),
            notification=parse(one, source=SOURCE),
        )
        for number, one in enumerate(bodies, start=1)
    ]
    return units(readings, policy=office.policy, choose=choose)


def nobody(_: str) -> None:
    """Say of every occurrence that no incident has it."""


def of(model: str, number: int = 0, **labels: str) -> bytes:
    """Return a delivery of one alert about errors of a model."""
    given = {**ERRORS, "model_name": model, "pod": f"p{number}", **labels}
    return body(alert(labels=given, fingerprint=f"{ord(model):08x}{number:08x}"))


def test_the_worst_by_facts_comes_first(office: Office) -> None:
    """In a storm the incident in which nobody is served must not wait behind the others."""
    told = Told({"b": 0.6, "a": 0.001})
    found = Sight(office.desk, told).of(read(office, of("a"), of("b")), known=nobody)

    assert [one.place.model for one in found] == ["b", "a"]
    assert [one.candidates[0].verdict.severity for one in found] == [Severity.P0, Severity.P3]
    assert [one.finishes for one in found] == [(2,), (1,)]


def test_alerts_that_are_judged_alike_are_asked_about_once(office: Office) -> None:
    """A hundred pods of one pool are one question, and they share the answer."""
    told = Told({"a": 0.2})
    pods = [of("a", number) for number in range(100)]
    (found,) = Sight(office.desk, told).of(read(office, *pods), known=nobody)

    verdicts = {id(one.verdict) for one in found.candidates}
    assert (len(found.candidates), len(told.asked), len(verdicts)) == (100, 1, 1)


@pytest.mark.parametrize(
    ("one", "holder"),
    [
        pytest.param(of("a"), "incident-1", id="repeated"),
        pytest.param(body(resolved(labels=ERRORS)), None, id="over"),
    ],
)
def test_what_is_known_or_over_is_not_asked_about(
    office: Office, one: bytes, holder: str | None
) -> None:
    """Alertmanager repeats itself every few minutes; Prometheus need not hear of it."""
    told = Told({"a": 0.6})
    was = read(office, one)

    assert Sight(office.desk, told).of(was, known=lambda _: holder) == was
    assert told.asked == []


def test_what_nothing_tells_is_not_said_to_be_unseen(office: Office) -> None:
    """Every headline would say that there is no canary."""
    (found,) = Sight(office.desk, Told()).of(read(office, of("a")), known=nobody)

    missing = {one.name for one in found.candidates[0].verdict.unavailable}
    assert "error_ratio" in missing
    assert "canary_differs" not in missing


def test_nothing_lowers_what_joins_while_people_are_asked(office: Office) -> None:
    """They decide by what they were told."""
    told = Told({"a": 0.001})
    sight = Sight(office.desk, told)
    office.deliver(of("a"))
    office.desk.tell(APPROVAL, RequestApproval(requested=requested()))
    (found,) = sight.of(read(office, of("a", 1)), known=nobody)

    verdict = found.candidates[0].verdict
    assert (verdict.severity, verdict.rule) == (Severity.P2, "catalogue:LLMDHighErrorRate")
    pending = {one.name: one.value for one in verdict.inputs}["approvals_pending"]
    assert pending == 1


def test_what_joins_is_judged_by_the_workload_that_a_person_chose(office: Office) -> None:
    """Of two workloads neither is looked at; once one is meant, its numbers count."""
    told = Told({"a": 0.2})
    sight = Sight(office.desk, told)
    office.deliver(of("a"))
    fit = tuple(Workload(kind="Deployment", name=name, words="pod") for name in ("a", "b"))
    office.desk.tell(INCIDENT, AskTarget(candidates=fit))
    office.desk.tell(INCIDENT, ChooseTarget(chosen="Deployment b", by="ann", via="slack"))

    sight.of(read(office, of("a", 1), of("c", 2)), known=nobody)

    assert {one.place.model: one.chosen for one in told.asked} == {"a": "Deployment b", "c": ""}


def test_the_incident_of_a_key_is_looked_up_as_often_for_one_alert_as_for_many(
    office: Office,
) -> None:
    """A pool that rings in thirty ways is one incident, and was looked up sixty times."""
    found = []
    for many in (1, 30):
        units_ = read(office, *(of("a", n, alertname=f"Own{n}") for n in range(many)))
        journal: Any = Holds(office.store.journal)
        office.desk.journal = journal
        Sight(office.desk, Told()).of(units_, known=nobody)
        found.append(journal.asked)

    assert found[0] == found[1] > 0
