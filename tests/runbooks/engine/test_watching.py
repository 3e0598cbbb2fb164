"""What is verified is watched: what an autoscaler takes back a minute later is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents.commands.run import AskUndo
from incidents.errors import Rejected, Unavailable
from incidents.timeline import rows
from runbooks.engine import moves
from runbooks.engine.watching import PATIENCE, SYNC

STEP = "add-decode"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def verified(applied):
    """Play the story up to the moment at which verification has said that it helped."""
    applied.workload.ready, applied.workload.ready_since = 6, applied.now
    applied.until(lambda: applied.step(STEP).verdict == "verified")
    return applied


def reverted(world, by="kubectl-scale"):
    """Let somebody write the old number."""
    world.workload.replicas, world.workload.writer, world.workload.ready = 4, by, 4


def test_a_change_that_stays_for_four_syncs_ends_the_run(verified):
    """Only then is nobody left who could take it back by himself."""
    before = verified.run.outcome
    verified.until(lambda: verified.run.outcome is not None, every=5)

    assert (before, verified.run.outcome) == (None, "completed")
    state = verified.step(STEP)
    assert (state.verdict, state.watch) == ("verified", None)
    told = [row.text for row in rows(verified.desk.history(1))]
    assert "add-decode stays: nobody has changed it back within 1m" in told


@pytest.mark.parametrize("seconds", [1, 15, 44, 59])
def test_who_reverts_it_after_it_was_verified_is_named(verified, seconds):
    """The headline said that it helped; it does no longer."""
    verified.later(seconds=seconds)
    reverted(verified)

    verified.until(lambda: verified.run.outcome is not None, every=5)

    state = verified.step(STEP)
    assert (state.verdict, state.because) == ("reverted", "by kubectl-scale")
    assert (verified.run.outcome, verified.run.because) == (
        "stopped",
        "add-decode: reverted by kubectl-scale",
    )


def test_a_restart_in_the_middle_goes_on_watching(verified):
    """The row has the moment; what the last process saw is asked again."""
    verified.later(seconds=20)
    reverted(verified)

    verified.restarted()
    verified.settle()

    assert verified.step(STEP).verdict == "reverted"


def test_a_restart_long_after_its_end_looks_once_more(verified):
    """Nobody watched for an hour: what stands now is what can be said."""
    verified.later(hours=1)
    verified.restarted()

    verified.settle()

    assert verified.run.outcome == "completed"


def test_it_is_looked_once_a_sync_however_often_the_loop_asks(verified):
    """An API server has other clients: four syncs are five looks, the first at once."""
    looks = Counting(verified)
    for _ in range(240):
        verified.advance()
        verified.later(seconds=0.25)
    verified.settle()

    assert verified.run.outcome == "completed"
    assert looks.times <= 5


def test_the_loop_may_rest_between_two_looks(verified):
    """The move says when it is worth looking again; the last look is at the end."""
    move = verified.runner.next_move("run-1-1")

    assert move == moves.Watch(
        step=STEP, until=verified.step(STEP).watch.until, every=timedelta(seconds=15)
    )
    assert move.after(move.until - MINUTE) == move.until - MINUTE + SYNC
    assert move.after(move.until - SYNC / 3) == move.until
    assert move.after(move.until) == move.until + SYNC


@pytest.mark.parametrize(
    ("body", "every"),
    [
        pytest.param({"spec": {"pollingInterval": 40}}, 40, id="as-it-says"),
        pytest.param({"spec": {"pollingInterval": 5}}, 15, id="never-under-the-autoscalers"),
        pytest.param({"spec": {}}, 30, id="kedas-own-default"),
        pytest.param({"spec": {"pollingInterval": 86_400}}, 600, id="not-for-a-day"),
        pytest.param({"spec": "?"}, 30, id="not-as-its-api-says"),
        pytest.param(None, 30, id="not-to-be-seen"),
    ],
)
def test_keda_is_given_four_of_its_own_intervals(story, body, every):
    """A ScaledObject that asks its triggers every 40 s acts later than an autoscaler."""
    story.scale.path = ("Deployment decode", "HorizontalPodAutoscaler x", "ScaledObject decode")
    story.objects.bodies = {} if body is None else {"decode": body}
    story.settle()
    story.approve()
    story.settle()
    story.workload.ready, story.workload.ready_since = 6, story.now

    story.until(lambda: story.step(STEP).verdict == "verified")

    watch = story.step(STEP).watch
    assert watch.every == timedelta(seconds=every)
    assert watch.until == story.now + 4 * watch.every


def test_a_cluster_that_is_away_is_asked_again_and_then_nobody_can_tell(verified):
    """What was verified stays so; that nobody could look is said."""
    verified.scale.away = Unavailable("the API server is away")
    verified.later(seconds=15)
    verified.settle()
    waits = verified.waits()
    verified.later(seconds=75 + PATIENCE.total_seconds())
    verified.settle()

    assert waits == "add-decode: it cannot be seen whether it stays: the API server is away"
    told = [row.text for row in rows(verified.desk.history(1))]
    assert "add-decode: cannot tell: the API server is away" in told
    assert (verified.step(STEP).verdict, verified.run.outcome) == ("verified", "completed")


def test_an_object_that_is_gone_ends_the_watch(verified):
    """Deleted and made anew: there is nothing left to look at."""
    verified.scale.gone = Rejected("Deployment llm-d/decode: gone")
    verified.later(seconds=15)

    verified.settle()

    assert verified.run.outcome == "completed"


def test_an_undo_in_the_middle_is_no_revert(verified):
    """People take it back: that is told by their undo, and not as somebody else's doing."""
    verified.tell(AskUndo(step=STEP, by="bob", because="traffic is gone"))
    verified.settle()
    verified.approve("undo-add-decode", by="bob")
    verified.settle()
    verified.workload.ready, verified.workload.ready_since = 4, verified.now
    verified.until(lambda: verified.run.outcome is not None)

    assert verified.run.outcome == "undone"
    assert verified.step(STEP).verdict == "verified"


def test_an_undo_is_watched_as_well(applied):
    """An autoscaler may take back an undo as it does anything else."""
    applied.workload.ready, applied.workload.ready_since = 6, applied.now
    applied.until(lambda: applied.run.outcome is not None)
    applied.tell(AskUndo(step=STEP, by="bob", because="traffic is gone"))
    applied.settle()
    applied.approve("undo-add-decode", by="bob")
    applied.settle()
    applied.workload.ready, applied.workload.ready_since = 4, applied.now
    applied.until(lambda: applied.step("undo-add-decode").verdict == "verified", every=1)
    applied.workload.replicas, applied.workload.writer = 6, "an autoscaler"

    applied.until(lambda: applied.run.outcome is not None)

    assert applied.run.because == "undo-add-decode: reverted by an autoscaler"


class Counting:
    """Counts how often the cluster was asked how the change stands."""

    def __init__(self, world):
        self.times = 0
        self._ask = world.scale.settled
        world.scale.settled = self

    def __call__(self, plan):
        self.times += 1
        return self._ask(plan)


def test_what_wrote_no_field_is_not_watched(story):
    """A pod that is gone is gone: nobody can change that back."""
    story.scale.write = replace(story.scale.write, fields=())
    story.settle()
    story.approve()
    story.settle()
    story.workload.ready, story.workload.ready_since = 6, story.now

    story.until(lambda: story.step(STEP).verdict == "verified")

    assert (story.step(STEP).watch, story.run.outcome) == (None, "completed")
