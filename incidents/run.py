"""A run: its state, folded from its events, and what may follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any  # the dispatch tables hold functions of many event types

from incidents.events import run as events
from incidents.events.run import BundleRecord, Evidence, PlanRecord, RunEvent, Watch

UNDO = "undo-"
"""A step that a person asked for: `undo-<step>` is planned from the step's inverse."""
REVERTED = "reverted"
"""The verdict of a change that somebody has changed back."""
CRITERION = "criterion-"
"""Begins the name of a step that poses an escalation criterion to a person."""


class StepStatus(Enum):
    """How far a step has come."""

    OPEN = "open"
    PLANNED = "planned"
    STARTED = "started"
    IN_DOUBT = "in doubt"
    APPLIED = "applied"
    ASKED = "asked"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    SKIPPED = "skipped"
    SHADOWED = "only planned, in shadow"


SETTLED = frozenset(
    {
        StepStatus.DONE,
        StepStatus.FAILED,
        StepStatus.REFUSED,
        StepStatus.SKIPPED,
        StepStatus.SHADOWED,
    }
)
"""Statuses after which the run goes on to the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What has happened to one step.

    `verdict` is a check's, a verification's or a person's answer; `attempts` counts tries since
    the step was last opened, `voids` the plans that did not hold. `applied` is the plan that took
    place last, `asked_by` who opened the step again, `choices` what a person may answer. `found`
    are the pod and the node that a check is about. An undo that goes back to what is normal is
    planned from `instead`, and not from the inverse.
    """

    id: str
    status: StepStatus = StepStatus.OPEN
    verdict: str | None = None
    because: str = ""
    attempts: int = 0
    voids: int = 0
    plan: PlanRecord | None = None
    applied: PlanRecord | None = None
    approval: str | None = None
    asked_by: str | None = None
    instead: tuple[tuple[str, str], ...] = ()
    choices: tuple[str, ...] = ()
    found: tuple[tuple[str, str], ...] = ()
    before: tuple[Evidence, ...] = ()
    at: datetime | None = None
    claimed_at: datetime | None = None
    applied_at: datetime | None = None
    ready_at: datetime | None = None
    ready: tuple[int, int] | None = None
    settling: str = ""
    until: datetime | None = None
    edited: tuple[tuple[str, str], ...] = ()
    edited_by: str = ""
    editors: tuple[str, ...] = ()
    evidence: BundleRecord | None = None
    watch: Watch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """What the run waits for before it goes on with `step`, and since when that is known."""

    step: str
    because: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it stands; `started` is None before its first event.

    `met` says why each escalation criterion that was met was so; `continued_from` is the step from
    which a person let it go on: open steps before it stay out. A retry, an undo, going on or a late
    doubt opens a finished run again. `waits` is what stands in the way now. Neither waiting nor a
    question about a criterion is progress: `moved_at` is when a step of the runbook last had any.
    """

    id: str
    version: int = 0
    started: events.RunStarted | None = None
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    moved_at: datetime | None = None
    steps: Mapping[str, Step] = field(default_factory=dict)
    plans: int = 0
    met: Mapping[str, str] = field(default_factory=dict)
    continued_from: str | None = None
    outcome: str | None = None
    because: str = ""
    waits: Waits | None = None

    def step(self, name: str) -> Step:
        """Return the step, open where nothing has happened to it."""
        return self.steps.get(name, Step(id=name))

    @property
    def criteria(self) -> frozenset[str]:
        """Return the escalation criteria that were met."""
        return frozenset(self.met)

    @property
    def shadowed(self) -> bool:
        """Return whether the run is in shadow: it asks nobody for approval and changes nothing."""
        return self.started is not None and self.started.mode == events.SHADOW

    @property
    def claimed(self) -> Step | None:
        """Return the step that holds a claim on its target; there is one at most."""
        holding = {StepStatus.STARTED, StepStatus.IN_DOUBT, StepStatus.APPLIED}
        return next((s for s in self.steps.values() if s.status in holding), None)

    @property
    def watched(self) -> Step | None:
        """Return the verified step of which it is still looked whether somebody changes it back."""
        return next((s for s in self.steps.values() if s.watch is not None), None)


def evolve(run: Run, event: RunEvent, at: datetime) -> Run:
    """Return the run after the event; never raises for an event that was recorded."""
    grown = replace(run, version=run.version + 1, updated_at=at)
    match event:
        case events.RunStarted():
            return replace(grown, started=event, opened_at=at, moved_at=at)
        case events.StepWaits() | events.StepGoesOn():
            return replace(grown, waits=_in_the_way(event, at))
        case events.RunFinished():
            return replace(grown, outcome=event.outcome, because=event.because, waits=None)
        case events.CriterionMet():
            return replace(grown, met={**grown.met, event.criterion: event.because})
        case events.WroteLate() | events.WatchEnded():
            return _afterwards(grown, event)
        case _:
            return _evolve_step(grown, event, at)


def _in_the_way(event: events.StepWaits | events.StepGoesOn, at: datetime) -> Waits | None:
    if isinstance(event, events.StepGoesOn):
        return None
    return Waits(step=event.step, because=event.because, since=at)


def _afterwards(run: Run, event: events.WroteLate | events.WatchEnded) -> Run:
    """Return the run after what came of a step that is done: its moments stay the change's."""
    if isinstance(event, events.WroteLate):
        return run
    step = replace(run.step(event.step), watch=None)
    if event.verdict == REVERTED:
        step = replace(step, verdict=REVERTED, because=event.because)
    waits = run.waits if run.waits is not None and run.waits.step != event.step else None
    return replace(run, steps={**run.steps, step.id: step}, waits=waits)


