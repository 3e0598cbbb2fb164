"""Plans, claims and applies a change: the only place that calls `apply`."""

from dataclasses import dataclass, replace
from datetime import timedelta

from cluster.actions.plan import Done, DryRunRefused, Plan, Verb
from cluster.actions.signature import Signature
from incidents.commands import run as commands
from incidents.errors import (
    ClaimConflict,
    Conflict,
    HoldConflict,
    NotDone,
    Rejected,
    RequirementConflict,
    Unavailable,
)
from incidents.freeze import ALL
from incidents.incident import DESK
from incidents.journal import Budget
from incidents.run import UNDO
from incidents.run import Step as State
from runbooks.engine import keeping, permit, records, waiting, windows
from runbooks.engine.proof import proof
from runbooks.engine.turn import Turn
from runbooks.language import editing, model
from runbooks.language.declaration import ActionVerb

DEGRADED = "the control plane is degraded, so nothing is written until it is calm"
TRIES = 3
"""A write that certainly did not take place, because the object's status moved, is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many changes one target may see in a while, whoever approved them."""

    changes: int = 4
    window: timedelta = timedelta(hours=1)


def plan(turn: Turn, step: str) -> bool:
    """Plan the step and record it, or why it must not be done."""
    try:
        made = _make(turn, step)
    except DryRunRefused as error:
        if not turn.run.shadowed:
            return _refuse(turn, step, error)
        # A desk that changes nothing need not have the right to: the plan is told all the same.
        made = error.plan
    except Rejected as error:
        return _refuse(turn, step, error)
    except Unavailable as error:
        return _later(turn, step, str(error))
    if turn.run.shadowed:
        return turn.tell(_would_have(turn, step, made))
    return turn.tell(commands.RecordPlan(step=step, plan=records.record(_warned(turn, made))))


def claim(turn: Turn, step: str, limits: Limits) -> bool:
    """Plan again; claim and apply when it is still the same plan, else void it.

    While the control plane is degraded nothing is claimed, undo or not: a write whose outcome
    nobody can tell helps nobody.
    """
    trouble = turn.tools.control.trouble()
    if trouble is not None:
        return turn.put_off(step, f"{DEGRADED}: {trouble}")
    state = turn.run.step(step)
    approved = records.approved(state)
    try:
        made = _make(turn, step)
    except Rejected as error:
        because = f"it can no longer be done: {error}"
        return turn.tell(commands.VoidPlan(step=step, because=because))
    except Unavailable as error:
        return turn.put_off(step, str(error))
    if made.digest != approved.digest:
        because = records.difference(approved, made)
        return turn.tell(commands.VoidPlan(step=step, because=because))
    claimed = _claim(turn, state, made, limits)
    try:
        turn.tell(claimed)
    except (HoldConflict, RequirementConflict) as error:
        return turn.put_off(step, waiting.because(error))
    keeping.keep(turn, claimed, made)
    return _apply(turn, claimed, made)


def find_out(turn: Turn, step: str) -> bool:
    """Ask the world whether a claimed step took place; unless it says yes a person decides."""
    state = turn.run.step(step)
    kept = records.plan(records.approved(state))
    done = turn.tools.verbs[kept.action].already_done(kept, key=key(turn, step))
    approval = state.approval or ""
    if done is Done.YES:
        found = "found done after a restart"
        return turn.tell(commands.FinishStep(step=step, approval=approval, detail=found))
    because = {
        Done.NO: "the work was cut off after the claim, and the change is not there so far",
        Done.CANNOT_TELL: "the work was cut off after the claim, and the cluster does not tell",
    }
    return turn.tell(commands.RaiseDoubt(step=step, approval=approval, because=because[done]))


def key(turn: Turn, step: str) -> str:
    """Return what marks the write as ours: another plan of the same step has another key."""
    approval = turn.run.step(step).approval or ""
    return f"{turn.run.id}/{step}/{approval.rpartition('-')[2]}"


def _warned(turn: Turn, made: Plan) -> Plan:
    """Return the plan, with a warning where its write would have to wait as things are."""
    trouble = turn.tools.control.trouble()
    if trouble is None:
        return made
    return replace(made, warnings=(*made.warnings, f"{DEGRADED}: {trouble}"))


def _refuse(turn: Turn, step: str, error: Rejected) -> bool:
    turn.ask(error)
    edited = turn.run.step(step).edited
    if edited:
        return turn.tell(_put_back(turn, step, error))
    return turn.tell(commands.RecordRefusal(step=step, because=str(error)))


def _put_back(turn: Turn, step: str, error: Rejected) -> commands.EditPlan:
    """Return that the step is planned as it was: what a person tried must not end the run."""
    state = turn.run.step(step)
    return commands.EditPlan(
        step=step,
        by=DESK,
        because=f"as edited it must not be done: {error}",
        approval=state.approval,
        before=state.edited,
        parameters=(),
        instead_of=state.edited,
    )


def _would_have(turn: Turn, step: str, made: Plan) -> commands.RecordWouldHave:
    policy = turn.desk.policy
    return commands.RecordWouldHave(
        step=step,
        plan=records.record(made),
        approvers=policy.approvers,
        needed=policy.needed(reversible=made.reversible, people=made.people),
    )


