"""What a run does next: pure, from its state, its runbook, its approvals and the moment."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import assert_never

from cluster.verification import Verdict
from incidents.approval import Approval, ApprovalState, fate
from incidents.events.run import Watch
from incidents.run import SETTLED, UNDO, Run, StepStatus
from incidents.run import Step as State
from incidents.telling import judged
from runbooks.engine import moves
from runbooks.engine.proof import patience, proof
from runbooks.language import duration, model
from runbooks.language.model import OnFailure, Runbook

EXPIRED = "nobody approved in time"
ENOUGH = 5
"""After so many plans that did not hold, the world moves faster than people can approve."""


def next_move(
    run: Run, runbook: Runbook, approvals: Mapping[str, Approval], now: datetime
) -> moves.Move:
    """Return the one thing to do; `approvals` holds those of the run's planned steps, by id.

    A claim is only returned for a plan whose approval is granted, live and for its digest.
    """
    if run.started is None or run.outcome is not None:
        return moves.Nothing(until=None)
    if run.claimed is not None:
        return _claimed(run.claimed, runbook, now)
    undo = _undo(run, approvals, now)
    if undo is not None:
        return undo
    for step in runbook.steps:
        move = _step(run, runbook, step, approvals, now)
        if move is not None:
            return move
    return moves.Finish(outcome=moves.COMPLETED, because=_whole(run))


def _whole(run: Run) -> str:
    shadowed = [name for name, one in run.steps.items() if one.status is StepStatus.SHADOWED]
    only = f"; only planned, in shadow: {', '.join(shadowed)}" if shadowed else ""
    return f"every step is done or left out{only}"


def _claimed(state: State, runbook: Runbook, now: datetime) -> moves.Move:
    if state.status is StepStatus.STARTED:
        return moves.LookBack(step=state.id)
    if state.status is StepStatus.IN_DOUBT:
        because = f"{state.id} is in doubt: {state.because}"
        return moves.Blocked(step=state.id, because=because)
    return _settling(state, runbook, now)


def _settling(state: State, runbook: Runbook, now: datetime) -> moves.Move:
    proven = proof(runbook, state.id)
    loads = state.plan.loads if state.plan else None
    deadline = (state.applied_at or now) + patience(proven, loads)
    ready = min(state.ready_at, deadline) if state.ready_at else deadline
    start = ready + proven.lag
    end = start + proven.window
    if now < end:
        return moves.Observe(step=state.id)
    return moves.Verify(step=state.id, start=start, end=end)


def _undo(run: Run, approvals: Mapping[str, Approval], now: datetime) -> moves.Move | None:
    undos = [state for name, state in run.steps.items() if name.startswith(UNDO)]
    for state in undos:
        if state.status not in SETTLED:
            return _change(state, approvals, now)
    if not undos:
        return None
    last = max(undos, key=_touched)
    if last.watch is not None:
        return _watch(last, last.watch)
    others = [state for name, state in run.steps.items() if not name.startswith(UNDO)]
    if any(_touched(state) > _touched(last) for state in others):
        return None  # a person sent a step round again, or let the run go on, after the undo
    undone = last.verdict == Verdict.VERIFIED.value
    outcome = moves.UNDONE if undone else moves.STOPPED
    return moves.Finish(outcome=outcome, because=_ended(last))


def _step(
    run: Run,
    runbook: Runbook,
    step: model.Step,
    approvals: Mapping[str, Approval],
    now: datetime,
) -> moves.Move | None:
    state = run.step(step.id)
    if _left_out(run, runbook, step, state):
        return _out(run, state)
    if state.status in SETTLED:
        return _after(step, state)
    if state.status is StepStatus.OPEN:
        return _open(run, step, state)
    if state.status is StepStatus.ASKED:
        return _asked(step, state, now)
    if state.status is StepStatus.WAITING:
        return _waiting(state, now)
    return _change(state, approvals, now)


def _left_out(run: Run, runbook: Runbook, step: model.Step, state: State) -> bool:
    if run.continued_from is None or _opened_by_hand(state):
        return False
    order = [one.id for one in runbook.steps]
    later = order.index(run.continued_from) if run.continued_from in order else 0
    return order.index(step.id) < later


def _opened_by_hand(state: State) -> bool:
    # A retry and going on leave a step as new; a plan that did not hold leaves its count.
    return state.status is StepStatus.OPEN and state.at is not None and state.voids == 0


def _out(run: Run, state: State) -> moves.Move | None:
    if state.status in SETTLED or state.status is StepStatus.OPEN:
        return None
    return moves.Skip(step=state.id, because=f"the run goes on from {run.continued_from}")


def _after(step: model.Step, state: State) -> moves.Move | None:
    failed = state.status in {StepStatus.FAILED, StepStatus.REFUSED}
    if failed and step.on_failure is OnFailure.STOP:
        return moves.Finish(outcome=moves.STOPPED, because=_ended(state))
    changed = isinstance(step, model.Action) and state.status is StepStatus.DONE
    if changed and state.verdict != Verdict.VERIFIED.value:
        # What did not help, or cannot be judged, is not built upon: a person looks first.
        return moves.Finish(outcome=moves.STOPPED, because=_ended(state))
    # What may still be changed back is not built upon either, and no run is over before that.
    return _watch(state, state.watch) if state.watch is not None else None


def _watch(state: State, watch: Watch) -> moves.Watch:
    return moves.Watch(step=state.id, until=watch.until, every=watch.every)


def _open(run: Run, step: model.Step, state: State) -> moves.Move:
    barred = _barred(run, step)
    if barred is not None and state.at is None:
        return moves.Skip(step=step.id, because=barred)
    match step:
        case model.Check():
            return moves.Check(step=step.id)
        case model.Action():
            return _plan(state)
        case model.Ask():
            return moves.Pose(step=step.id)
        case model.Wait():
            return moves.BeginWait(step=step.id)
        case _:
            assert_never(step)


def _barred(run: Run, step: model.Step) -> str | None:
    for condition in step.when:
        state = run.step(condition.step)
        if _came_to(state) not in condition.verdicts:
            said = state.verdict or state.status.value
            wanted = " or ".join(sorted(condition.verdicts))
            return f"{condition.step} is {said}, not {wanted}"
    return None


def _came_to(state: State) -> str | None:
    """Return what later steps may go by; of a change that was not made, that it was not."""
    if state.status in {StepStatus.FAILED, StepStatus.REFUSED}:
        not_done: str = state.status.value
        return not_done
    return state.verdict if state.status is StepStatus.DONE else None


def _plan(state: State) -> moves.Move:
    if state.voids >= ENOUGH:
        because = f"{state.voids} plans did not hold, the last one because {state.because}"
        return moves.Fail(step=state.id, because=because)
    return moves.MakePlan(step=state.id)


def _change(state: State, approvals: Mapping[str, Approval], now: datetime) -> moves.Move:
    """Return what a planned change waits for; also an undo, which no runbook lists."""
    if state.status is StepStatus.OPEN:
        return _plan(state)
    approval = approvals.get(state.approval or "")
    if approval is None:
        return moves.AwaitApproval(step=state.id)
    return _answered(state, approval, now)


def _answered(state: State, approval: Approval, now: datetime) -> moves.Move:
    move: moves.Move
    match approval.state:
        case ApprovalState.REQUESTED:
            move = moves.AwaitApproval(step=state.id)
        case ApprovalState.GRANTED:
            move = _granted(state, approval, now)
        case ApprovalState.REFUSED:
            because = f"refused by {approval.decided_by}: {approval.because}"
            move = moves.Fail(step=state.id, because=because)
        case ApprovalState.EXPIRED:
            move = _expired(state, approval)
        case ApprovalState.VOIDED:
            move = moves.Void(step=state.id, because=approval.because)
        case ApprovalState.CONSUMED:
            move = moves.Blocked(step=state.id, because=f"{approval.id} {fate(approval)}")
    return move


def _granted(state: State, approval: Approval, now: datetime) -> moves.Move:
    if state.plan is None or approval.digest != state.plan.digest:
        return moves.Void(step=state.id, because="the approval is for another plan")
    if approval.expires_at is None or now >= approval.expires_at:
        return moves.AwaitApproval(step=state.id)  # it is about to be marked as expired
    return moves.Claim(step=state.id)


def _expired(state: State, approval: Approval) -> moves.Move:
    if state.because.startswith(EXPIRED):
        run = approval.asked.run if approval.asked else ""
        return moves.Blocked(step=state.id, because=_unanswered(run, state.id))
    return moves.Void(step=state.id, because=f"{EXPIRED}; planned again, once")


def _unanswered(run: str, step: str) -> str:
    again, out = (f"triaged run {word} {run} {step}" for word in ("continue", "skip"))
    return (
        "nobody answered twice; the run waits for a person: "
        f"{again} asks again, {out} leaves it out"
    )


def _asked(step: model.Step, state: State, now: datetime) -> moves.Move:
    until = (state.at or now) + step.timeout
    if now < until:
        return moves.Nothing(until=until)
    because = f"{step.id}: nobody answered within {duration.write(step.timeout)}"
    if step.on_failure is OnFailure.STOP:
        return moves.Finish(outcome=moves.STOPPED, because=because)
    return moves.Skip(step=step.id, because=because)


def _waiting(state: State, now: datetime) -> moves.Move:
    if state.until is not None and now < state.until:
        return moves.Nothing(until=state.until)
    return moves.EndWait(step=state.id)


def _touched(state: State) -> datetime:
    return state.at or datetime.min.replace(tzinfo=UTC)


def _ended(state: State) -> str:
    word = state.verdict or state.status.value
    return f"{state.id}: {judged(word, state.because)}"
