"""What was left on purpose is owed, reminded of and closed, also after a restart."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.app.loops.due import DueLoop
from bot.app.loops.left import LOOK, LeftLoop
from bot.app.loops.pause import Pause
from bot.app.loops.runs import RunsLoop
from incidents.commands.approval import Approve
from incidents.commands.followups import FinishFollowUp
from incidents.commands.incident import NotePostmortem, Resolve
from incidents.commands.run import FinishStep, RecordPlan, StartRun
from incidents.desk import Desk
from incidents.events.followups import FollowUpMade, FollowUpReminded
from incidents.events.run import LeavesRecord
from storage.memory import MemoryStore
from tests import builders
from tests.bot.app.test_runs_loop import Noted
from tests.builders import APPROVAL, DIGEST, INCIDENT, NOON, RUN

STEP = "scale-decode"
LEAVES = LeavesRecord(what="Deployment llm-d/decode has 6 replicas", within=timedelta(hours=4))


class Office:
    """A desk over memory whose process can be started again, and a cluster that can be changed."""

    def __init__(self) -> None:
        self.store, self.now, self.gone, self.looks = MemoryStore(), NOON, "", 0
        self.restart()

    def restart(self) -> None:
        """Forget everything that only memory holds, as a new process does."""
        self.desk: Desk = builders.desk(self.store.journal, clock=lambda: self.now)
        pause = Pause(journal=self.store.journal, seconds=0)
        self.runs = RunsLoop(
            desk=self.desk,
            moves=Noted(),
            begin=lambda one: builders.started(incident=one.number),
            pause=pause,
        )
        self.due = DueLoop(desk=self.desk, write_postmortem=lambda _: False, pause=pause)
        self.left = LeftLoop(desk=self.desk, gone=self._gone, pause=pause)

    def _gone(self, made: FollowUpMade) -> str:
        assert made.write is not None
        self.looks += 1
        return self.gone

    def turn(self, **later: float) -> "Office":
        """Let time pass, and every loop do what it has to do."""
        self.now += timedelta(**later)
        for loop in (self.runs, self.left, self.due):
            for _ in range(20):
                if not loop.once():
                    break
        return self

    def reminders(self) -> list[datetime]:
        """Return the moments at which somebody was reminded."""
        entries = self.desk.history(1)
        return [one.recorded.at for one in entries if isinstance(one.event, FollowUpReminded)]


@pytest.fixture
def office() -> Office:
    """Let a change be applied that leaves something, and the incident be over right after it."""
    office = Office()
    desk = office.desk
    desk.tell(INCIDENT, builders.report())
    desk.tell(RUN, StartRun(started=builders.started()))
    desk.tell(RUN, RecordPlan(step=STEP, plan=builders.plan(leaves=LEAVES)))
    office.turn()
    desk.tell(APPROVAL, Approve(by="ann", via="cli", digest=DIGEST))
    desk.tell(RUN, builders.claim())
    desk.tell(RUN, FinishStep(step=STEP, approval=APPROVAL, detail="replicas 6"))
    return office.turn()


def test_what_was_applied_is_owed_at_once_by_whoever_approved_it(office: Office) -> None:
    """The shift may end before the change is verified."""
    [one] = office.desk.follow_ups(1).open

    assert (one.made.what, one.owner, one.due) == (
        LEAVES.what,
        "ann",
        NOON + timedelta(hours=4),
    )


def test_it_reminds_after_a_restart_and_when_the_incident_is_long_over(office: Office) -> None:
    """That nobody looks at the incident any more is when it is forgotten."""
    office.desk.tell(INCIDENT, Resolve(by="ann", because="over"))
    office.desk.tell(INCIDENT, NotePostmortem(name="INC-1.md", digest="d"))
    office.turn(hours=3)
    office.restart()
    office.turn(hours=1)
    office.restart()
    for _ in range(3):
        office.turn(minutes=10)
    office.turn(hours=24)

    four, day = NOON + timedelta(hours=4), timedelta(days=1)
    assert office.reminders() == [four, four + timedelta(minutes=30) + day]


def test_seen_undone_it_is_closed_without_a_reminder(office: Office) -> None:
    """Whoever took it back by hand has done it."""
    office.gone = "Deployment llm-d/decode: replicas is 4, written by kubectl"
    office.turn(hours=5)

    [one] = office.desk.follow_ups(1).all.values()
    assert one.done is not None
    assert one.done.because == f"seen undone: {office.gone}"
    assert office.reminders() == []


def test_each_is_looked_at_once_a_minute(office: Office) -> None:
    """A look is a request to the API server."""
    office.looks = 0
    for _ in range(60):
        office.turn(seconds=LOOK.total_seconds() / 60)

    assert office.looks == 1


def test_what_is_done_is_not_looked_at(office: Office) -> None:
    """Nobody owes it any more."""
    office.desk.tell("followups-1", FinishFollowUp(number=1, by="ann", because="it may stay"))
    office.looks = 0
    office.turn(hours=5)

    assert (office.looks, office.reminders()) == (0, [])


def test_somebody_who_was_first_is_no_trouble(office: Office) -> None:
    """A person may say that it is done in the moment in which it is seen."""
    known = office.desk.follow_ups(1)
    done = FinishFollowUp(number=1, by="ann", because="by hand")
    late = LeftLoop(
        desk=office.desk,
        gone=lambda _: str(office.desk.tell(known.id, replace(done)).stream),
        pause=Pause(journal=office.store.journal, seconds=0),
    )

    assert late.once() is False
    [one] = office.desk.follow_ups(1).all.values()
    assert one.done is not None
    assert one.done.by == "ann"
