"""What people and runs say to an incident."""

from dataclasses import replace

import pytest

from incidents.commands.incident import (
    Acknowledge,
    Escalate,
    IncidentCommand,
    Mitigate,
    NoteChannel,
    NotePostmortem,
    NoteRun,
    Relapse,
    Resolve,
    SetSeverity,
)
from incidents.errors import Rejected
from incidents.events import incident as events
from incidents.events.incident import IncidentEvent
from incidents.incident import Incident, Status
from incidents.journal import Release
from incidents.policy import Severity
from tests.builders import INCIDENT, KEY, NOON, RUN, judgement, report
from tests.incidents.telling_incidents import after, begin, decided

ACK = Acknowledge(by="ann", via="slack")
DONE = Resolve(by="ann", because="over")
MITIGATE = Mitigate(by="triaged", because="4 → 6 helped", run=RUN, step="scale")
BY_HAND = Mitigate(by="ann", because="rolled back")
BEGAN = NoteRun(run=RUN, runbook="triage", because="nothing else matches")
ENDED = replace(BEGAN, outcome="completed")
ASKED = Escalate(because="still full", run=RUN, criterion="full")
ROOM = NoteChannel(platform="slack", channel="C1", name="inc-1")
LEFT = replace(ROOM, archived=True)
PM = NotePostmortem(name="INC-1", digest="d")
P1 = SetSeverity(severity=Severity.P1, by="ann", because="users call")


def through(*commands: IncidentCommand) -> Incident:
    """Return an incident after these commands, all at noon."""
    state = begin()
    for command in commands:
        state = after(state, command)
    return state


RAISED = events.SeverityChanged(was="P2", now="P1", because="users call", rule="person", by="ann")
ALL_BY_HAND = events.Mitigated(by="ann", because="rolled back", run=None, step=None)
VERIFIED = events.Mitigated(by="triaged", because="4 → 6 helped", run=RUN, step="scale")
UNDONE = events.Relapsed(because="undone")
FULL = events.Escalated(because="still full", run=RUN, criterion="full")


@pytest.mark.parametrize(
    ("known", "command", "told"),
    [
        pytest.param((), ACK, events.Acknowledged(by="ann", via="slack"), id="acknowledge"),
        pytest.param((), P1, RAISED, id="severity"),
        pytest.param((), MITIGATE, VERIFIED, id="mitigate-by-run"),
        pytest.param((), BY_HAND, ALL_BY_HAND, id="mitigate-by-hand"),
        pytest.param((MITIGATE,), Relapse(because="undone"), UNDONE, id="relapse"),
        pytest.param((), ASKED, FULL, id="escalate"),
        pytest.param(
            (ASKED,),
            replace(ASKED, run="run-1-2"),
            replace(FULL, run="run-1-2"),
            id="escalate-by-another-run",
        ),
        pytest.param(
            (),
            BEGAN,
            events.RunBegan(run=RUN, runbook="triage", because="nothing else matches"),
            id="run-began",
        ),
        pytest.param(
            (BEGAN,), ENDED, events.RunEnded(run=RUN, outcome="completed"), id="run-ended"
        ),
        pytest.param(
            (BEGAN, ENDED),
            BEGAN,
            events.RunBegan(run=RUN, runbook="triage", because="nothing else matches"),
            id="run-reopened",
        ),
        pytest.param(
            (),
            ROOM,
            events.ChannelOpened(platform="slack", channel="C1", name="inc-1"),
            id="channel",
        ),
        pytest.param((ROOM, DONE), LEFT, events.ChannelArchived(channel="C1"), id="archived"),
        pytest.param(
            (DONE,), PM, events.PostmortemWritten(name="INC-1", digest="d"), id="postmortem"
        ),
    ],
)
def test_a_command_is_one_event(
    known: tuple[IncidentCommand, ...], command: IncidentCommand, told: IncidentEvent
) -> None:
    """What people did is on the timeline in their words, under their name."""
    assert decided(through(*known), command).events == (told,)


