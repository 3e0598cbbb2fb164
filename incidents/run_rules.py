"""What may follow from a command to a run."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any  # the dispatch table holds functions of many command types

from incidents.commands import run as commands
from incidents.commands.run import RunCommand
from incidents.decision import Decision
from incidents.errors import ClaimConflict, Rejected
from incidents.events import run as events
from incidents.events.run import PlanRecord, RunEvent
from incidents.incident import DESK
from incidents.incident_rules import OPEN_INCIDENT
from incidents.journal import (
    ApprovalGranted,
    HoldAbsent,
    HoldPresent,
    Release,
    Requirement,
    Take,
)
from incidents.run import CRITERION, SETTLED, UNDO, Run, Step, StepStatus, Waits

Answer = Decision[RunEvent]
OPEN = frozenset({StepStatus.OPEN})
LATE = frozenset({StepStatus.IN_DOUBT, StepStatus.FAILED, StepStatus.APPLIED, StepStatus.DONE})
"""Statuses in which a late write still belongs to the step: it was claimed with that approval."""
CLAIM = "claim"
USED = "used"
FROZEN = "frozen"
GOING = "going"
"""The kind of the hold of a run that goes on: of one runbook one run at most, in one incident."""
WATCHED = "watched"
"""The state of a run that has changed something which somebody may still change back."""
NEWS = timedelta(minutes=1)
"""What a run waits for is told this often at most: a reason that comes and goes is one reason."""


def decide(run: Run, command: RunCommand, now: datetime) -> Answer:
    """Return what follows; raises Rejected, with the reason, when the command does not fit."""
    if isinstance(command, commands.StartRun):
        return _start(run, command)
    if run.started is None:
        message = f"there is no {run.id}"
        raise Rejected(message)
    if run.outcome is not None and not _after_the_end(command):
        message = f"{run.id} is over: {run.outcome}"
        raise Rejected(message)
    return _DECIDE[type(command)](run, command, now)


def due(run: Run) -> datetime | None:
    """Return the moment until which a step waits or is watched; None where none is waited for."""
    if run.outcome is not None:
        return None
    steps = run.steps.values()
    waiting = [step.until for step in steps if step.until is not None]
    watched = [step.watch.until for step in steps if step.watch is not None]
    return min([*waiting, *watched], default=None)


def title(run: Run) -> str:
    """Return the run's title, as its runbook has it."""
    return run.started.title if run.started else run.id


def state(run: Run) -> str:
    """Return one word for the run as a whole."""
    if run.outcome is not None:
        return run.outcome
    if run.claimed is not None:
        return run.claimed.status.value
    return WATCHED if run.watched is not None else "running"


def next_approval(run: Run) -> str:
    """Return the id of the approval that will be asked for the run's next plan."""
    return f"approval-{run.id.removeprefix('run-')}-{run.plans + 1}"


_REOPENING = (
    commands.RetryStep,
    commands.ContinueFrom,
    commands.AskUndo,
    commands.MeetCriterion,
    commands.ReportLate,
)
_Result = (
    commands.KeepEvidence
    | commands.FinishStep
    | commands.RecordNotApplied
    | commands.RaiseDoubt
    | commands.ObserveSettle
    | commands.RecordVerification
)
"""What became of a claim; a run that is over has none, and they are refused as for any other."""


def _after_the_end(command: RunCommand) -> bool:
    """Return whether a run that is over still takes it: criteria go on until the incident ends."""
    if isinstance(command, commands.PoseAsk | commands.AnswerAsk):
        return command.step.startswith(CRITERION)
    return isinstance(command, (*_REOPENING, _Result))


def _start(run: Run, command: commands.StartRun) -> Answer:
    if run.started is not None:
        message = f"{run.id} has begun already"
        raise Rejected(message)
    return Decision(events=(command.started,), take=(_sole(command.started),))


