"""Between the click and the effect: nothing happens twice, and nothing happens unapproved."""

from datetime import timedelta

import pytest

from incidents.commands.desk import Freeze, Thaw
from incidents.commands.incident import Resolve
from incidents.commands.run import AskUndo, RetryStep, SettleDoubt, SkipStep
from incidents.errors import Conflict, NotDone, Rejected, Unavailable
from incidents.incident import Incident
from incidents.run import StepStatus
from incidents.timeline import rows
from runbooks.engine import moves
from runbooks.engine.changing import TRIES, Limits
from runbooks.engine.runner import Runner
from tests.builders import INCIDENT, judgement, report

STEP = "add-decode"


def test_a_changed_world_voids_the_approval_and_asks_anew(planned):
    """Alice approved 4 to 6; with five replicas by now it would be another change."""
    planned.approve()
    planned.workload.replicas, planned.workload.version = 5, 2

    planned.settle()

    state = planned.step(STEP)
    assert (state.status, state.voids, state.approval) == (
        StepStatus.PLANNED,
        1,
        "approval-1-1-2",
    )
    assert state.because == "meanwhile replicas 4 became replicas 5"
    assert planned.scale.applied == []


def test_a_change_that_became_impossible_is_refused_and_not_applied(planned):
    """Somebody scaled to the ceiling by hand: there is nothing left to approve."""
    planned.approve()
    planned.workload.replicas = 16

    planned.settle()

    assert planned.step(STEP).status is StepStatus.REFUSED
    assert planned.run.outcome == "stopped"
    assert planned.scale.applied == []


@pytest.mark.parametrize("scope", ["all", "llm-d"])
def test_a_freeze_stops_the_claim_until_it_is_thawed(planned, scope):
    """Freeze means: whatever was approved, nothing changes until somebody thaws it."""
    planned.desk.tell("desk", Freeze(scope=scope, by="bob", reason="sales demo"))
    planned.approve()
    planned.settle()
    frozen = (
        planned.step(STEP).status,
        list(planned.scale.applied),
        planned.waits(),
    )

    planned.desk.tell("desk", Thaw(scope=scope, by="bob", reason="over"))
    planned.settle()

    assert frozen[:2] == (StepStatus.PLANNED, [])
    where = {"all": "anywhere", "llm-d": "in llm-d"}[scope]
    assert frozen[2] == f"add-decode: nothing may be changed {where} until somebody thaws it"
    assert planned.step(STEP).status is StepStatus.APPLIED


def test_an_expired_approval_is_planned_again_once_and_then_blocks(planned):
    """A question that nobody answers twice is for a person, not for a third question."""
    planned.expire()
    planned.settle()
    again = planned.step(STEP)
    planned.expire()

    planned.settle()

    assert (again.status, again.approval) == (StepStatus.PLANNED, "approval-1-1-2")
    blocked = (
        "nobody answered twice; the run waits for a person: "
        "triaged run continue run-1-1 add-decode asks again, "
        "triaged run skip run-1-1 add-decode leaves it out"
    )
    assert planned.runner.next_move("run-1-1") == moves.Blocked(step=STEP, because=blocked)
    assert planned.waits() == f"add-decode: {blocked}"
    told = [row.text for row in rows(planned.desk.history(1))]
    assert told.count(f"add-decode waits: {blocked}") == 1


def test_a_grant_that_nobody_used_in_time_is_not_claimed(planned):
    """The frozen cluster thawed an hour later: Alice's yes was for then."""
    planned.approve()
    planned.later(minutes=11)

    planned.settle()

    assert planned.scale.applied == []


def test_a_refused_change_fails_the_step_with_who_and_why(planned):
    """The run ends there, and the timeline says that it was a person's decision."""
    planned.refuse()

    planned.settle()

    assert planned.run.because == "add-decode: failed: refused by alice: not now"
    assert planned.scale.applied == []


def test_a_write_that_lost_a_race_is_written_again_when_it_is_the_same_change(planned):
    """Every status update moves the resourceVersion; an approval must survive that."""
    planned.scale.faults = [("before", Conflict("the object has been modified"))]
    planned.approve()

    planned.settle()

    assert planned.scale.applied == [("run-1-1/add-decode/1", 6)]
    assert planned.step(STEP).status is StepStatus.APPLIED


def test_a_write_that_never_wins_the_race_is_given_up(planned):
    """Three conflicts in a row are somebody else at work."""
    planned.scale.faults = [("before", Conflict("modified"))] * TRIES
    planned.approve()

    planned.settle()

    assert planned.step(STEP).because == "modified"
    assert planned.run.outcome == "stopped"


def test_a_conflict_with_another_change_is_not_written_again(planned):
    """After the conflict it would be 5 to 8, and nobody approved that."""

    def meddle():
        planned.workload.replicas, planned.workload.version = 5, 2

    planned.scale.before_apply = meddle
    planned.approve()

    planned.settle()

    assert planned.scale.applied == []
    assert planned.step(STEP).status is StepStatus.FAILED


