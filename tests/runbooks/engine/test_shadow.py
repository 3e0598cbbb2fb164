"""In shadow the engine plans and never writes, whatever people and the cluster do."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.actions.plan import DryRunRefused
from cluster.targets.target import Selector
from incidents.commands import run as commands
from incidents.commands.approval import Approve
from incidents.errors import TriagedError, Unavailable
from incidents.run import StepStatus
from runbooks.engine import moves
from tests import builders

STEP = "add-decode"
RIGHT = "no permission: patch deployments"
UNBUILT = """
title: What follows from the change
steps:
  - id: more
    title: More
    do: scale
    with: {replicas: "+2", at_most: 16}
    verify: {settle: 10m, window: 5m, expect: [{signal: waiting, at_most: 5}]}
  - {id: built, title: On top, do: wait, with: {for: 5m}, when: {more: [verified]}}
  - {id: beside, title: Beside, do: signal, with: {signal: waiting, at_most: 5}}
"""


def test_a_plan_in_shadow_asks_nobody_and_the_run_goes_on(make_shadow):
    """The story of an installation's first weeks: it says what it would do, and does nothing."""
    world = make_shadow()

    world.until(lambda: world.run.outcome is not None)

    state = world.step(STEP)
    assert (state.status, state.approval) == (StepStatus.SHADOWED, None)
    assert dict(state.plan.after) == {"replicas": "6"}
    assert world.run.because.endswith(f"; only planned, in shadow: {STEP}")
    assert "ActionPlanned" not in world.events()
    assert world.scale.applied == []


def test_what_needs_the_effect_is_not_run_and_the_rest_is(make_world):
    """A step that rests on a change which never was would find out nothing that is true."""
    world = make_world(UNBUILT, mode="shadow")

    world.until(lambda: world.run.outcome is not None)

    assert [world.step(name).status for name in ("more", "built", "beside")] == [
        StepStatus.SHADOWED,
        StepStatus.SKIPPED,
        StepStatus.DONE,
    ]
    assert world.step("built").because == "more is only planned, in shadow, not verified"


def test_the_event_says_who_would_have_been_asked(make_shadow):
    """Whether anybody could have said yes is part of what shadow is for."""
    world = make_shadow()
    world.desk.policy = replace(world.policy, approvals_needed=2)

    world.settle()

    (told,) = [one.event for one in world.desk.history(1) if one.recorded.kind == "WouldHaveActed"]
    assert (told.approvers, told.needed) == (("alice", "bob"), 2)


def test_a_dry_run_that_is_not_allowed_is_said_in_shadow(make_shadow):
    """A desk that changes nothing is rightly given no right to; its plan is worth reading."""
    world = make_shadow()
    planned = world.scale.plan(world.targets.find(_selector()), {"replicas": "+2", "at_most": 16})
    said = replace(planned, dry_run=f"no dry run: {RIGHT}")
    world.scale.gone = DryRunRefused(RIGHT, plan=said)

    world.settle()

    assert world.step(STEP).status is StepStatus.SHADOWED
    assert world.step(STEP).plan.dry_run == f"no dry run: {RIGHT}"


def test_a_dry_run_that_is_not_allowed_refuses_where_the_runbook_acts(story):
    """What may not be tried may not be done: nobody is asked for it."""
    planned = story.scale.plan(story.targets.find(_selector()), {"replicas": "+2", "at_most": 16})
    story.scale.gone = DryRunRefused(RIGHT, plan=planned)

    story.settle()

    assert story.step(STEP).status is StepStatus.REFUSED
    assert RIGHT in story.step(STEP).because


def test_a_run_stays_in_shadow_when_its_runbook_is_switched_on(make_shadow):
    """What people read of a run holds to its end: switching on is for the runs that begin later."""
    world = make_shadow()
    world.desk.policy = replace(world.policy, acting=frozenset({"*"}))

    world.until(lambda: world.run.outcome is not None)

    assert world.step(STEP).status is StepStatus.SHADOWED
    assert world.scale.applied == []


def test_an_acting_run_acts_when_its_runbook_is_switched_off(planned):
    """What was asked of people under one policy is not silently something else."""
    planned.desk.policy = replace(planned.policy, shadow=True)
    planned.approve()

    planned.settle()

    assert len(planned.scale.applied) == 1


WORD = {"by": "bob", "because": "so"}
STEPS = st.sampled_from([STEP, "kv-cache", f"undo-{STEP}"])
MEDDLING = st.one_of(
    st.builds(commands.RetryStep, step=STEPS, by=st.just("bob"), because=st.just("so")),
    st.builds(commands.SkipStep, step=STEPS, **{k: st.just(v) for k, v in WORD.items()}),
    st.builds(commands.ContinueFrom, step=STEPS, **{k: st.just(v) for k, v in WORD.items()}),
    st.builds(commands.AskUndo, step=STEPS, **{k: st.just(v) for k, v in WORD.items()}),
    st.builds(commands.RecordPlan, step=STEPS, plan=st.just(builders.plan())),
    st.builds(builders.claim, STEPS),
    st.builds(
        commands.SettleDoubt,
        step=STEPS,
        applied=st.booleans(),
        by=st.just("bob"),
        reason=st.just("seen"),
    ),
    st.builds(
        commands.FinishStep, step=STEPS, approval=st.just("approval-1-1-1"), detail=st.just("")
    ),
)
CLICK = st.just(Approve(by="alice", via="slack", digest=builders.DIGEST))
DEED = st.one_of(MEDDLING, CLICK, st.sampled_from(["move", "later", "restart", "away", "back"]))


@given(st.lists(DEED, max_size=30))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_path_leads_from_shadow_to_a_write(make_shadow, deeds):
    """However people click, retry and claim: not one request may change the cluster."""
    world = make_shadow()

    for deed in deeds:
        _do(world, deed)
    world.scale.away = None
    world.settle()

    assert world.scale.applied == []
    assert not {"ActionPlanned", "StepStarted", "StepFinished"} & set(world.events())


@pytest.mark.parametrize("kind", [moves.Claim, moves.AwaitApproval, moves.LookBack])
def test_no_move_of_a_run_in_shadow_is_about_an_approval(make_shadow, kind):
    """The decision itself knows no way to it, beside the rules that would refuse it."""
    world, seen = make_shadow(), []

    for _ in range(60):
        seen.append(world.runner.next_move(builders.RUN))
        world.settle()
        world.later(seconds=30)

    assert moves.Nothing(until=None) in seen
    assert not [one for one in seen if isinstance(one, kind)]


def _do(world, deed):
    match deed:
        case "move":
            world.settle()
        case "later":
            world.later(minutes=3)
        case "restart":
            world.restarted()
        case "away":
            world.scale.away = Unavailable("the API server is away")
        case "back":
            world.scale.away = None
        case Approve():
            _attempt(world, "approval-1-1-1", deed)
        case _:
            _attempt(world, builders.RUN, deed)


def _attempt(world, stream, command):
    try:
        world.desk.tell(stream, command)
    except TriagedError:
        return


def _selector():
    return Selector(cluster="local", namespace="llm-d", model="llama", role="decode")