def _check(run: Run, command: commands.RecordCheck, _: datetime) -> Answer:
    _expect(run, command.step, OPEN)
    return _one(
        events.CheckFinished(
            step=command.step,
            verdict=command.verdict,
            because=command.because,
            evidence=command.evidence,
            found=command.found,
        )
    )


def _fail(run: Run, command: commands.RecordFailure, _: datetime) -> Answer:
    step = _expect(run, command.step, OPEN | {StepStatus.PLANNED})
    failed = events.StepFailed(
        step=command.step, because=command.because, attempt=step.attempts + 1
    )
    return _one(failed)


def _plan(run: Run, command: commands.RecordPlan, _: datetime) -> Answer:
    _not_in_shadow(run, command.step)
    step = _expect(run, command.step, OPEN)
    approval = next_approval(run)
    planned = events.ActionPlanned(
        step=command.step, plan=command.plan, approval=approval, attempt=step.attempts + 1
    )
    return _one(planned)


def _would_have(run: Run, command: commands.RecordWouldHave, _: datetime) -> Answer:
    if not run.shadowed:
        message = f"{run.id} is not in shadow: {command.step} must be asked for"
        raise Rejected(message)
    _expect(run, command.step, OPEN)
    would = events.WouldHaveActed(
        step=command.step,
        plan=command.plan,
        approvers=command.approvers,
        needed=command.needed,
    )
    return _one(would)


def _refuse(run: Run, command: commands.RecordRefusal, _: datetime) -> Answer:
    _expect(run, command.step, OPEN)
    return _one(events.ActionRefused(step=command.step, because=command.because))


def _void(run: Run, command: commands.VoidPlan, _: datetime) -> Answer:
    step = _expect(run, command.step, {StepStatus.PLANNED})
    digest = step.plan.digest if step.plan else ""
    return _one(events.PlanVoided(step=command.step, digest=digest, because=command.because))


def _edit(run: Run, command: commands.EditPlan, _: datetime) -> Answer:
    step = run.step(command.step)
    # What was edited already may be put back before it is planned; nothing else has a plan then.
    _expect(run, command.step, {StepStatus.PLANNED} | (OPEN if step.edited else set()))
    if command.parameters == step.edited:
        return Decision()
    if (command.approval, command.before) != (step.approval, step.edited):
        # The parameters are all that differ: those of somebody else would silently be taken back.
        message = f"{run.id} {command.step} was edited or planned anew meanwhile: look at it again"
        raise Rejected(message)
    return _one(
        events.PlanEdited(
            step=command.step,
            by=command.by,
            because=command.because,
            parameters=command.parameters,
            instead_of=command.instead_of,
        )
    )


def _put_off(run: Run, command: commands.PutOff, now: datetime) -> Answer:
    if run.claimed is not None and run.claimed.status is StepStatus.IN_DOUBT:
        return Decision()  # the doubt says already what is waited for
    known = run.waits
    if known is not None and known.step == command.step and _no_news(known, command, now):
        return Decision()
    return _one(events.StepWaits(step=command.step, because=command.because))


def _no_news(known: Waits, command: commands.PutOff, now: datetime) -> bool:
    return known.because == command.because or now < known.since + NEWS


def _go_on(run: Run, _: commands.GoOn, now: datetime) -> Answer:
    if run.waits is None or now < run.waits.since + NEWS:
        return Decision()
    return _one(events.StepGoesOn(step=run.waits.step))


def _claim(run: Run, command: commands.ClaimStep, _: datetime) -> Answer:
    _not_in_shadow(run, command.step)
    step = _expect(run, command.step, {StepStatus.PLANNED})
    if step.plan is None or step.approval != command.approval or step.plan.digest != command.digest:
        message = f"{command.step}: the approval is not for the plan that stands"
        raise Rejected(message)
    if run.claimed is not None:
        message = f"{command.step}: {run.claimed.id} still holds a claim"
        raise Rejected(message)
    started = events.StepStarted(
        step=command.step,
        approval=command.approval,
        digest=command.digest,
        before=command.before,
    )
    granted = ApprovalGranted(
        approval=command.approval, digest=command.digest, not_after=command.not_after
    )
    frozen = tuple(HoldAbsent(kind=FROZEN, key=scope) for scope in command.scopes)
    return Decision(
        events=(started,),
        # Written before the effect: a crash in between must show up as doubt, not as silence.
        take=(Take(kind=CLAIM, key=step.plan.uid), Take(kind=USED, key=command.approval)),
        require=(*frozen, granted, *_unless_undone(run, command)),
    )


