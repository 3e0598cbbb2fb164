"""A hand that stood still after its claim: it writes nothing late, and hides nothing it wrote."""

from datetime import timedelta

import pytest

from incidents.commands.desk import Freeze
from incidents.commands.incident import Resolve
from incidents.commands.run import (
    AskUndo,
    ClaimStep,
    ContinueFrom,
    RaiseDoubt,
    RetryStep,
    SettleDoubt,
)
from incidents.errors import Conflict, NotDone, Rejected, Unavailable
from incidents.run import StepStatus
from incidents.timeline import rows
from runbooks.engine import moves
from tests.builders import INCIDENT

STEP = "add-decode"
RUN = "run-1-1"


class StallingDesk:
    """The desk of a process that stands still between its claim and its write."""

    def __init__(self, world, stall):
        self._world, self._stall = world, stall

    def __getattr__(self, name):
        return getattr(self._world.desk, name)

    def tell(self, stream, command):
        told = self._world.desk.tell(stream, command)
        if isinstance(command, ClaimStep):
            self._stall()
        return told


def stalled(world, stall, *, step=STEP):
    """Approve, and let the runner stand still after its claim while `stall` happens."""
    desk = world.desk
    world.approve(step)
    world.desk = StallingDesk(type("There", (), {"desk": desk}), stall)
    world.restarted()
    world.desk = desk
    world.advance()


def doubt(world):
    approval = world.step(STEP).approval
    world.tell(RaiseDoubt(step=STEP, approval=approval, because="it does not answer"))


def give_up(world):
    doubt(world)
    world.tell(SettleDoubt(step=STEP, applied=False, by="bob", reason="looked"))


def freeze(world):
    world.desk.tell("desk", Freeze(scope="all", by="bob", reason="sales demo"))


def resolve(world):
    world.desk.tell(INCIDENT, Resolve(by="bob", because="the tenant left"))


@pytest.mark.parametrize(
    ("stall", "because"),
    [
        pytest.param(
            lambda world: world.later(hours=1),
            "the approval ended at 12:10:00, before the write",
            id="too-late",
        ),
        pytest.param(
            lambda world: world.later(minutes=10),
            "the approval ended at 12:10:00, before the write",
            id="at-its-end",
        ),
        pytest.param(freeze, "all was frozen before the write", id="frozen"),
        pytest.param(resolve, "the incident was resolved before the write", id="resolved"),
    ],
)
def test_a_claim_whose_permit_is_gone_is_given_back_unwritten(planned, stall, because):
    """Alice approved for ten minutes, of a cluster that nobody had frozen."""
    stalled(planned, lambda: stall(planned))

    state = planned.step(STEP)
    assert (state.status, state.because) == (StepStatus.FAILED, because)
    assert planned.scale.applied == []
    assert planned.store.journal.hold("claim", "uid-decode") is None


def test_a_claim_that_was_settled_meanwhile_is_not_written(planned):
    """Bob looked, saw four replicas and wrote that it did not happen: so it must not."""
    stalled(planned, lambda: give_up(planned))

    assert planned.scale.applied == []
    assert planned.step(STEP).because == "looked"


def test_a_conflict_asks_for_the_permit_again(planned):
    """An hour between claim and write, and everything happened meanwhile."""

    def night():
        planned.scale.before_apply = lambda: None
        planned.later(hours=1)
        give_up(planned)
        freeze(planned)
        planned.workload.version += 1

    planned.scale.before_apply = night
    planned.approve()

    planned.settle()

    assert planned.scale.applied == []
    assert planned.step(STEP).because == "looked"


def test_a_freeze_between_two_attempts_stops_the_second(planned):
    """The first attempt lost a race; the second would change what is frozen by now."""
    planned.scale.faults = [("before", Conflict("modified"))]
    planned.scale.before_apply = lambda: freeze(planned)
    planned.approve()

    planned.settle()

    assert planned.scale.applied == []
    assert planned.step(STEP).because == "all was frozen before the write"


def test_an_undo_is_written_after_the_end(applied):
    """The incident that is over stops what was meant for it, not the way back."""
    applied.workload.ready, applied.workload.ready_since = 6, applied.now
    applied.until(lambda: applied.run.outcome is not None)
    applied.tell(AskUndo(step=STEP, by="bob", because="traffic is gone"))
    applied.settle()

    stalled(applied, lambda: resolve(applied), step="undo-add-decode")

    assert applied.scale.applied[1:] == [("run-1-1/undo-add-decode/2", 4)]


