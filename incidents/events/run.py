"""Events of a run: one execution of a runbook for an incident."""

from dataclasses import dataclass
from datetime import datetime, timedelta

APPLY = "apply"
SHADOW = "shadow"
"""The modes of a run: what people approve is applied, or nothing is asked and nothing done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRecord:
    """A field that gets what stands in another object of the namespace.

    `field` is its JSON pointer, `source` the one of the value in the other object, of which
    `without` are pointers of what is left out. The value itself is not kept, as it may hold
    secrets: `digest` is the SHA-256 of its canonical JSON.
    """

    field: str
    api_version: str
    kind: str
    name: str
    uid: str
    source: str
    without: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRecord:
    """The one write of a plan: the object that is written, which need not be the target.

    `fields` are pairs of a JSON pointer and the value that it gets, as JSON (`null` takes the field
    away); `copied` are fields whose values come from other objects. `subresource` is `scale`,
    `status` or empty. A `bare` object has no annotations yet, and one that is to be made no `uid`;
    its `name` is then how its name begins. `also` are further objects of this kind and namespace
    that are written in the same way, by name and uid.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    subresource: str
    fields: tuple[tuple[str, str], ...]
    bare: bool = False
    copied: tuple[CopyRecord, ...] = ()
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavesRecord:
    """What a plan leaves behind that is not to stay: somebody is to end it within that time.

    `back` is the step that goes back to what is normal (its action and parameters), empty where
    nobody says what that is and the undo alone ends it.
    """

    what: str
    within: timedelta
    back: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """Exactly what an action would do; the digest is what people approve.

    Pairs are (field, value). `uid` and `api_version` are the target's; `write` says which object is
    written, and its uid and `resource_version` are the preconditions. `people` must agree at least,
    and `loads` is how long a new pod takes to serve, None where nobody knows. `leaves` is what
    stays behind and is not to, None where nothing does.
    """

    action: str
    cluster: str
    namespace: str
    kind: str
    name: str
    model: str
    role: str
    pods: tuple[str, ...]
    uid: str
    resource_version: str
    parameters: tuple[tuple[str, str], ...]
    owner_path: tuple[str, ...]
    before: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...]
    inverse: tuple[tuple[str, str], ...]
    kubectl: str
    dry_run: str
    warnings: tuple[str, ...]
    reversible: bool
    digest: str
    write: WriteRecord
    api_version: str = "apps/v1"
    people: int = 1
    loads: timedelta | None = None
    leaves: LeavesRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One number that was read, or why there was none; `query` is what was asked."""

    name: str
    value: float | None
    unit: str
    because: str | None
    query: str
    at: datetime
    pod: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A signal before and after a change; None where there was no data, with the reason."""

    signal: str
    unit: str
    before: float | None
    after: float | None
    expected: str
    met: bool | None
    note: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRecord:
    """What was kept of pods before a change.

    `text` is the digest of the whole, of `size` characters, empty where there was nothing; `pods`,
    `logs`, `metrics` and `events` count what is in it, `missing` says what is not, and why.
    """

    text: str
    size: int
    pods: int
    logs: int
    metrics: int
    events: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Until when it is looked whether somebody changes it back, once in `every`."""

    until: datetime
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run began; it keeps the digests and, as texts, the whole of runbook and policy.

    `pool` is the InferencePool that the alerts name, empty where they name none; `cluster` the
    one that the incident is in, empty in runs of an earlier release; `chosen` the workload that a
    person chose among several, as in `Deployment decode`. `mode` stays what it is for the whole
    run, whatever the policy becomes.
    """

    incident: int
    runbook: str
    title: str
    runbook_digest: str
    runbook_text: str
    policy_digest: str
    parameters: tuple[tuple[str, str], ...]
    namespace: str
    model: str
    role: str
    mode: str
    by: str
    because: str
    policy_text: str = ""
    pool: str = ""
    cluster: str = ""
    chosen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinished:
    """A check gave a verdict of its closed set, with the numbers behind it.

    `found` are the pod and the node that it is about, as (`pod`, name), for steps that act on them.
    """

    step: str
    verdict: str
    because: str
    evidence: tuple[Evidence, ...]
    found: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed:
    """A step could not be done; what follows is the step's `on_failure`."""

    step: str
    because: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlanned:
    """An action was planned; `approval` is the approval that is asked for it."""

    step: str
    plan: PlanRecord
    approval: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldHaveActed:
    """In shadow an action was planned, and that is all: nobody is asked and nothing is done.

    `approvers` are the people who would have been asked, of whom `needed` must have agreed.
    """

    step: str
    plan: PlanRecord
    approvers: tuple[str, ...]
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRefused:
    """An action must not be done as things stand, and why."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanVoided:
    """The plan no longer holds: the world changed, or its approval was refused or expired."""

    step: str
    digest: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEdited:
    """Before anybody approved, the plan is to be made with other arguments; it is planned anew.

    `parameters` are all of the step's arguments that differ from the run's, as texts, and
    `instead_of` what those that changed now were before.
    """

    step: str
    by: str
    because: str
    parameters: tuple[tuple[str, str], ...]
    instead_of: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWaits:
    """The run cannot go on with a step for now, and why; told when the reason is another one.

    `step` is empty where nothing of the run can be done.
    """

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepGoesOn:
    """What a step waited for is there again, and nothing else that happened says so."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """The claim: written before the effect, so that a crash shows up as doubt."""

    step: str
    approval: str
    digest: str
    before: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceKept:
    """Between the claim and the write: what the pods that it touches said of themselves."""

    step: str
    approval: str
    bundle: BundleRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """The effect took place, as the API server answered or as the world was read back."""

    step: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNotApplied:
    """The write certainly did not take place, and why; the claim is given back."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInDoubt:
    """Nobody can tell whether the effect took place; a person decides."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WroteLate:
    """A write of an earlier try ended, `certain` or perhaps, when a newer one was under way.

    `approval` is the earlier try's. The newer one goes on: people must know of both.
    """

    step: str
    approval: str
    certain: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtSettled:
    """A person said whether the effect took place."""

    step: str
    applied: bool
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleObserved:
    """How far a change has come: so many of the wanted pods are ready.

    Of a change that is not about pods `words` say how it stands, and one of one is as it should be.
    """

    step: str
    ready: int
    wanted: int
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectVerified:
    """What became of a change: verified, no effect, worse, reverted, cannot tell.

    What is verified is watched for a while more, where somebody could change it back.
    """

    step: str
    verdict: str
    because: str
    comparisons: tuple[Comparison, ...]
    watch: Watch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEnded:
    """Whether a verified change stayed: verified, reverted, or cannot tell."""

    step: str
    verdict: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPosed:
    """A person is asked to decide, or to do something by hand."""

    step: str
    question: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAnswered:
    """A person answered."""

    step: str
    answer: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStarted:
    """The run waits until a moment."""

    step: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitEnded:
    """The moment has come."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped:
    """A step was left out: by a person with a reason, or because its `when` did not hold."""

    step: str
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRetried:
    """A person sends a step round again."""

    step: str
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContinued:
    """A person lets the run go on from a step; what lies before and is open is skipped."""

    step: str
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoAsked:
    """A person asks for the inverse of an applied step; it is planned and approved like any.

    `instead` is the step (action and parameters) that goes back to what is normal, where that is
    asked for and not the inverse.
    """

    step: str
    by: str
    because: str
    instead: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionMet:
    """An escalation criterion of the runbook holds."""

    criterion: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run is over: completed, stopped by a failure, or stopped by a person."""

    outcome: str
    because: str


RunEvent = (
    RunStarted
    | CheckFinished
    | StepFailed
    | ActionPlanned
    | WouldHaveActed
    | ActionRefused
    | PlanVoided
    | PlanEdited
    | StepWaits
    | StepGoesOn
    | StepStarted
    | EvidenceKept
    | StepFinished
    | StepNotApplied
    | StepInDoubt
    | WroteLate
    | DoubtSettled
    | SettleObserved
    | EffectVerified
    | WatchEnded
    | AskPosed
    | AskAnswered
    | WaitStarted
    | WaitEnded
    | StepSkipped
    | StepRetried
    | RunContinued
    | UndoAsked
    | CriterionMet
    | RunFinished
)