def test_a_conflict_in_a_cluster_that_went_away_is_not_written_again(planned):
    """Without a fresh plan nobody knows whether it is still the approved change."""

    def vanish():
        planned.scale.away = Unavailable("the API server is away")

    planned.scale.before_apply = vanish
    planned.scale.faults = [("before", Conflict("modified"))]
    planned.approve()

    planned.settle()

    assert planned.step(STEP).status is StepStatus.FAILED


@pytest.mark.parametrize("error", [Rejected("admission says no"), NotDone("connection refused")])
def test_a_write_that_certainly_did_not_happen_gives_the_claim_back(planned, error):
    """The target must be free for the next run at once."""
    planned.scale.faults = [("before", error)]
    planned.approve()

    planned.settle()

    assert planned.step(STEP).status is StepStatus.FAILED
    assert planned.store.journal.hold("claim", "uid-decode") is None


def test_a_lost_answer_of_a_write_that_arrived_is_looked_up(planned):
    """The most common doubt settles itself: our own mark is on the object."""
    planned.scale.faults = [("after", Unavailable("timed out"))]
    planned.approve()

    planned.settle()

    assert planned.step(STEP).because == "found done: the answer was lost"
    assert planned.scale.applied == [("run-1-1/add-decode/1", 6)]


def test_a_lost_answer_of_a_write_that_is_not_there_is_a_doubt(planned):
    """It may still arrive: only a person may say that it did not happen."""
    planned.scale.faults = [("before", Unavailable("timed out"))]
    planned.approve()
    planned.settle()
    doubt = planned.step(STEP)

    planned.tell(SettleDoubt(step=STEP, applied=False, by="bob", reason="looked"))
    planned.settle()

    assert (doubt.status, doubt.because) == (
        StepStatus.IN_DOUBT,
        "the answer was lost: timed out",
    )
    assert planned.run.outcome == "stopped"


class Crash(BaseException):
    """The process is killed here."""


@pytest.mark.parametrize(
    ("when", "status"),
    [
        pytest.param("after", StepStatus.APPLIED, id="after-the-write"),
        pytest.param("before", StepStatus.IN_DOUBT, id="before-the-write"),
    ],
)
def test_a_crash_around_the_write_is_found_out_and_never_repeated(planned, when, status):
    """The claim stands in the journal; the world is asked what became of it."""
    planned.scale.faults = [(when, Crash())]
    planned.approve()
    with pytest.raises(Crash):
        planned.settle()
    writes = len(planned.scale.applied)

    planned.restarted()
    planned.settle()

    assert planned.step(STEP).status is status
    assert len(planned.scale.applied) == writes


def test_a_crash_in_a_world_that_cannot_tell_is_a_doubt(planned):
    """Somebody else wrote since: neither our mark nor its absence proves anything."""
    planned.scale.faults = [("before", Crash())]
    planned.approve()
    with pytest.raises(Crash):
        planned.settle()
    planned.workload.version = 9

    planned.restarted()
    planned.settle()

    assert "the cluster does not tell" in planned.step(STEP).because


def test_a_retry_after_a_change_has_another_key(planned):
    """With the old key the old write would be taken for the new one."""
    planned.scale.faults = [("before", Rejected("quota"))]
    planned.approve()
    planned.settle()
    planned.tell(RetryStep(step=STEP, by="bob", because="quota was raised"))
    planned.settle()
    planned.approve()

    planned.settle()

    assert planned.scale.applied == [("run-1-1/add-decode/2", 6)]


def test_a_cluster_that_is_away_at_the_claim_leaves_the_approval_standing(planned):
    """An API server that restarts for a minute must not cost a second click."""
    planned.scale.away = Unavailable("the API server is away")
    planned.approve()
    planned.settle()
    waits = planned.waits()
    planned.scale.away = None

    planned.settle()

    assert waits == "add-decode: the API server is away"
    assert planned.step(STEP).status is StepStatus.APPLIED


def test_planning_gives_up_after_the_timeout_of_the_step(story):
    """A run that waits for a cluster for ever is forgotten by everybody."""
    story.scale.away = Unavailable("the API server is away")
    story.settle()
    waits = story.waits()

    story.later(minutes=31)
    story.settle()

    assert waits == "add-decode: it cannot be planned: the API server is away"
    assert story.run.because == "add-decode: failed: the API server is away"


def test_a_budget_that_is_spent_stops_the_claim(planned):
    """Four approved changes of one target in an hour: the fifth waits, whoever approved it."""
    for number in range(4):
        planned.approve()
        planned.scale.faults = [("before", Rejected("quota"))]
        planned.settle()
        planned.tell(RetryStep(step=STEP, by="bob", because=f"try {number}"))
        planned.settle()
    planned.approve()

    planned.settle()

    assert planned.scale.applied == []
    assert planned.waits() == (
        "add-decode: its workload was changed as often as it may be: "
        "budget changes:uid-decode: 4 of 4 are spent within 1:00:00"
    )


