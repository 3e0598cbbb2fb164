"""What became of a change: never called a success without proof."""

from datetime import timedelta

import pytest

from cluster.signals.reading import NoData, Why
from incidents.commands.run import AskUndo
from incidents.desk import entries
from incidents.errors import Rejected, Unavailable
from incidents.events.run import EffectVerified

STEP = "add-decode"


def ready(world, count: int = 6) -> None:
    world.workload.ready = count
    world.workload.ready_since = world.now


def ended(world):
    world.until(lambda: world.run.outcome is not None)
    return world.step(STEP).verdict, world.run.outcome


def verified(world) -> EffectVerified:
    events = [one.event for one in entries(world.store.journal.read("run-1-1"))]
    return next(event for event in events if isinstance(event, EffectVerified))


def test_the_numbers_before_and_after_are_kept_with_their_queries(applied):
    """The postmortem shows what was compared, and anybody can ask it again."""
    ready(applied)

    ended(applied)

    rows = {one.signal: one for one in verified(applied).comparisons}
    preemptions = rows["preemptions"]
    assert (preemptions.before, preemptions.after, preemptions.met) == (2.0, 0.0, True)
    assert preemptions.query == "q(preemptions)"


def test_pods_that_never_become_ready_are_no_effect(applied):
    """Six replicas on paper serve nobody."""
    assert ended(applied) == ("no effect", "stopped")


def test_traffic_that_doubles_meanwhile_is_worse(applied):
    """More replicas and more pain: the next step must not build on it."""
    ready(applied)
    since = applied.now
    applied.signals.values["preemptions"] = lambda at: 9.0 if at > since else 2.0

    assert ended(applied) == ("worse", "stopped")


def test_prometheus_gone_in_the_window_is_cannot_tell(applied):
    """No data is not zero preemptions."""
    ready(applied)
    gone = NoData(signal="preemptions", why=Why.UNREACHABLE, detail="away")
    applied.signals.values["preemptions"] = lambda _: gone

    assert ended(applied) == ("cannot tell", "stopped")


def test_no_data_before_the_change_is_cannot_tell(planned):
    """Without a before there is nothing to compare with, and the row says why."""
    gone = NoData(signal="waiting", why=Why.STALE, detail="90 s old")
    planned.signals.values["waiting"] = lambda _: gone
    planned.approve()
    planned.settle()
    ready(planned)

    assert ended(planned) == ("cannot tell", "stopped")
    assert "stale" in planned.run.because or "no data" in planned.run.because


def test_somebody_who_scales_back_is_named_at_once(applied):
    """Waiting for the window would leave people believing in a change that is gone."""
    applied.workload.replicas, applied.workload.writer = 4, "kube-controller-manager"

    applied.settle()

    assert applied.step(STEP).verdict == "reverted"
    assert applied.run.because == "add-decode: reverted by kube-controller-manager"


@pytest.mark.parametrize("minutes", [1, 60], ids=["while-settling", "when-verifying"])
def test_a_workload_that_is_gone_is_cannot_tell(applied, minutes):
    """Deleted is neither better nor worse."""
    applied.scale.gone = Rejected("Deployment llm-d/decode is gone")
    applied.later(minutes=minutes)

    applied.settle()

    assert applied.step(STEP).verdict == "cannot tell"


def test_a_cluster_that_is_away_while_settling_is_asked_again(applied):
    """An API server that restarts is no verdict."""
    applied.scale.away = Unavailable("the API server is away")
    applied.settle()
    waits = applied.waits()
    applied.scale.away = None
    ready(applied)

    assert waits == "add-decode: it cannot be watched: the API server is away"
    assert ended(applied) == ("verified", "completed")


def test_a_cluster_that_stays_away_ends_as_cannot_tell(applied):
    """Patience ends five minutes after the window; then people must look."""
    applied.scale.away = Unavailable("the API server is away")
    applied.later(minutes=27)
    applied.settle()
    waits = applied.waits()

    assert waits == "add-decode: it cannot be verified yet: the API server is away"
    assert ended(applied) == ("cannot tell", "stopped")
    assert applied.now <= applied.step(STEP).applied_at + timedelta(minutes=32)


def test_an_undo_that_is_scaled_up_again_is_reverted(applied):
    """An undo proves that it came about, and says when it did not."""
    ready(applied)
    ended(applied)
    applied.tell(AskUndo(step=STEP, by="bob", because="traffic is gone"))
    applied.settle()
    applied.approve("undo-add-decode")
    applied.settle()
    applied.workload.replicas, applied.workload.writer = 8, "hpa/decode"

    applied.settle()

    assert applied.step("undo-add-decode").verdict == "reverted"
    assert applied.run.outcome == "stopped"


def test_an_undo_whose_pods_never_settle_is_no_effect(applied):
    """The run ends, and says that it did not come about."""
    ready(applied)
    ended(applied)
    applied.tell(AskUndo(step=STEP, by="bob", because="traffic is gone"))
    applied.settle()
    applied.approve("undo-add-decode")
    applied.settle()

    applied.until(lambda: applied.run.outcome is not None)

    assert applied.step("undo-add-decode").verdict == "no effect"
