"""The clock's loop: an incident is not over while anything about it is open."""

from datetime import timedelta

import pytest

from bot.app.loops.due import DueLoop
from bot.app.loops.pause import Pause
from incidents.commands.approval import RequestApproval
from incidents.commands.run import EndRun, StartRun
from incidents.desk import Desk
from incidents.incident import Status
from tests import builders
from tests.builders import APPROVAL, INCIDENT, NOON, RUN, later

ENDED = builders.report(builders.judgement(ends_at=later(1)))


class Office:
    def __init__(self) -> None:
        self.now = NOON
        self.desk: Desk = builders.desk(clock=lambda: self.now)
        pause = Pause(journal=self.desk.journal, seconds=0)
        self.loop = DueLoop(desk=self.desk, write_postmortem=lambda _: False, pause=pause)
        self.desk.tell(INCIDENT, builders.report())

    def after(self, minutes: float) -> Status:
        self.now = NOON + timedelta(minutes=minutes)
        for _ in range(20):
            if not self.loop.once():
                break
        return self.desk.incident(1).status

    def said(self) -> str:
        [told] = [row for row in self.desk.history(1) if row.recorded.kind == "Escalated"]
        return str(getattr(told.event, "because", ""))


@pytest.fixture
def office() -> Office:
    return Office()


def test_with_nothing_open_it_resolves_after_the_hold_time(office: Office) -> None:
    """Nobody has to end what ended."""
    office.desk.tell(INCIDENT, ENDED)

    assert (office.after(9), office.after(11)) == (Status.INVESTIGATING, Status.RESOLVED)


def test_a_run_that_goes_on_keeps_it_open_and_says_so(office: Office) -> None:
    """What the runbook may still ask or do belongs to the incident."""
    office.desk.tell(RUN, StartRun(started=builders.started()))
    office.desk.tell(INCIDENT, ENDED)
    still = office.after(31)

    assert (still, office.said()) == (
        Status.INVESTIGATING,
        "nobody has acknowledged it within 30 min; run-1-1 is not over",
    )
    office.desk.tell(RUN, EndRun(outcome="completed", because="done"))
    assert office.after(32) is Status.RESOLVED


def test_an_open_approval_keeps_it_open(office: Office) -> None:
    """Whoever is asked must not find that it is over."""
    office.desk.tell(APPROVAL, RequestApproval(requested=builders.requested(expires_at=later(60))))
    office.desk.tell(INCIDENT, ENDED)

    assert (office.after(31), office.said().partition("; ")[2]) == (
        Status.INVESTIGATING,
        "approval-1-1-1 waits for an answer",
    )