def late(world, meanwhile, fault=None):
    """Approve; `meanwhile` happens while the request is on its way, and then it arrives."""

    def on_its_way():
        world.scale.before_apply = lambda: None
        meanwhile(world)

    world.scale.before_apply = on_its_way
    world.scale.faults = [fault] if fault else []
    world.approve()
    world.advance()


def test_a_late_success_settles_the_doubt(planned):
    """The one who doubted could not know; the one who wrote does."""
    late(planned, doubt)

    state = planned.step(STEP)
    assert (state.status, state.because) == (
        StepStatus.APPLIED,
        "its write ended late: replicas 6",
    )


def test_a_late_success_after_a_wrong_no_is_a_doubt_again(planned):
    """Six replicas run while the journal says that nothing happened: a person has to look."""
    late(planned, give_up)

    state = planned.step(STEP)
    assert (state.status, state.because) == (
        StepStatus.IN_DOUBT,
        "it was settled, and after that its write ended: replicas 6",
    )


def test_a_late_success_opens_a_run_that_is_over(planned):
    """Nobody looks at a run that ended; what it changed can be proven and undone again."""

    def given_up(world):
        give_up(world)
        world.restarted().advance(RUN)
        assert world.run.outcome == "stopped"

    late(planned, given_up)
    blocked = planned.runner.next_move(RUN)
    planned.tell(SettleDoubt(step=STEP, applied=True, by="bob", reason="it is there"))

    assert blocked == moves.Blocked(
        step=STEP,
        because="add-decode is in doubt: it was settled, and after that its write ended:"
        " replicas 6",
    )
    assert (planned.run.outcome, planned.step(STEP).status) == (None, StepStatus.APPLIED)


def test_a_late_success_that_a_person_knew_of_is_no_news(planned):
    """Bob saw six replicas and said so."""

    def confirmed(world):
        doubt(world)
        world.tell(SettleDoubt(step=STEP, applied=True, by="bob", reason="six are there"))

    late(planned, confirmed)

    assert planned.step(STEP).because == "six are there"


def test_a_late_success_fails_the_next_try(planned):
    """It was to be planned from four replicas, which are six now."""

    def retried(world):
        give_up(world)
        world.tell(RetryStep(step=STEP, by="bob", because="once more"))

    late(planned, retried)

    state = planned.step(STEP)
    assert (state.status, state.because) == (
        StepStatus.FAILED,
        "an earlier write of it ended late: replicas 6",
    )


def test_a_late_success_under_a_second_claim_is_said_aloud(planned):
    """The second try goes on; whoever looks must know that the first one wrote as well."""

    def claimed_again(world):
        give_up(world)
        world.tell(RetryStep(step=STEP, by="bob", because="once more"))
        other = world.restarted()
        other.advance(RUN)
        world._ask()
        world.approve()
        world.scale.faults = [("before", Unavailable("timed out"))]
        other.advance(RUN)
        world.runner = first

    first = planned.runner
    late(planned, claimed_again)

    assert rows(planned.desk.history(1))[-1].text == (
        "add-decode: the write of an earlier try (approval-1-1-1) took place: replicas 6"
    )
    assert planned.step(STEP).because == "the answer was lost: timed out"


@pytest.mark.parametrize(
    ("meanwhile", "status"),
    [
        pytest.param(give_up, StepStatus.IN_DOUBT, id="after-a-no"),
        pytest.param(doubt, StepStatus.IN_DOUBT, id="in-doubt"),
    ],
)
def test_a_lost_answer_after_the_claim_was_settled_is_a_doubt(planned, meanwhile, status):
    """The request left; whoever said no before that cannot have known where it is."""
    late(planned, meanwhile, fault=("before", Unavailable("timed out")))

    assert planned.step(STEP).status is status


def test_a_write_that_failed_after_the_claim_was_settled_changes_nothing(planned):
    """What certainly did not happen needs no second word."""
    late(planned, give_up, fault=("before", NotDone("connection refused")))

    assert planned.step(STEP).because == "looked"


def test_what_took_place_late_is_not_undone_by_going_on(planned):
    """The doubt has to be settled before the run goes on over it."""
    late(planned, give_up)

    with pytest.raises(Rejected, match="settle it first"):
        planned.tell(ContinueFrom(step=STEP, by="bob", because="go on"))
    assert planned.now - planned.run.opened_at < timedelta(minutes=1)
