"""What a run records, what it refuses, and what it takes and gives back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents.commands import run as commands
from incidents.commands.run import RunCommand
from incidents.decision import Decision
from incidents.errors import Rejected
from incidents.events import run as events
from incidents.events.run import RunEvent
from incidents.journal import ApprovalGranted, Budget, HoldAbsent, HoldPresent, Release, Take
from incidents.run import Run
from tests.builders import APPROVAL, DIGEST, KEY, RUN, claim, evidence, later, plan
from tests.incidents.telling_runs import (
    ANSWER,
    ASK,
    BEGIN,
    CHECK,
    CLAIM,
    CRITERION_ASK,
    DOUBT,
    END,
    FAIL,
    FINISH,
    GO_ON,
    MET,
    NOT_APPLIED,
    PLAN,
    READY,
    REFUSE,
    RETRY,
    SETTLE,
    SKIP,
    STEP,
    UNDO,
    VERIFIED,
    VERIFY,
    VOID,
    WAIT,
    decided,
    through,
)

GIVEN_BACK = (Release(kind="claim", key="uid-decode"),)
WRITTEN_LATE = commands.ReportLate(step=STEP, approval=APPROVAL, certain=True, because="replicas 6")
HELD = (HoldPresent(kind="claim", key="uid-decode", stream=RUN),)


def one(event: RunEvent, **more: tuple[object, ...]) -> Decision[RunEvent]:
    return Decision(events=(event,), **more)  # type: ignore[arg-type] # holds, as the caller names


@pytest.mark.parametrize(
    ("known", "command", "decision"),
    [
        pytest.param(
            (),
            replace(CHECK, evidence=(evidence(),)),
            one(
                events.CheckFinished(
                    step="look", verdict="exhausted", because="97 %", evidence=(evidence(),)
                )
            ),
            id="check",
        ),
        pytest.param(
            (),
            FAIL,
            one(events.StepFailed(step=STEP, because="no such workload", attempt=1)),
            id="failure",
        ),
        pytest.param(
            (PLAN,),
            FAIL,
            one(events.StepFailed(step=STEP, because="no such workload", attempt=2)),
            id="failure-of-a-plan",
        ),
        pytest.param(
            (),
            PLAN,
            one(events.ActionPlanned(step=STEP, plan=plan(), approval=APPROVAL, attempt=1)),
            id="plan",
        ),
        pytest.param(
            (PLAN, VOID),
            PLAN,
            one(events.ActionPlanned(step=STEP, plan=plan(), approval="approval-1-1-2", attempt=2)),
            id="plan-again",
        ),
        pytest.param(
            (),
            REFUSE,
            one(events.ActionRefused(step=STEP, because="an autoscaler owns it")),
            id="refusal",
        ),
        pytest.param(
            (PLAN,),
            VOID,
            one(events.PlanVoided(step=STEP, digest=DIGEST, because="replicas changed")),
            id="void",
        ),
        pytest.param(
            (PLAN, CLAIM),
            FINISH,
            one(events.StepFinished(step=STEP, detail="replicas 6"), require=HELD),
            id="finish",
        ),
        pytest.param(
            (PLAN, CLAIM),
            NOT_APPLIED,
            one(events.StepNotApplied(step=STEP, because="409"), release=GIVEN_BACK),
            id="not-applied",
        ),
        pytest.param(
            (PLAN, CLAIM),
            DOUBT,
            one(events.StepInDoubt(step=STEP, because="the answer was lost")),
            id="doubt",
        ),
        pytest.param(
            (PLAN, CLAIM, DOUBT),
            SETTLE,
            one(
                events.DoubtSettled(step=STEP, applied=True, by="ann", reason="kubectl says 6"),
            ),
            id="doubt-applied",
        ),
        pytest.param(
            (PLAN, CLAIM, DOUBT),
            replace(SETTLE, applied=False),
            one(
                events.DoubtSettled(step=STEP, applied=False, by="ann", reason="kubectl says 6"),
                release=GIVEN_BACK,
            ),
            id="doubt-not-applied",
        ),
        pytest.param(
            (PLAN, CLAIM, DOUBT),
            WRITTEN_LATE,
            one(
                events.DoubtSettled(
                    step=STEP,
                    applied=True,
                    by="triaged",
                    reason="its write ended late: replicas 6",
                )
            ),
            id="late-in-doubt",
        ),
        pytest.param(
            (PLAN, CLAIM, DOUBT), replace(WRITTEN_LATE, certain=False), Decision(), id="late-unsure"
        ),
        pytest.param((PLAN, CLAIM, FINISH), WRITTEN_LATE, Decision(), id="late-and-known"),
        pytest.param(
            (PLAN, CLAIM, DOUBT, replace(SETTLE, applied=False), END),
            WRITTEN_LATE,
            one(
                events.StepInDoubt(
                    step=STEP,
                    because="it was settled, and after that its write ended: replicas 6",
                )
            ),
            id="late-when-over",
        ),
        pytest.param(
            (PLAN, CLAIM, NOT_APPLIED, RETRY),
            WRITTEN_LATE,
            one(
                events.StepFailed(
                    step=STEP, because="an earlier write of it ended late: replicas 6", attempt=1
                )
            ),
            id="late-to-a-retry",
        ),
        pytest.param(
            (PLAN, CLAIM, FINISH),
            READY,
            one(events.SettleObserved(step=STEP, ready=5, wanted=6)),
            id="pods",
        ),
        pytest.param((PLAN, CLAIM, FINISH, READY), READY, Decision(), id="same-pods"),
        pytest.param(
            (PLAN, CLAIM, FINISH),
            VERIFY,
            one(
                events.EffectVerified(
                    step=STEP, verdict="verified", because="preemptions stopped", comparisons=()
                ),
                release=GIVEN_BACK,
            ),
            id="verified",
        ),
        pytest.param(
            (),
            ASK,
            one(events.AskPosed(step="ask", question="Well?", choices=("yes", "no"))),
            id="ask",
        ),
        pytest.param(
            (ASK,),
            ANSWER,
            one(events.AskAnswered(step="ask", answer="yes", by="ann")),
            id="answer",
        ),
        pytest.param((), WAIT, one(events.WaitStarted(step="pause", until=later(5))), id="wait"),
        pytest.param((WAIT,), commands.EndWait(step="pause"), Decision(), id="wait-too-early"),
        pytest.param(
            (PLAN,),
            SKIP,
            one(events.StepSkipped(step=STEP, by="ann", because="not now")),
            id="skip-a-plan",
        ),
        pytest.param(
            (FAIL,),
            RETRY,
            one(events.StepRetried(step=STEP, by="ann", because="once more")),
            id="retry",
        ),
        pytest.param(
            (FAIL, END),
            RETRY,
            one(events.StepRetried(step=STEP, by="ann", because="once more")),
            id="retry-when-over",
        ),
        pytest.param(
            (END,),
            GO_ON,
            one(events.RunContinued(step="pause", by="ann", because="looked at it")),
            id="go-on",
        ),
        pytest.param(
            VERIFIED,
            UNDO,
            one(events.UndoAsked(step=STEP, by="ann", because="traffic is gone")),
            id="undo",
        ),
        pytest.param(
            (), MET, one(events.CriterionMet(criterion="full", because="still full")), id="met"
        ),
        pytest.param((MET,), MET, Decision(), id="met-already"),
        pytest.param(
            (),
            END,
            one(events.RunFinished(outcome="completed", because="every step is done or left out")),
            id="end",
        ),
        pytest.param(
            (END,),
            MET,
            one(events.CriterionMet(criterion="full", because="still full")),
            id="met-when-over",
        ),
        pytest.param(
            (END,),
            CRITERION_ASK,
            one(events.AskPosed(step="criterion-full", question="Well?", choices=("yes", "no"))),
            id="criterion-asked-when-over",
        ),
        pytest.param(
            (CRITERION_ASK, END),
            replace(ANSWER, step="criterion-full"),
            one(events.AskAnswered(step="criterion-full", answer="yes", by="ann")),
            id="criterion-answered-when-over",
        ),
    ],
)
def test_a_command_is_one_event_with_what_it_takes_and_gives_back(
    known: tuple[RunCommand, ...], command: RunCommand, decision: Decision[RunEvent]
) -> None:
    """The claim is given back exactly where the effect is known; everything else is a record."""
    assert decided(through(*known), command) == decision


def test_a_wait_ends_at_its_moment() -> None:
    """Waiting is a row with a due time."""
    told = decided(through(WAIT), commands.EndWait(step="pause"), at=later(5))

    assert told == one(events.WaitEnded(step="pause"))


def test_a_claim_takes_the_target_and_uses_up_the_approval() -> None:
    """All rules across streams are in the one append: a second claim of either kind loses."""
    budget = Budget(key="uid-decode", limit=4, window=timedelta(hours=1))
    decision = decided(through(PLAN), claim(before=(evidence(),), budget=budget))

    assert decision == Decision(
        events=(
            events.StepStarted(step=STEP, approval=APPROVAL, digest=DIGEST, before=(evidence(),)),
        ),
        take=(Take(kind="claim", key="uid-decode"), Take(kind="used", key=APPROVAL)),
        require=(
            HoldAbsent(kind="frozen", key="all"),
            HoldAbsent(kind="frozen", key="llm-d"),
            ApprovalGranted(approval=APPROVAL, digest=DIGEST, not_after=later(10)),
            HoldPresent(kind="open_incident", key=KEY, stream="incident-1"),
            budget,
        ),
    )


def test_the_claim_of_an_undo_needs_no_open_incident_and_no_budget() -> None:
    """Taking back must stay possible when all is over and however much was changed."""
    undo = "undo-scale-decode"
    run = through(*VERIFIED, UNDO, replace(PLAN, step=undo))

    decision = decided(run, claim(undo, approval="approval-1-1-2"))

    assert decision.require == (
        HoldAbsent(kind="frozen", key="all"),
        HoldAbsent(kind="frozen", key="llm-d"),
        ApprovalGranted(approval="approval-1-1-2", digest=DIGEST, not_after=later(10)),
    )


OTHER = replace(PLAN, step="other")
OTHER_CLAIM = claim("other", approval="approval-1-1-2")
NO_INVERSE = replace(PLAN, plan=plan(inverse=()))


@pytest.mark.parametrize(
    ("known", "command", "reason"),
    [
        pytest.param((), BEGIN, "run-1-1 has begun already", id="begun"),
        pytest.param((END,), CHECK, "run-1-1 is over: completed", id="over"),
        pytest.param((END,), ASK, "run-1-1 is over: completed", id="over-for-questions"),
        pytest.param((CHECK,), CHECK, "run-1-1 look is done", id="check-done"),
        pytest.param((), CLAIM, "run-1-1 scale-decode is open", id="claim-without-plan"),
        pytest.param(
            (PLAN,),
            claim(approval="approval-1-1-9"),
            "scale-decode: the approval is not for the plan that stands",
            id="another-approval",
        ),
        pytest.param(
            (PLAN,),
            claim(digest="sha256:other"),
            "scale-decode: the approval is not for the plan that stands",
            id="another-plan",
        ),
        pytest.param(
            (PLAN, VOID, PLAN),
            CLAIM,
            "scale-decode: the approval is not for the plan that stands",
            id="former-approval",
        ),
        pytest.param(
            (PLAN, OTHER, CLAIM),
            OTHER_CLAIM,
            "other: scale-decode still holds a claim",
            id="second-claim",
        ),
        pytest.param((PLAN, CLAIM), CLAIM, "run-1-1 scale-decode is started", id="claimed-already"),
        pytest.param((PLAN,), FINISH, "run-1-1 scale-decode is planned", id="finish-unclaimed"),
        pytest.param(
            (PLAN, CLAIM), VERIFY, "run-1-1 scale-decode is started", id="verify-unapplied"
        ),
        pytest.param(
            (PLAN, CLAIM), SETTLE, "run-1-1 scale-decode is started", id="settle-no-doubt"
        ),
        pytest.param((PLAN, CLAIM), SKIP, "run-1-1 scale-decode is started", id="skip-claimed"),
        pytest.param((SKIP,), SKIP, "run-1-1 scale-decode is skipped", id="skip-skipped"),
        pytest.param((), RETRY, "run-1-1 scale-decode is open", id="retry-open"),
        pytest.param(
            (PLAN, CLAIM), GO_ON, "scale-decode is started: settle it first", id="go-on-claimed"
        ),
        pytest.param(
            (PLAN, CLAIM), END, "scale-decode is started: settle it first", id="end-claimed"
        ),
        pytest.param(
            (PLAN,), UNDO, "scale-decode changed nothing that could be undone", id="undo-unapplied"
        ),
        pytest.param(
            (NO_INVERSE, *VERIFIED[1:]),
            UNDO,
            "scale-decode cannot be undone: scale has no inverse",
            id="undo-without-inverse",
        ),
        pytest.param(
            (PLAN, CLAIM, FINISH),
            UNDO,
            "scale-decode is applied: settle it first",
            id="undo-claimed",
        ),
        pytest.param(
            (*VERIFIED, UNDO, replace(PLAN, step="undo-scale-decode")),
            UNDO,
            "scale-decode: an undo waits for its approval already",
            id="undo-twice",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(
    known: tuple[RunCommand, ...], command: RunCommand, reason: str
) -> None:
    """Whoever is late, or wrong, learns how the step stands."""
    with pytest.raises(Rejected) as refused:
        decided(through(*known), command)

    assert str(refused.value) == reason


def test_a_run_that_has_not_begun_takes_no_command() -> None:
    """A wrong name must not begin a stream."""
    with pytest.raises(Rejected, match="there is no run-1-1"):
        decided(Run(id=RUN), CHECK)


def test_what_was_applied_can_be_undone_after_a_retry() -> None:
    """A second try must not take away the way back from the first."""
    run = through(*VERIFIED, commands.RetryStep(step=STEP, by="ann", because="once more"))

    undo = commands.AskUndo(step=STEP, by="ann", because="traffic is gone")

    assert decided(run, undo).events == (
        events.UndoAsked(step=STEP, by="ann", because="traffic is gone"),
    )


def test_an_answer_is_one_of_the_choices() -> None:
    """Whatever else is said would be a verdict that no later step knows."""
    with pytest.raises(Rejected, match="answer one of yes, no"):
        decided(through(ASK), replace(ANSWER, answer="banana"))