def _make(turn: Turn, step: str) -> Plan:
    if step.startswith(UNDO):
        return _make_undo(turn, step)
    named = turn.runbook.step(step)
    verb = turn.verbs.get(named.verb) if named is not None else None
    if named is None or not isinstance(verb, ActionVerb):
        message = f"{step} is no action of {turn.runbook.name}"
        raise Rejected(message)
    edited = editing.arguments(named, turn.runbook, turn.run.step(step).edited)
    arguments = {**turn.arguments(named), **edited}
    return _verb(turn, verb.name).plan(turn.target(), verb.parameters(arguments))


def _make_undo(turn: Turn, step: str) -> Plan:
    done = records.applied(turn.run.step(step.removeprefix(UNDO)))
    wanted = dict(turn.run.step(step).instead or done.inverse)
    action = wanted.pop("action", done.action)
    target = turn.target()
    if target.uid != done.uid:
        message = f"{target} is not what was changed: it was deleted and made anew"
        raise Rejected(message)
    # An undo leaves nothing behind, whatever its action would: it takes away what was left.
    return replace(_verb(turn, action).plan(target, wanted), leaves=None)


def _verb(turn: Turn, name: str) -> Verb:
    if name not in turn.tools.verbs:
        message = f"there is no action {name} here"
        raise Rejected(message)
    return turn.tools.verbs[name]


def _later(turn: Turn, step: str, because: str) -> bool:
    named = turn.runbook.step(step.removeprefix(UNDO))
    timeout = named.timeout if isinstance(named, model.Action) else timedelta()
    since = turn.run.step(step).at or turn.run.moved_at or turn.now
    if turn.now >= since + timeout:
        return turn.tell(commands.RecordFailure(step=step, because=because))
    return turn.put_off(step, f"it cannot be planned: {because}")


def _claim(turn: Turn, state: State, made: Plan, limits: Limits) -> commands.ClaimStep:
    approval = turn.desk.approval(state.approval or "")
    return commands.ClaimStep(
        step=state.id,
        approval=approval.id,
        digest=made.digest,
        not_after=approval.expires_at or turn.now,
        before=windows.before(turn, made.target, proof(turn.runbook, state.id)),
        scopes=(ALL, made.target.namespace),
        open_incident=_incident_key(turn),
        budget=Budget(
            key=f"changes:{made.uid}",
            limit=limits.changes,
            window=limits.window,
        ),
    )


def _incident_key(turn: Turn) -> str:
    opened = turn.desk.incident(turn.started.incident).opened
    return opened.key if opened is not None else ""


def _apply(turn: Turn, claimed: commands.ClaimStep, made: Plan) -> bool:
    step, verb, ours = claimed.step, turn.tools.verbs[made.action], key(turn, claimed.step)
    signed = _signature(turn, claimed)
    for _ in range(TRIES):
        # A process that was stopped after its claim wakes up here: its permit may be long gone.
        barred = permit.refusal(turn, claimed)
        if barred is not None:
            return _not_written(turn, claimed, barred)
        try:
            applied = verb.apply(replace(made, signed=signed), key=ours)
        except Conflict as error:
            because = str(error)
            again = _unchanged(turn, step, made)
            if again is None:
                break
            made = again
        except (Rejected, NotDone) as error:
            because = str(error)
            break
        except Unavailable as error:
            return _look_back(turn, claimed, verb.already_done(made, key=ours), error)
        else:
            return _written(turn, claimed, applied.detail)
    return _not_written(turn, claimed, because)


def _signature(turn: Turn, claimed: commands.ClaimStep) -> Signature:
    by = turn.desk.approval(claimed.approval).decided_by or ""
    return Signature(incident=turn.started.incident, approved_by=by)


def _written(turn: Turn, claimed: commands.ClaimStep, detail: str) -> bool:
    step, approval = claimed.step, claimed.approval
    try:
        return turn.tell(commands.FinishStep(step=step, approval=approval, detail=detail))
    except ClaimConflict:
        return _late(turn, claimed, detail, certain=True)


def _not_written(turn: Turn, claimed: commands.ClaimStep, because: str) -> bool:
    step, approval = claimed.step, claimed.approval
    try:
        return turn.tell(commands.RecordNotApplied(step=step, approval=approval, because=because))
    except ClaimConflict:
        return True  # it was settled without us, and we have changed nothing


def _late(turn: Turn, claimed: commands.ClaimStep, because: str, *, certain: bool) -> bool:
    return turn.tell(
        commands.ReportLate(
            step=claimed.step, approval=claimed.approval, certain=certain, because=because
        )
    )


def _unchanged(turn: Turn, step: str, made: Plan) -> Plan | None:
    """Return the plan made again after a conflict, None where it would be another one.

    The claim stands and the write certainly did not take place, so exactly what was approved may
    be written with the object's new resourceVersion.
    """
    try:
        again = _make(turn, step)
    except (Rejected, Unavailable):
        return None
    return again if again.digest == made.digest else None


def _look_back(turn: Turn, claimed: commands.ClaimStep, done: Done, error: Unavailable) -> bool:
    if done is Done.YES:
        return _written(turn, claimed, "found done: the answer was lost")
    # A write whose answer was lost may still arrive, so "not there" is no proof.
    because = f"the answer was lost: {error}"
    step, approval = claimed.step, claimed.approval
    try:
        return turn.tell(commands.RaiseDoubt(step=step, approval=approval, because=because))
    except ClaimConflict:
        return _late(turn, claimed, because, certain=False)
