"""The shipped runbook in the world that it is for, and in worlds where it does not help."""

import pytest

from drills.faults import MoreTraffic, PodsNeverReady, PrometheusGone, ScaledBackBySomebody


def test_the_shipped_runbook_ends_a_preemption_storm(rehearse):
    """The whole line below the desk, with real clients: found, planned, applied, proven."""
    rehearsal = rehearse()
    plan = rehearsal.run.step("add-decode").plan

    rehearsal.approve()
    run = rehearsal.end()

    assert run.step("kv-cache").verdict == "exhausted"
    assert (plan.before, plan.after) == ((("replicas", "4"),), (("replicas", "6"),))
    assert (run.step("add-decode").verdict, run.outcome) == ("verified", "completed")


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        pytest.param(PodsNeverReady(), "no effect", id="pods-never-ready"),
        pytest.param(MoreTraffic(), "worse", id="traffic-doubles"),
        pytest.param(PrometheusGone(), "cannot tell", id="prometheus-gone"),
        pytest.param(ScaledBackBySomebody(), "reverted", id="scaled-back"),
    ],
)
def test_a_change_that_did_not_help_is_never_called_verified(rehearse, fault, verdict):
    """The faults change causes only; the verdict is read off the world."""
    rehearsal = rehearse()
    rehearsal.world.put(fault)

    rehearsal.approve()
    run = rehearsal.end()

    assert (run.step("add-decode").verdict, run.outcome) == (verdict, "stopped")


def test_a_healthy_pool_is_left_alone(world, rehearse):
    """A runbook that is started by mistake changes nothing and says that all is well."""
    world.reset(story="quiet")

    run = rehearse().end()

    assert run.step("kv-cache").verdict == "healthy"
    assert (run.outcome, run.plans) == ("completed", 0)
    world.reset(story="kv-cache")


def test_a_pool_without_a_past_is_healthy_and_says_what_nobody_can_tell(world, rehearse):
    """Whether the prefix cache was lost needs an hour before; the other rows do not."""
    world.reset(story="quiet")

    run = rehearse().run

    found = run.step("kv-cache")
    assert found.verdict == "healthy"
    assert "; not judged: prefix_thrash (prefix_hit_ratio_baseline: no data" in found.because
    assert run.plans == 0
    world.reset(story="kv-cache")


def test_a_pool_with_a_past_is_healthy_in_every_row(world, rehearse):
    """What was there an hour before is read, and nothing is left open."""
    world.reset(story="quiet")
    world.advance(4000)

    found = rehearse().run.step("kv-cache")

    assert (found.verdict, "not judged" in found.because) == ("healthy", False)
    world.reset(story="kv-cache")