def _unless_undone(run: Run, command: commands.ClaimStep) -> tuple[Requirement, ...]:
    """Return what binds a change and no undo: taking back must always be possible."""
    if command.step.startswith(UNDO):
        return ()
    number = run.started.incident if run.started else 0
    incident = HoldPresent(
        kind=OPEN_INCIDENT, key=command.open_incident, stream=f"incident-{number}"
    )
    return (incident, command.budget)


def _keep_evidence(run: Run, command: commands.KeepEvidence, _: datetime) -> Answer:
    _running(run, command, StepStatus.STARTED)
    return _one(
        events.EvidenceKept(step=command.step, approval=command.approval, bundle=command.bundle)
    )


def _finish(run: Run, command: commands.FinishStep, _: datetime) -> Answer:
    step = _running(run, command, StepStatus.STARTED)
    claim = HoldPresent(kind=CLAIM, key=_uid(step), stream=run.id)
    finished = events.StepFinished(step=command.step, detail=command.detail)
    return Decision(events=(finished,), require=(claim,))


def _not_applied(run: Run, command: commands.RecordNotApplied, _: datetime) -> Answer:
    step = _running(run, command, StepStatus.STARTED)
    missed = events.StepNotApplied(step=command.step, because=command.because)
    return Decision(events=(missed,), release=_given_back(step))


def _doubt(run: Run, command: commands.RaiseDoubt, _: datetime) -> Answer:
    _running(run, command, StepStatus.STARTED)
    return _one(events.StepInDoubt(step=command.step, because=command.because))


def _late(run: Run, command: commands.ReportLate, _: datetime) -> Answer:
    if run.step(command.step).approval != command.approval:
        return _late_to_another(run, command)
    step = _expect(run, command.step, LATE)
    if step.status is StepStatus.FAILED:
        # Settled as not applied, by somebody who could not know better: a person looks again.
        because = f"it was settled, and after that its write ended: {command.because}"
        return _one(events.StepInDoubt(step=command.step, because=because))
    if step.status is not StepStatus.IN_DOUBT or not command.certain:
        return Decision()
    reason = f"its write ended late: {command.because}"
    return _one(
        events.DoubtSettled(step=command.step, applied=True, by=DESK, reason=reason),
    )


def _late_to_another(run: Run, command: commands.ReportLate) -> Answer:
    """Return that the next try fails: it was planned without knowing of the first.

    Once it is claimed itself, or settled, nothing changes it: then people are told of both.
    """
    step = run.step(command.step)
    if step.status not in OPEN | {StepStatus.PLANNED}:
        wrote = events.WroteLate(
            step=command.step,
            approval=command.approval,
            certain=command.certain,
            because=command.because,
        )
        return _one(wrote)
    because = f"an earlier write of it ended late: {command.because}"
    return _one(events.StepFailed(step=command.step, because=because, attempt=step.attempts + 1))


def _settle_doubt(run: Run, command: commands.SettleDoubt, _: datetime) -> Answer:
    step = _expect(run, command.step, {StepStatus.IN_DOUBT})
    settled = events.DoubtSettled(
        step=command.step, applied=command.applied, by=command.by, reason=command.reason
    )
    return Decision(events=(settled,), release=() if command.applied else _given_back(step))


def _observe(run: Run, command: commands.ObserveSettle, _: datetime) -> Answer:
    step = _running(run, command, StepStatus.APPLIED)
    if (step.ready, step.settling) == ((command.ready, command.wanted), command.words):
        return Decision()
    return _one(
        events.SettleObserved(
            step=command.step, ready=command.ready, wanted=command.wanted, words=command.words
        )
    )