def test_what_was_approved_is_not_done_once_the_incident_is_over(planned):
    """Bob resolves between Alice's click and the claim: her yes was for the storm."""
    planned.approve()
    planned.desk.tell(INCIDENT, Resolve(by="bob", because="the tenant left"))

    planned.settle()

    assert planned.scale.applied == []
    assert planned.waits() == (
        "add-decode: its incident is over: only an undo may still change anything"
    )


def test_an_incident_of_the_same_key_does_not_stand_in_for_the_one_that_is_over(planned):
    """The next storm has a run and an approval of its own."""
    planned.approve()
    planned.desk.tell(INCIDENT, Resolve(by="bob", because="the tenant left"))
    planned.desk.tell("incident-2", report(judgement("Again"), number=2))

    planned.settle()

    assert planned.scale.applied == []


def test_a_run_without_an_incident_claims_nothing(planned):
    """Whatever began it, nobody would be told what it did."""
    planned.approve()
    lonely = LonelyDesk(planned.desk)
    planned.desk = lonely
    planned.restarted()

    planned.settle()

    assert planned.scale.applied == []


class LonelyDesk:
    """The desk of a journal whose incident stream was lost."""

    def __init__(self, desk):
        self.run, self.approval, self.freeze = desk.run, desk.approval, desk.freeze
        self.tell = desk.tell

    def incident(self, number):
        return Incident(id=f"incident-{number}")


@pytest.fixture
def undoable(applied):
    """Play the story to its end, and let Bob ask for the way back."""
    applied.workload.ready, applied.workload.ready_since = 6, applied.now
    applied.until(lambda: applied.run.outcome is not None)
    return applied


def test_a_change_is_taken_back_after_the_end(undoable):
    """People scale down when the storm is long over."""
    undoable.desk.tell(INCIDENT, Resolve(by="bob", because="the tenant left"))
    undoable.tell(AskUndo(step=STEP, by="bob", because="traffic is gone"))
    undoable.settle()
    undoable.approve("undo-add-decode")

    undoable.settle()

    assert undoable.scale.applied[1:] == [("run-1-1/undo-add-decode/2", 4)]


def test_a_change_is_taken_back_when_the_budget_is_spent(undoable):
    """The budget stops those who keep changing things, not those who repair that."""
    undoable.runner = Runner(
        desk=undoable.desk,
        tools=undoable.tools(),
        runbooks=undoable.shelf,
        verbs=undoable.verbs,
        clock=lambda: undoable.now,
        limits=Limits(changes=1),
    )
    undoable.tell(AskUndo(step=STEP, by="bob", because="traffic is gone"))
    undoable.settle()
    undoable.approve("undo-add-decode")

    undoable.settle()

    assert undoable.scale.applied[1:] == [("run-1-1/undo-add-decode/2", 4)]


def test_a_freeze_holds_an_undo_too(undoable):
    """Frozen means that nothing moves, in either direction."""
    undoable.desk.tell("desk", Freeze(scope="all", by="bob", reason="sales demo"))
    undoable.tell(AskUndo(step=STEP, by="bob", because="traffic is gone"))
    undoable.settle()
    undoable.approve("undo-add-decode")

    undoable.settle()

    assert undoable.scale.applied[1:] == []


def test_a_step_that_a_person_left_out_is_not_applied(planned):
    """Alice approves while Bob skips: the plan no longer stands."""
    planned.tell(SkipStep(step=STEP, by="bob", because="traffic is gone"))

    planned.settle()

    assert planned.scale.applied == []
    assert planned.run.outcome == "completed"


def test_an_action_that_this_cluster_does_not_have_is_refused(story):
    """A runbook may be newer than the hands that carry it out."""
    story.scale.name = "other"
    story.restarted()

    story.settle()

    assert story.step(STEP).because == "there is no action scale here"


def test_an_undo_of_a_workload_that_was_made_anew_is_refused(applied):
    """Four replicas of the old object say nothing about the new one."""
    applied.workload.ready = 6
    applied.workload.ready_since = applied.now
    applied.until(lambda: applied.run.outcome is not None)
    applied.workload.uid = "uid-new"
    applied.tell(AskUndo(step=STEP, by="bob", because="traffic is gone"))

    applied.settle()

    assert applied.step("undo-add-decode").status is StepStatus.REFUSED
    assert applied.run.outcome == "stopped"


def test_five_plans_that_did_not_hold_are_enough(planned):
    """A world that moves faster than people can approve needs a person, not a sixth card."""
    for number in range(5):
        planned.approve()
        planned.workload.replicas = 5 + number % 2
        planned.settle()

    assert planned.step(STEP).status is StepStatus.FAILED
    assert planned.scale.applied == []
    assert planned.now - planned.run.opened_at < timedelta(minutes=1)
