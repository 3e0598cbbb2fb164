"""What a run does next, one state at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from incidents.approval import Approval, ApprovalState
from incidents.events.approval import ApprovalRequested
from incidents.events.run import PlanRecord, RunStarted
from incidents.run import Run, Step, StepStatus
from runbooks.engine import moves
from runbooks.engine.next_move import next_move
from runbooks.engine.proof import SETTLE, patience, proof
from runbooks.language import loader
from runbooks.language.model import came_about
from tests import builders

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOOK = loader.load()["cache-evictions"]
STEP = "add-decode"
NAME = "approval-1-1-1"
DONE = {
    "preempting": Step(id="preempting", status=StepStatus.DONE, verdict="beyond", at=NOW),
    "queue": Step(id="queue", status=StepStatus.DONE, verdict="beyond", at=NOW),
    "kv-cache": Step(id="kv-cache", status=StepStatus.DONE, verdict="exhausted", at=NOW),
}
STARTED = RunStarted(
    incident=1,
    runbook=BOOK.name,
    title=BOOK.title,
    runbook_digest=BOOK.digest,
    runbook_text="",
    policy_digest="",
    parameters=(),
    namespace="llm-d",
    model="llama",
    role="decode",
    mode="apply",
    by="triaged",
    because="",
)
PLAN = PlanRecord(
    action="scale",
    cluster="local",
    namespace="llm-d",
    kind="Deployment",
    name="decode",
    model="llama",
    role="decode",
    pods=(),
    uid="uid",
    resource_version="1",
    parameters=(),
    owner_path=(),
    before=(("replicas", "4"),),
    after=(("replicas", "6"),),
    inverse=(("action", "scale"), ("replicas", "4")),
    kubectl="",
    dry_run="",
    warnings=(),
    reversible=True,
    digest="d1",
    write=builders.plan().write,
)
PLANNED = Step(id=STEP, status=StepStatus.PLANNED, plan=PLAN, approval=NAME, at=NOW)


def run(*steps: Step, **more) -> Run:
    known = {**DONE, **{step.id: step for step in steps}}
    return Run(id="run-1-1", started=STARTED, opened_at=NOW, updated_at=NOW, steps=known, **more)


def approval(state: ApprovalState, digest: str = "d1") -> Approval:
    asked = ApprovalRequested(
        incident=1,
        run="run-1-1",
        step=STEP,
        title="",
        digest=digest,
        requested_by="triaged",
        approvers=("alice",),
        needed=1,
        requester_may_approve=True,
        expires_at=NOW + timedelta(minutes=10),
    )
    return Approval(id=NAME, asked=asked, state=state, decided_by="alice", because="so it is")


def move(of: Run, *approvals: Approval, now: datetime = NOW) -> moves.Move:
    return next_move(of, BOOK, {one.id: one for one in approvals}, now)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(Run(id="run-1-1"), id="not-begun"),
        pytest.param(run(outcome="completed"), id="over"),
    ],
)
def test_a_run_that_is_not_going_has_nothing_to_do(state):
    """The loop may call it, and nothing happens."""
    assert move(state) == moves.Nothing(until=None)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param([], moves.AwaitApproval(step=STEP), id="nobody-was-asked-yet"),
        pytest.param(
            [approval(ApprovalState.REQUESTED)], moves.AwaitApproval(step=STEP), id="asked"
        ),
        pytest.param([approval(ApprovalState.GRANTED)], moves.Claim(step=STEP), id="granted"),
        pytest.param(
            [approval(ApprovalState.GRANTED, "d2")],
            moves.Void(step=STEP, because="the approval is for another plan"),
            id="granted-for-another-plan",
        ),
        pytest.param(
            [approval(ApprovalState.REFUSED)],
            moves.Fail(step=STEP, because="refused by alice: so it is"),
            id="refused",
        ),
        pytest.param(
            [approval(ApprovalState.EXPIRED)],
            moves.Void(step=STEP, because="nobody approved in time; planned again, once"),
            id="expired",
        ),
        pytest.param(
            [approval(ApprovalState.VOIDED)],
            moves.Void(step=STEP, because="so it is"),
            id="voided",
        ),
        pytest.param(
            [approval(ApprovalState.CONSUMED)],
            moves.Blocked(
                step=STEP,
                because=f"{NAME} was approved by alice and carried out",
            ),
            id="used-elsewhere",
        ),
    ],
)
def test_a_planned_step_follows_its_approval(known, expected):
    """Only a live grant for exactly this plan leads to a claim."""
    assert move(run(PLANNED), *known) == expected


def test_a_grant_that_ran_out_leads_to_no_claim():
    """The click was for ten minutes, not for whenever the cluster comes back."""
    late = NOW + timedelta(minutes=10)

    assert move(run(PLANNED), approval(ApprovalState.GRANTED), now=late) == moves.AwaitApproval(
        step=STEP
    )


def test_a_step_without_a_plan_is_never_claimed():
    """A grant alone is not enough."""
    bare = replace(PLANNED, plan=None)

    found = move(run(bare), approval(ApprovalState.GRANTED))

    assert found == moves.Void(step=STEP, because="the approval is for another plan")


def test_an_undo_comes_before_the_rest_of_the_run():
    """A person who takes back does not want the next step first."""
    undo = Step(id=f"undo-{STEP}", at=NOW)
    done = replace(PLANNED, status=StepStatus.DONE, verdict="verified", applied_at=NOW)

    assert move(run(done, undo)) == moves.MakePlan(step=f"undo-{STEP}")


def test_a_step_sent_round_again_after_an_undo_lets_the_run_go_on():
    """The undo ended the run; the retry is a later wish."""
    undo = Step(id=f"undo-{STEP}", status=StepStatus.DONE, verdict="verified", at=NOW)
    retried = Step(id=STEP, at=NOW + timedelta(minutes=1))

    assert move(run(retried, undo)) == moves.MakePlan(step=STEP)


@pytest.mark.parametrize(
    ("status", "verdict", "outcome"),
    [
        pytest.param(StepStatus.DONE, "verified", "undone", id="it-came-about"),
        pytest.param(StepStatus.REFUSED, "refused", "stopped", id="it-was-refused"),
    ],
)
def test_an_undo_ends_the_run(status, verdict, outcome):
    """What remains of the runbook was for the world with the change."""
    undo = Step(id=f"undo-{STEP}", status=status, verdict=verdict, because="so", at=NOW)
    done = replace(PLANNED, status=StepStatus.DONE, verdict="verified", applied_at=NOW)

    found = move(run(done, undo))

    assert found == moves.Finish(outcome=outcome, because=f"undo-{STEP}: {verdict}: so")


def test_a_step_that_was_never_settled_is_observed_from_now():
    """A claim settled by hand has its moment; without one the deadline counts from now."""
    odd = replace(PLANNED, status=StepStatus.APPLIED, applied_at=None)

    assert move(run(odd)) == moves.Observe(step=STEP)


def test_going_on_from_a_step_that_the_runbook_does_not_have_leaves_nothing_out():
    """The runbook is pinned; a wrong name must not skip all of it."""
    found = move(run(continued_from="no-such-step"))

    assert found == moves.MakePlan(step=STEP)


def test_a_change_that_no_runbook_step_explains_gets_a_default_time_to_settle():
    """Its effect was approved once; it must still be watched to an end."""
    found = proof(BOOK, "kv-cache")

    assert (patience(found, None), found.expect) == (SETTLE, ())


@pytest.mark.parametrize(
    ("said", "loads", "patient"),
    [
        pytest.param(5, 40, 5, id="the-runbook-says"),
        pytest.param(None, 40, 80, id="slow-models"),
        pytest.param(None, 2, 15, id="quick-models"),
    ],
)
def test_pods_get_as_long_as_the_workload_is_known_to_take(said, loads, patient):
    """A model of ten minutes is no failure after five, unless a runbook says so."""
    settle = None if said is None else timedelta(minutes=said)

    found = patience(came_about(settle), timedelta(minutes=loads))

    assert found == timedelta(minutes=patient)


def test_the_time_to_settle_is_that_of_the_plan():
    """What was learned when it was planned is what is waited for."""
    step = BOOK.step(STEP)
    unsaid = replace(step, verify=replace(step.verify, settle=None))
    book = replace(BOOK, steps=tuple(unsaid if one is step else one for one in BOOK.steps))
    slow = replace(PLAN, loads=timedelta(minutes=40))
    applied = replace(PLANNED, status=StepStatus.APPLIED, applied_at=NOW, plan=slow)

    found = next_move(run(applied), book, {}, NOW + timedelta(hours=3))

    assert found.start == NOW + timedelta(minutes=80) + unsaid.verify.lag


def test_an_undo_is_proven_by_coming_about():
    """Going back to what was not good enough improves no signal."""
    found = proof(BOOK, f"undo-{STEP}")

    assert (found.settle, found.window, found.expect) == (timedelta(minutes=15), timedelta(), ())