def _verify(run: Run, command: commands.RecordVerification, _: datetime) -> Answer:
    step = _running(run, command, StepStatus.APPLIED)
    verified = events.EffectVerified(
        step=command.step,
        verdict=command.verdict,
        because=command.because,
        comparisons=command.comparisons,
        watch=command.watch,
    )
    return Decision(events=(verified,), release=_given_back(step))


def _end_watch(run: Run, command: commands.EndWatch, _: datetime) -> Answer:
    if run.step(command.step).watch is None:
        return Decision()
    return _one(
        events.WatchEnded(step=command.step, verdict=command.verdict, because=command.because)
    )


def _ask(run: Run, command: commands.PoseAsk, _: datetime) -> Answer:
    _expect(run, command.step, OPEN)
    posed = events.AskPosed(step=command.step, question=command.question, choices=command.choices)
    return _one(posed)


def _answer(run: Run, command: commands.AnswerAsk, _: datetime) -> Answer:
    step = _expect(run, command.step, {StepStatus.ASKED})
    if command.answer not in step.choices:
        message = f"{command.step}: answer one of {', '.join(step.choices)}"
        raise Rejected(message)
    return _one(events.AskAnswered(step=command.step, answer=command.answer, by=command.by))


def _wait(run: Run, command: commands.StartWait, _: datetime) -> Answer:
    _expect(run, command.step, OPEN)
    return _one(events.WaitStarted(step=command.step, until=command.until))


def _end_wait(run: Run, command: commands.EndWait, now: datetime) -> Answer:
    step = _expect(run, command.step, {StepStatus.WAITING})
    if step.until is not None and now < step.until:
        return Decision()
    return _one(events.WaitEnded(step=command.step))


def _skip(run: Run, command: commands.SkipStep, _: datetime) -> Answer:
    held = {StepStatus.STARTED, StepStatus.IN_DOUBT, StepStatus.APPLIED}
    _expect(run, command.step, set(StepStatus) - SETTLED - held)
    return _one(events.StepSkipped(step=command.step, by=command.by, because=command.because))


def _retry(run: Run, command: commands.RetryStep, _: datetime) -> Answer:
    _expect(run, command.step, SETTLED)
    return _redirected(
        run, events.StepRetried(step=command.step, by=command.by, because=command.because)
    )


def _continue(run: Run, command: commands.ContinueFrom, _: datetime) -> Answer:
    if run.claimed is not None:
        message = f"{run.claimed.id} is {run.claimed.status.value}: settle it first"
        raise Rejected(message)
    return _redirected(
        run, events.RunContinued(step=command.step, by=command.by, because=command.because)
    )


def _undo(run: Run, command: commands.AskUndo, _: datetime) -> Answer:
    step = run.step(command.step)
    if step.applied is None:
        message = f"{command.step} changed nothing that could be undone"
        raise Rejected(message)
    if not command.normal and not step.applied.inverse:
        message = f"{command.step} cannot be undone: {step.applied.action} has no inverse"
        raise Rejected(message)
    if run.claimed is not None:
        message = f"{run.claimed.id} is {run.claimed.status.value}: settle it first"
        raise Rejected(message)
    if run.step(f"{UNDO}{command.step}").status is StepStatus.PLANNED:
        message = f"{command.step}: an undo waits for its approval already"
        raise Rejected(message)
    return _one(
        events.UndoAsked(
            step=command.step,
            by=command.by,
            because=command.because,
            instead=_normal(command, step.applied) if command.normal else (),
        )
    )


def _normal(command: commands.AskUndo, applied: PlanRecord) -> tuple[tuple[str, str], ...]:
    """Return the step that goes back to what is normal; raises Rejected where nobody says what."""
    back = applied.leaves.back if applied.leaves else ()
    if not back:
        message = f"{command.step}: nothing says what is normal; undo it instead"
        raise Rejected(message)
    return back


