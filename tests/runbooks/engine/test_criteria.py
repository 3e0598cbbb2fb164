"""Escalation criteria: evaluated by the clock, and only on what is known."""

from datetime import timedelta

import pytest

from cluster.signals.reading import NoData, Why
from incidents.commands.run import AnswerAsk
from incidents.errors import Unavailable

WATCHED = """
title: Watched
steps:
  - {id: hold, title: Hold, do: ask, with: {question: Done?}, timeout: 2h}
escalate:
  - {id: slow, title: Too slow, signal: ttft_p95, above: 5, for: 30m}
  - {id: idle, title: No traffic, signal: request_rate, below: 1, for: 40m}
  - {id: spread, title: Several services, ask: Are several affected?, after: 15m}
"""


@pytest.fixture
def world(make_world):
    world = make_world(WATCHED)
    world.signals.values["request_rate"] = lambda _: 10.0
    world.settle()
    return world


def wait(world, minutes: int) -> None:
    for _ in range(minutes):
        world.later(minutes=1)
        world.settle()


def test_a_signal_that_stays_above_its_bound_escalates(world):
    """Thirty minutes above five seconds: more people are called without anybody asking."""
    world.signals.values["ttft_p95"] = lambda _: 7.0

    wait(world, 29)
    early = set(world.run.criteria)
    wait(world, 2)

    assert (early, set(world.run.criteria)) == (set(), {"slow"})


def test_a_signal_that_stays_below_its_bound_escalates(world):
    """A bound can be a floor."""
    world.signals.values["request_rate"] = lambda _: 0.2

    wait(world, 41)

    assert set(world.run.criteria) == {"idle"}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(lambda at: 2.0 if at.minute == 20 else 7.0, id="it-dipped"),
        pytest.param(
            lambda _: NoData(signal="ttft_p95", why=Why.EMPTY, detail=""), id="nothing-is-known"
        ),
        pytest.param(
            lambda at: (
                7.0 if at.minute >= 25 else NoData(signal="ttft_p95", why=Why.EMPTY, detail="")
            ),
            id="known-since-a-moment",
        ),
    ],
)
def test_what_did_not_hold_all_the_time_does_not_escalate(world, value):
    """A gap or a dip is no thirty minutes."""
    world.signals.values["ttft_p95"] = value

    wait(world, 34)

    assert set(world.run.criteria) == frozenset()


def test_a_cluster_that_is_away_escalates_nothing(world):
    """Nothing known is nothing held."""
    world.signals.values["ttft_p95"] = lambda _: 7.0
    world.targets.refuse = Unavailable("the API server is away")

    wait(world, 32)

    assert set(world.run.criteria) == frozenset()


@pytest.mark.parametrize(("answer", "met"), [("yes", frozenset({"spread"})), ("no", frozenset())])
def test_a_criterion_that_only_people_know_is_asked(world, answer, met):
    """A yes escalates; a no is the end of it."""
    wait(world, 16)
    world.tell(AnswerAsk(step="criterion-spread", answer=answer, by="bob"))

    wait(world, 2)

    assert set(world.run.criteria) == met


def test_criteria_are_looked_at_twice_a_minute_at_most(world):
    """The loop calls every second; Prometheus must not be asked as often."""
    asked = []
    world.signals.values["ttft_p95"] = lambda at: asked.append(at) or 1.0
    world.later(minutes=31)
    world.settle()
    once = len(asked)

    world.later(seconds=5)
    world.settle()

    assert len(asked) == once > 0
    assert world.now - world.run.opened_at == timedelta(minutes=31, seconds=5)


def test_a_look_finds_the_target_once(world):
    """Finding it reads all pods of the namespace, and a runbook has up to six criteria."""
    found = []
    find = world.targets.find
    world.targets.find = lambda selector: found.append(selector) or find(selector)
    world.later(minutes=41)

    world.settle()

    assert len(found) == 1


def test_a_run_that_is_over_is_still_watched(world):
    """Pain that goes on after the last step is what criteria are for."""
    asked = []
    world.signals.values["ttft_p95"] = lambda at: asked.append(at) or 1.0
    world.tell(AnswerAsk(step="hold", answer="done", by="bob"))
    world.settle()
    world.later(minutes=31)

    watched = world.runner.watch("run-1-1")

    posed = [step for step in world.run.steps.values() if step.id.startswith("criterion-")]
    assert (world.run.outcome, watched) == ("completed", True)
    assert [step.status.value for step in posed] == ["asked"]
    assert asked


def test_a_watch_of_nothing_finds_nothing(world):
    """A summary may be older than the journal."""
    assert world.runner.watch("run-9-9") is False
