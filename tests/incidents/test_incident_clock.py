"""The clock of an incident: when it wants attention, and what happens then."""

from datetime import datetime, timedelta

import pytest

from incidents.commands.incident import (
    Acknowledge,
    IncidentCommand,
    Mitigate,
    NotePostmortem,
    Resolve,
    SetSeverity,
    Tick,
)
from incidents.events import incident as events
from incidents.incident import Incident
from incidents.incident_rules import archives_at, due, minutes
from incidents.journal import Release
from incidents.policy import Severity
from tests.builders import KEY, judgement, later, policy, report
from tests.incidents.telling_incidents import after, begin, decided

POLICY = policy()
ACK = Acknowledge(by="ann", via="slack")
DONE = Resolve(by="ann", because="over")
PM = NotePostmortem(name="INC-1", digest="d")
SEVERE = SetSeverity(severity=Severity.P0, by="ann", because="users call")
CALM = report(judgement(ends_at=later(1)))


def through(*steps: tuple[float, IncidentCommand]) -> Incident:
    """Return an incident of noon to which these commands came at these minutes."""
    state = begin()
    for at, command in steps:
        state = after(state, command, at=later(at))
    return state


@pytest.mark.parametrize(
    ("state", "moment"),
    [
        pytest.param(Incident(id="incident-1"), None, id="not-yet"),
        pytest.param(through(), later(30), id="new"),
        pytest.param(through((4, SEVERE)), later(5), id="worse"),
        pytest.param(through((4, ACK)), later(124), id="acknowledged"),
        pytest.param(through((30, Tick())), later(150), id="escalated"),
        pytest.param(through((30, Tick()), (40, ACK)), later(160), id="then-acknowledged"),
        pytest.param(through((4, CALM)), later(14), id="calm"),
        pytest.param(through((6, DONE)), later(6), id="wants-its-postmortem"),
        pytest.param(through((6, DONE), (7, PM)), None, id="over"),
    ],
)
def test_an_open_incident_always_has_a_next_moment(
    state: Incident, moment: datetime | None
) -> None:
    """What has no due time is what everybody forgets."""
    assert due(state, POLICY) == moment


def escalated(because: str) -> tuple[events.Escalated, ...]:
    return (events.Escalated(because=because, run=None, criterion=None),)


SILENCE = "nobody has acknowledged it within 30 min"


@pytest.mark.parametrize(
    ("state", "at", "told"),
    [
        pytest.param(Incident(id="incident-1"), 99, (), id="not-yet"),
        pytest.param(through(), 29.99, (), id="in-time"),
        pytest.param(through(), 30, escalated(SILENCE), id="unanswered"),
        pytest.param(through((30, Tick())), 149.99, (), id="called-just-now"),
        pytest.param(through((30, Tick())), 150, escalated(SILENCE), id="unanswered-again"),
        pytest.param(
            through((4, ACK)),
            124,
            escalated("it is investigating, not resolved, after 2 h"),
            id="taken-and-not-solved",
        ),
        pytest.param(
            through((4, ACK), (5, Mitigate(by="ann", because="rolled back"))),
            124,
            escalated("it is mitigated, not resolved, after 2 h"),
            id="mitigated-and-left",
        ),
        pytest.param(through((4, CALM)), 13.99, (), id="still-in-hold"),
        pytest.param(through((6, DONE)), 999, (), id="over"),
    ],
)
def test_the_clock_calls_for_more_people(
    state: Incident, at: float, told: tuple[events.Escalated, ...]
) -> None:
    """Nobody answering is a fact like any other, and goes on the timeline."""
    assert decided(state, Tick(), at=later(at)).events == told


def test_a_calm_incident_resolves_when_its_hold_time_is_over() -> None:
    """People must not have to close what has healed; the key is free for the next."""
    decision = decided(through((4, CALM)), Tick(), at=later(14))

    assert decision.events == (
        events.IncidentResolved(
            by="triaged",
            because="every alert has ended and nothing fired for 10 min",
            false_positive=False,
        ),
    )
    assert decision.release == (Release(kind="open_incident", key=KEY),)


def test_it_does_not_resolve_while_a_change_is_under_way() -> None:
    """The postmortem must know how the change ended."""
    assert decided(through((4, CALM)), Tick(busy="run-1-1 is applied"), at=later(14)).events == ()


def test_what_keeps_it_from_resolving_is_escalated_in_time() -> None:
    """A step in doubt waits for a person: a calm incident must not wait with it for ever."""
    told = decided(through((4, CALM)), Tick(busy="run-1-1 is in doubt"), at=later(30))

    assert told.events == escalated(f"{SILENCE}; run-1-1 is in doubt")


def test_nothing_is_archived_before_its_postmortem_and_its_time() -> None:
    """People still talk in the channel after it is over."""
    states = [through(), through((6, DONE)), through((6, DONE), (7, PM))]

    assert [archives_at(state, POLICY) for state in states] == [None, None, later(11)]


@pytest.mark.parametrize(
    ("span", "words"),
    [
        pytest.param(timedelta(minutes=5), "5 min", id="minutes"),
        pytest.param(timedelta(hours=2), "2 h", id="hours"),
        pytest.param(timedelta(minutes=90), "90 min", id="no-whole-hour"),
        pytest.param(timedelta(), "0 min", id="nothing"),
    ],
)
def test_spans_are_written_for_people(span: timedelta, words: str) -> None:
    """A sentence in a page is read by somebody who has just woken up."""
    assert minutes(span) == words