def _criterion(run: Run, command: commands.MeetCriterion, _: datetime) -> Answer:
    if command.criterion in run.criteria:
        return Decision()
    return _one(events.CriterionMet(criterion=command.criterion, because=command.because))


def _end(run: Run, command: commands.EndRun, _: datetime) -> Answer:
    if run.claimed is not None:
        message = f"{run.claimed.id} is {run.claimed.status.value}: settle it first"
        raise Rejected(message)
    finished = events.RunFinished(outcome=command.outcome, because=command.because)
    return Decision(events=(finished,), release=_no_more(run))


def _redirected(run: Run, event: events.StepRetried | events.RunContinued) -> Answer:
    """Return that a run goes on, which may be over by now: unless another one of it does."""
    took = tuple(Take(kind=one.kind, key=one.key) for one in _no_more(run))
    return Decision(events=(event,), release=_no_more(run), take=took)


def _sole(started: events.RunStarted) -> Take:
    return Take(kind=GOING, key=f"incident-{started.incident}/{started.runbook}")


def _no_more(run: Run) -> tuple[Release, ...]:
    took = _sole(run.started) if run.started else None
    return (Release(kind=took.kind, key=took.key),) if took else ()


def _one(event: RunEvent) -> Answer:
    return Decision(events=(event,))


def _not_in_shadow(run: Run, step: str) -> None:
    """Raise Rejected where the run is in shadow: no mistake of the engine's leads to a write."""
    if run.shadowed:
        message = f"{run.id} is in shadow: {step} is not asked for and never done"
        raise Rejected(message)


def _expect(run: Run, name: str, statuses: frozenset[StepStatus] | set[StepStatus]) -> Step:
    step = run.step(name)
    if step.status not in statuses:
        message = f"{run.id} {name} is {step.status.value}"
        raise Rejected(message)
    return step


def _running(run: Run, command: _Result, status: StepStatus) -> Step:
    """Return the step that is there with exactly this claim; raises ClaimConflict for any other.

    A process may have stood still since its claim, while people settled it and tried again.
    """
    step = run.step(command.step)
    if step.status is not status or step.approval != command.approval:
        stands = f"{step.status.value} with {step.approval or 'no approval'}"
        wanted = f"{status.value} with {command.approval or 'no approval'}"
        message = f"{run.id} {command.step} is {stands}, not {wanted}"
        raise ClaimConflict(message)
    return step


def _uid(step: Step) -> str:
    return step.plan.uid if step.plan else ""


def _given_back(step: Step) -> tuple[Release, ...]:
    return (Release(kind=CLAIM, key=_uid(step)),)


_DECIDE: Mapping[type, Callable[[Run, Any, datetime], Answer]] = {  # each takes its own command
    commands.RecordCheck: _check,
    commands.RecordFailure: _fail,
    commands.RecordPlan: _plan,
    commands.RecordWouldHave: _would_have,
    commands.RecordRefusal: _refuse,
    commands.VoidPlan: _void,
    commands.EditPlan: _edit,
    commands.PutOff: _put_off,
    commands.GoOn: _go_on,
    commands.ClaimStep: _claim,
    commands.KeepEvidence: _keep_evidence,
    commands.FinishStep: _finish,
    commands.RecordNotApplied: _not_applied,
    commands.RaiseDoubt: _doubt,
    commands.ReportLate: _late,
    commands.SettleDoubt: _settle_doubt,
    commands.ObserveSettle: _observe,
    commands.RecordVerification: _verify,
    commands.EndWatch: _end_watch,
    commands.PoseAsk: _ask,
    commands.AnswerAsk: _answer,
    commands.StartWait: _wait,
    commands.EndWait: _end_wait,
    commands.SkipStep: _skip,
    commands.RetryStep: _retry,
    commands.ContinueFrom: _continue,
    commands.AskUndo: _undo,
    commands.MeetCriterion: _criterion,
    commands.EndRun: _end,
}