_ELSEWHERE = (events.RunContinued, events.UndoAsked)
_REDIRECTING = (events.StepRetried, *_ELSEWHERE)


def _evolve_step(run: Run, event: Any, at: datetime) -> Run:  # any event that names a step
    name = f"{UNDO}{event.step}" if isinstance(event, events.UndoAsked) else event.step
    step = _STEP[type(event)](replace(run.step(name), at=at), event)
    plans = run.plans + isinstance(event, events.ActionPlanned)
    # Whatever happens to the step ends its waiting; so does a person who sends the run elsewhere.
    over = isinstance(event, _REDIRECTING) or (run.waits is not None and run.waits.step == name)
    waits = None if over else run.waits
    moved_at = run.moved_at if name.startswith(CRITERION) else at
    steps = {**run.steps, name: step}
    if isinstance(event, _ELSEWHERE):
        # Nobody comes back to look: what is still watched would keep the run open for ever.
        steps = {one.id: replace(one, watch=None) for one in steps.values()}
    grown = replace(run, steps=steps, plans=plans, waits=waits, moved_at=moved_at)
    if isinstance(event, (events.StepRetried, events.UndoAsked, events.StepInDoubt)):
        return replace(grown, outcome=None, because="")
    if isinstance(event, events.RunContinued):
        return replace(grown, outcome=None, because="", continued_from=event.step)
    return grown


def _checked(step: Step, event: events.CheckFinished) -> Step:
    return replace(
        step,
        status=StepStatus.DONE,
        verdict=event.verdict,
        because=event.because,
        found=event.found,
    )


def _failed(step: Step, event: events.StepFailed) -> Step:
    return replace(
        step, status=StepStatus.FAILED, because=event.because, attempts=step.attempts + 1
    )


def _planned(step: Step, event: events.ActionPlanned) -> Step:
    return replace(
        step,
        status=StepStatus.PLANNED,
        plan=event.plan,
        approval=event.approval,
        attempts=step.attempts + 1,
    )


def _would_have(step: Step, event: events.WouldHaveActed) -> Step:
    return replace(step, status=StepStatus.SHADOWED, plan=event.plan, because="")


def _refused(step: Step, event: events.ActionRefused) -> Step:
    return replace(step, status=StepStatus.REFUSED, verdict="refused", because=event.because)


def _voided(step: Step, event: events.PlanVoided) -> Step:
    return replace(
        step,
        status=StepStatus.OPEN,
        plan=None,
        approval=None,
        voids=step.voids + 1,
        because=event.because,
    )


