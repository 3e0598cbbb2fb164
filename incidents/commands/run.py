"""Commands to a run."""

from dataclasses import dataclass
from datetime import datetime

from incidents.events.run import (
    BundleRecord,
    Comparison,
    Evidence,
    PlanRecord,
    RunStarted,
    Watch,
)
from incidents.journal import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun:
    """Begin; refused when the run exists."""

    started: RunStarted


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCheck:
    """A check has read and decided."""

    step: str
    verdict: str
    because: str
    evidence: tuple[Evidence, ...]
    found: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFailure:
    """A step could not be done."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPlan:
    """An action was planned; approval is asked for it."""

    step: str
    plan: PlanRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWouldHave:
    """An action was planned in shadow; `needed` of the `approvers` would have had to agree."""

    step: str
    plan: PlanRecord
    approvers: tuple[str, ...]
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRefusal:
    """An action must not be done."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidPlan:
    """The plan no longer holds."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPlan:
    """A person changes arguments of a plan that nobody has carried out; it is planned anew.

    `parameters` are all arguments of the step that are to differ from the run's, by their names, as
    texts, within the bounds that `runbooks.language.editing` has looked up; `instead_of` are those
    that change now, as the plan was made with them. `approval` and `before` are what was looked at:
    the approval of the plan, None where none stands, and what was edited already.
    """

    step: str
    by: str
    because: str
    approval: str | None
    before: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    instead_of: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff:
    """The run cannot go on with a step for now; `step` is empty where nothing can be done."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """Nothing is waited for any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimStep:
    """Claim before the effect; `scopes` are those whose freeze forbids it.

    `open_incident` is the key of the run's incident: only an undo may be claimed without it open,
    and only an undo is free of the budget.
    """

    step: str
    approval: str
    digest: str
    not_after: datetime
    before: tuple[Evidence, ...]
    scopes: tuple[str, ...]
    open_incident: str
    budget: Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepEvidence:
    """What the pods said of themselves was kept, after the claim with this approval."""

    step: str
    approval: str
    bundle: BundleRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishStep:
    """The effect took place.

    `approval` is the claim's identity, here as below: a result of an earlier try of the step is
    refused.
    """

    step: str
    approval: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordNotApplied:
    """The write certainly did not take place."""

    step: str
    approval: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseDoubt:
    """Nobody can tell whether the effect took place."""

    step: str
    approval: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLate:
    """A write ended after its claim was settled; `certain` that it took place, else perhaps."""

    step: str
    approval: str
    certain: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDoubt:
    """A person says whether it did."""

    step: str
    applied: bool
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveSettle:
    """So many pods are ready; of a change that is not about pods `words` say how it stands."""

    step: str
    approval: str
    ready: int
    wanted: int
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVerification:
    """What became of the change."""

    step: str
    approval: str
    verdict: str
    because: str
    comparisons: tuple[Comparison, ...]
    watch: Watch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWatch:
    """The watch of a verified change is over: it stayed, was changed back, or nobody can tell."""

    step: str
    verdict: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseAsk:
    """Ask a person."""

    step: str
    question: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAsk:
    """A person answers."""

    step: str
    answer: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWait:
    """Wait until a moment."""

    step: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWait:
    """The moment has come."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipStep:
    """Leave a step out; `by` is `triaged` where its `when` does not hold."""

    step: str
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryStep:
    """A person sends a step round again."""

    step: str
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinueFrom:
    """A person lets the run go on from a step."""

    step: str
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskUndo:
    """A person asks for the inverse of an applied step, or to go back to what is `normal`."""

    step: str
    by: str
    because: str
    normal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetCriterion:
    """An escalation criterion holds."""

    criterion: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRun:
    """The run is over."""

    outcome: str
    because: str


RunCommand = (
    StartRun
    | RecordCheck
    | RecordFailure
    | RecordPlan
    | RecordWouldHave
    | RecordRefusal
    | VoidPlan
    | EditPlan
    | PutOff
    | GoOn
    | ClaimStep
    | KeepEvidence
    | FinishStep
    | RecordNotApplied
    | RaiseDoubt
    | ReportLate
    | SettleDoubt
    | ObserveSettle
    | RecordVerification
    | EndWatch
    | PoseAsk
    | AnswerAsk
    | StartWait
    | EndWait
    | SkipStep
    | RetryStep
    | ContinueFrom
    | AskUndo
    | MeetCriterion
    | EndRun
)
