"""What a run records, what it refuses, and what it takes and gives back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents.commands import run as commands
from incidents.commands.run import RunCommand
from incidents.decision import Decision
from incidents.errors import ClaimConflict, Rejected
from incidents.events import run as events
from incidents.events.run import RunEvent
from incidents.journal import ApprovalGranted, Budget, HoldAbsent, HoldPresent, Release, Take
from incidents.run import Run, evolve
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
# It may be over, and another one may go on by now: taken anew, whoever has it.
ITS_TURN = {
    "release": (Release(kind="going", key="incident-1/cache-evictions"),),
    "take": (Take(kind="going", key="incident-1/cache-evictions"),),
}
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
            one(events.StepRetried(step=STEP, by="ann", because="once more"), **ITS_TURN),
            id="retry",
        ),
        pytest.param(
            (FAIL, END),
            RETRY,
            one(events.StepRetried(step=STEP, by="ann", because="once more"), **ITS_TURN),
            id="retry-when-over",
        ),
        pytest.param(
            (END,),
            GO_ON,
            one(events.RunContinued(step="pause", by="ann", because="looked at it"), **ITS_TURN),
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
            one(
                events.RunFinished(outcome="completed", because="every step is done or left out"),
                release=ITS_TURN["release"],
            ),
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
            VERIFIED,
            replace(UNDO, normal=True),
            "scale-decode: nothing says what is normal; undo it instead",
            id="normal-unknown",
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


SECOND = "approval-1-1-2"
AGAIN = (PLAN, CLAIM, NOT_APPLIED, RETRY, PLAN, claim(approval=SECOND))
"""A second try of the same step is claimed."""


@pytest.mark.parametrize(
    ("known", "command", "reason"),
    [
        pytest.param((PLAN,), FINISH, f"planned with {APPROVAL}, not started", id="unclaimed"),
        pytest.param((), FINISH, "open with no approval, not started", id="unplanned"),
        pytest.param(
            (PLAN, CLAIM), VERIFY, f"started with {APPROVAL}, not applied", id="verified-unapplied"
        ),
        pytest.param(
            (PLAN, CLAIM, FINISH), FINISH, f"applied with {APPROVAL}, not started", id="twice"
        ),
        pytest.param(
            (PLAN, CLAIM, NOT_APPLIED, END),
            FINISH,
            f"failed with {APPROVAL}, not started",
            id="over",
        ),
        pytest.param(AGAIN, FINISH, f"started with {SECOND}, not started", id="late-finish"),
        pytest.param(AGAIN, NOT_APPLIED, f"started with {SECOND}, not started", id="late-no"),
        pytest.param(AGAIN, DOUBT, f"started with {SECOND}, not started", id="late-doubt"),
        pytest.param(
            (*AGAIN, replace(FINISH, approval=SECOND)),
            READY,
            f"applied with {SECOND}, not applied",
            id="late-pods",
        ),
        pytest.param(
            (*AGAIN, replace(FINISH, approval=SECOND)),
            VERIFY,
            f"applied with {SECOND}, not applied",
            id="late-verdict",
        ),
    ],
)
def test_a_result_counts_for_its_own_claim_alone(
    known: tuple[RunCommand, ...], command: RunCommand, reason: str
) -> None:
    """A hand that stood still must not write its end over the try that came after it."""
    with pytest.raises(ClaimConflict) as refused:
        decided(through(*known), command)

    assert str(refused.value) == f"run-1-1 scale-decode is {reason} with {APPROVAL}"


@pytest.mark.parametrize("certain", [True, False])
def test_a_late_write_leaves_a_newer_claim_alone_and_is_recorded(certain: bool) -> None:
    """Whoever looks at the second try must know that the first one wrote as well."""
    run = through(*AGAIN)

    decision = decided(run, replace(WRITTEN_LATE, certain=certain))

    assert decision == one(
        events.WroteLate(step=STEP, approval=APPROVAL, certain=certain, because="replicas 6")
    )
    (wrote,) = decision.events
    assert evolve(run, wrote, later(1)).steps == run.steps


def test_a_late_write_of_what_still_runs_is_refused() -> None:
    """It is not late: its result is to be recorded."""
    with pytest.raises(Rejected, match="run-1-1 scale-decode is started"):
        decided(through(PLAN, CLAIM), WRITTEN_LATE)


WAIT_FROZEN = commands.PutOff(step=STEP, because="llm-d is frozen")
WAIT_AWAY = commands.PutOff(step=STEP, because="the cluster is away")


@pytest.mark.parametrize(
    ("known", "command", "minutes", "told"),
    [
        pytest.param((PLAN,), WAIT_FROZEN, 0, True, id="first"),
        pytest.param((PLAN, WAIT_FROZEN), WAIT_FROZEN, 60, False, id="same-reason"),
        pytest.param((PLAN, WAIT_FROZEN), WAIT_AWAY, 1, True, id="another-reason"),
        pytest.param((PLAN, WAIT_FROZEN), WAIT_AWAY, 0.9, False, id="reasons-that-come-and-go"),
        pytest.param(
            (PLAN, WAIT_FROZEN), replace(WAIT_FROZEN, step="other"), 0, True, id="another-step"
        ),
        pytest.param((PLAN, CLAIM, DOUBT), WAIT_FROZEN, 0, False, id="in-doubt-already"),
        pytest.param((PLAN, CLAIM, FINISH), WAIT_AWAY, 0, True, id="settling"),
    ],
)
def test_what_a_run_waits_for_is_told_when_it_is_news(
    known: tuple[RunCommand, ...], command: commands.PutOff, minutes: float, told: bool
) -> None:
    """The loop asks several times a second: the journal must not grow by it."""
    waits = events.StepWaits(step=command.step, because=command.because)

    decision = decided(through(*known), command, at=later(minutes))

    assert decision.events == ((waits,) if told else ())


@pytest.mark.parametrize(
    ("known", "minutes", "told"),
    [
        pytest.param((PLAN, WAIT_FROZEN), 1, (events.StepGoesOn(step=STEP),), id="over"),
        pytest.param((PLAN, WAIT_FROZEN), 0.9, (), id="too-soon"),
        pytest.param((PLAN,), 1, (), id="nothing-waited"),
    ],
)
def test_the_end_of_a_waiting_is_told_once(
    known: tuple[RunCommand, ...], minutes: float, told: tuple[RunEvent, ...]
) -> None:
    """A reason that is no longer true would send people to the wrong place."""
    assert decided(through(*known), commands.GoOn(), at=later(minutes)).events == told


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