def _edited(step: Step, event: events.PlanEdited) -> Step:
    # Edits lie on top of each other, so all stand for it. What is put back is nobody's any more.
    others = tuple(one for one in step.editors if one != event.by)
    return replace(
        step,
        status=StepStatus.OPEN,
        plan=None,
        approval=None,
        edited=event.parameters,
        edited_by=event.by if event.parameters else "",
        editors=(*others, event.by) if event.parameters else (),
        because=event.because,
    )


def _evidence(step: Step, event: events.EvidenceKept) -> Step:
    return replace(step, evidence=event.bundle)


def _started(step: Step, event: events.StepStarted) -> Step:
    return replace(step, status=StepStatus.STARTED, before=event.before, claimed_at=step.at)


def _finished(step: Step, event: events.StepFinished) -> Step:
    return _applied(step, event.detail)


def _applied(step: Step, because: str) -> Step:
    return replace(
        step,
        status=StepStatus.APPLIED,
        applied=step.plan,
        applied_at=step.at,
        because=because,
    )


def _not_applied(step: Step, event: events.StepNotApplied) -> Step:
    return replace(step, status=StepStatus.FAILED, because=event.because)


def _in_doubt(step: Step, event: events.StepInDoubt) -> Step:
    return replace(step, status=StepStatus.IN_DOUBT, because=event.because)


def _doubt_settled(step: Step, event: events.DoubtSettled) -> Step:
    if event.applied:
        return _applied(step, event.reason)
    return replace(step, status=StepStatus.FAILED, because=event.reason)


def _observed(step: Step, event: events.SettleObserved) -> Step:
    complete = event.ready >= event.wanted
    return replace(
        step,
        ready=(event.ready, event.wanted),
        ready_at=step.at if complete else None,
        settling=event.words,
    )


def _verified(step: Step, event: events.EffectVerified) -> Step:
    return replace(
        step,
        status=StepStatus.DONE,
        verdict=event.verdict,
        because=event.because,
        watch=event.watch,
    )


def _asked(step: Step, event: events.AskPosed) -> Step:
    return replace(step, status=StepStatus.ASKED, because=event.question, choices=event.choices)


def _answered(step: Step, event: events.AskAnswered) -> Step:
    return replace(step, status=StepStatus.DONE, verdict=event.answer)


def _waits(step: Step, event: events.WaitStarted) -> Step:
    return replace(step, status=StepStatus.WAITING, until=event.until)


def _waited(step: Step, _: events.WaitEnded) -> Step:
    return replace(step, status=StepStatus.DONE, verdict="waited", until=None)


def _skipped(step: Step, event: events.StepSkipped) -> Step:
    return replace(step, status=StepStatus.SKIPPED, because=event.because, until=None)


def _opened(step: Step, event: events.StepRetried | events.RunContinued | events.UndoAsked) -> Step:
    # What was applied last stays known, since it can still be undone, and what was kept before it.
    return Step(
        id=step.id,
        at=step.at,
        applied=step.applied,
        asked_by=event.by,
        evidence=step.evidence,
    )


def _undo_asked(step: Step, event: events.UndoAsked) -> Step:
    return replace(_opened(step, event), instead=event.instead)


_STEP: Mapping[type, Callable[[Step, Any], Step]] = {  # each function takes its own event
    events.CheckFinished: _checked,
    events.StepFailed: _failed,
    events.ActionPlanned: _planned,
    events.WouldHaveActed: _would_have,
    events.ActionRefused: _refused,
    events.PlanVoided: _voided,
    events.PlanEdited: _edited,
    events.StepStarted: _started,
    events.EvidenceKept: _evidence,
    events.StepFinished: _finished,
    events.StepNotApplied: _not_applied,
    events.StepInDoubt: _in_doubt,
    events.DoubtSettled: _doubt_settled,
    events.SettleObserved: _observed,
    events.EffectVerified: _verified,
    events.AskPosed: _asked,
    events.AskAnswered: _answered,
    events.WaitStarted: _waits,
    events.WaitEnded: _waited,
    events.StepSkipped: _skipped,
    events.StepRetried: _opened,
    events.RunContinued: _opened,
    events.UndoAsked: _undo_asked,
}
