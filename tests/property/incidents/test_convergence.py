"""Deliveries converge: their order, number and cut do not matter."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from incidents.commands.incident import Judgement, Mitigate, ReportAlerts
from incidents.desk import Desk
from incidents.incident import Incident
from incidents.policy import Severity
from tests.builders import INCIDENT, desk, judgement, later, report

HOLD = timedelta(minutes=10)


@st.composite
def occurrences(draw: st.DrawFn) -> tuple[Judgement, ...]:
    """Draw what is said of one occurrence: that it fires, and perhaps that it ended."""
    severity = draw(st.sampled_from(Severity))
    name = draw(st.sampled_from(("Down", "Slow", "Full")))
    said = judgement(
        f"{name}{severity.value}",
        starts_at=later(draw(st.integers(min_value=0, max_value=3))),
        severity=severity,
        runbook=draw(st.sampled_from(("triage", "cache-evictions"))),
    )
    ends = draw(st.lists(st.integers(min_value=4, max_value=6), max_size=2))
    return (said, *(replace(said, ends_at=later(end)) for end in ends))


Said = tuple[Judgement, ...]
every_said = st.lists(
    occurrences(), min_size=1, max_size=4, unique_by=lambda one: (one[0].name, one[0].starts_at)
).map(lambda found: tuple(chain.from_iterable(found)))


@st.composite
def deliveries(draw: st.DrawFn, said: Said) -> Sequence[ReportAlerts]:
    """Draw one way to deliver it all: any order, some of it again, cut anywhere."""
    again = draw(st.lists(st.sampled_from(said), max_size=4))
    order = draw(st.permutations([*said, *again]))
    reports, rest = list[ReportAlerts](), list(order)
    while rest:
        size = draw(st.integers(min_value=1, max_value=len(rest)))
        reports.append(report(*rest[:size], hold=HOLD))
        rest = rest[size:]
    return reports


def essence(state: Incident) -> object:
    """Return what must not depend on how deliveries came."""
    return (
        dict(state.alerts),
        state.severity,
        state.severity_because,
        state.severity_rule,
        state.override,
        state.status,
        state.calm_until,
        state.guide,
        state.title,
        state.firing,
    )


def after(told: Desk, reports: Sequence[ReportAlerts]) -> object:
    """Return what a desk makes of the reports, and hold that a second copy adds nothing."""
    for one in reports:
        told.tell(INCIDENT, one)
    assert [told.tell(INCIDENT, one).events for one in reports] == [() for _ in reports]
    return essence(told.incident(1))


@given(st.data())
def test_every_order_and_cut_ends_in_the_same_incident(data: st.DataObject) -> None:
    """Two Alertmanagers repeat and overtake each other; the problem is the same."""
    said = data.draw(every_said)
    one, other = data.draw(deliveries(said)), data.draw(deliveries(said))

    assert after(desk(), one) == after(desk(), other)


@given(st.data())
def test_a_mitigated_incident_converges_too(data: st.DataObject) -> None:
    """Whether it relapsed must not depend on which report was faster."""
    known, said = data.draw(every_said), data.draw(every_said)
    ways = [data.draw(deliveries(said)) for _ in range(2)]
    ends = []
    for way in ways:
        told = desk()
        told.tell(INCIDENT, report(*known))
        told.tell(INCIDENT, Mitigate(by="ann", because="users are served"))
        ends.append(after(told, way))

    assert ends[0] == ends[1]