@pytest.mark.parametrize(
    ("known", "command"),
    [
        pytest.param((ACK,), ACK, id="acknowledged-by-the-same"),
        pytest.param((MITIGATE,), BY_HAND, id="mitigated-already"),
        pytest.param((DONE,), MITIGATE, id="mitigated-after-the-end"),
        pytest.param((), Relapse(because="undone"), id="nothing-to-relapse"),
        pytest.param((ASKED,), ASKED, id="criterion-known"),
        pytest.param((DONE,), ASKED, id="escalated-after-the-end"),
        pytest.param((BEGAN,), BEGAN, id="run-known"),
        pytest.param((), ENDED, id="unknown-run-ended"),
        pytest.param((BEGAN, ENDED), ENDED, id="run-over-already"),
        pytest.param((ROOM,), ROOM, id="channel-known"),
        pytest.param((ROOM, DONE, LEFT), LEFT, id="archived-already"),
        pytest.param((DONE, PM), PM, id="postmortem-known"),
    ],
)
def test_what_is_so_already_is_no_event(
    known: tuple[IncidentCommand, ...], command: IncidentCommand
) -> None:
    """A second click, and a second try after a crash, change nothing."""
    assert decided(through(*known), command).events == ()


@pytest.mark.parametrize(
    ("known", "command", "reason"),
    [
        pytest.param((ACK,), Acknowledge(by="ben", via="cli"), "ann has INC-1 already", id="taken"),
        pytest.param((DONE,), ACK, "INC-1 was resolved by ann", id="acknowledge"),
        pytest.param((DONE,), P1, "INC-1 was resolved by ann", id="severity"),
        pytest.param((DONE,), DONE, "INC-1 was resolved by ann", id="resolve"),
        pytest.param((), PM, "INC-1 is still investigating", id="postmortem-of-an-open-one"),
    ],
)
def test_whoever_comes_too_late_learns_who_was_first(
    known: tuple[IncidentCommand, ...], command: IncidentCommand, reason: str
) -> None:
    """A click that does nothing and says nothing is clicked again."""
    with pytest.raises(Rejected) as refused:
        decided(through(*known), command)

    assert str(refused.value) == reason


def test_an_incident_that_does_not_exist_takes_no_command() -> None:
    """A wrong number in a command must not begin a stream."""
    with pytest.raises(Rejected, match="there is no incident-9"):
        decided(Incident(id="incident-9"), ACK)


def test_a_person_ends_an_incident_and_frees_its_key() -> None:
    """The next alert of that key opens a new one, with a number of its own."""
    decision = decided(begin(), replace(DONE, false_positive=True))

    assert decision.events == (
        events.IncidentResolved(by="ann", because="over", false_positive=True),
    )
    assert decision.release == (Release(kind="open_incident", key=KEY),)


def test_the_state_says_all_that_was_told() -> None:
    """Headline, page and postmortem read the state, not the events."""
    told = (ACK, P1, BEGAN, ASKED, ENDED, ROOM, MITIGATE, replace(DONE, false_positive=True))
    state = through(*told, LEFT, PM)

    first = begin()
    assert state == replace(
        first,
        version=first.version + 10,
        status=Status.RESOLVED,
        severity=Severity.P1,
        severity_because="users call",
        severity_rule="person",
        severities=(Severity.P2, Severity.P1),
        override=True,
        acknowledged_by="ann",
        acknowledged_at=NOON,
        mitigated_at=NOON,
        mitigated_because="4 → 6 helped",
        mitigated_by=(RUN, "scale"),
        resolved_at=NOON,
        resolved_by="ann",
        resolved_because="over",
        false_positive=True,
        escalated_at=NOON,
        escalations=1,
        criteria=frozenset({"run-1-1/full"}),
        channel="C1",
        channel_name="inc-1",
        archived=True,
        postmortem="INC-1",
        runs={RUN: "completed"},
    )


def test_equal_incidents_are_equal_however_their_alerts_came() -> None:
    """Replicas compare states: the order within a mapping is no difference."""
    one, other = judgement("One"), judgement("Other")
    states = [begin(report(one, other)), begin(report(other, one))]

    assert states[0] == states[1]
    assert states[0].id == INCIDENT


def test_the_calm_ends_with_the_incident() -> None:
    """A timer of a closed incident would ring for ever."""
    state = after(through(), report(judgement(ends_at=NOON)))

    assert state.calm_until is not None
    assert after(state, DONE).calm_until is None


def test_truncated_alerts_are_counted() -> None:
    """Whoever reads must know that there were more."""
    state = after(begin(report(truncated=2)), report(truncated=3))

    assert state.truncated == 5
