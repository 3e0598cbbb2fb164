"""A run as it stands, folded from its events; when it wants attention."""

from dataclasses import replace
from datetime import datetime

import pytest

from incidents.commands import run as commands
from incidents.commands.run import RunCommand
from incidents.run import Run, Step, StepStatus, Waits
from incidents.run_rules import due, state, title
from tests.builders import APPROVAL, NOON, RUN, claim, evidence, later, plan, started
from tests.incidents.telling_runs import (
    ANSWER,
    ASK,
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
    after,
    through,
)


@pytest.mark.parametrize(
    ("known", "step"),
    [
        pytest.param((), Step(id=STEP), id="open"),
        pytest.param(
            (PLAN,),
            Step(
                id=STEP,
                status=StepStatus.PLANNED,
                plan=plan(),
                approval=APPROVAL,
                attempts=1,
                at=NOON,
            ),
            id="planned",
        ),
        pytest.param(
            (PLAN, VOID),
            Step(id=STEP, because="replicas changed", attempts=1, voids=1, at=NOON),
            id="voided",
        ),
        pytest.param(
            (REFUSE,),
            Step(
                id=STEP,
                status=StepStatus.REFUSED,
                verdict="refused",
                because="an autoscaler owns it",
                at=NOON,
            ),
            id="refused",
        ),
        pytest.param(
            (FAIL,),
            Step(
                id=STEP,
                status=StepStatus.FAILED,
                because="no such workload",
                attempts=1,
                at=NOON,
            ),
            id="failed",
        ),
        pytest.param(
            (PLAN, claim(before=(evidence(),)), FINISH, READY, replace(READY, ready=6), VERIFY),
            Step(
                id=STEP,
                status=StepStatus.DONE,
                verdict="verified",
                because="preemptions stopped",
                attempts=1,
                plan=plan(),
                applied=plan(),
                approval=APPROVAL,
                before=(evidence(),),
                at=NOON,
                claimed_at=NOON,
                applied_at=NOON,
                ready_at=NOON,
                ready=(6, 6),
            ),
            id="verified",
        ),
        pytest.param(
            (PLAN, CLAIM, NOT_APPLIED),
            Step(
                id=STEP,
                status=StepStatus.FAILED,
                because="409",
                attempts=1,
                plan=plan(),
                approval=APPROVAL,
                at=NOON,
                claimed_at=NOON,
            ),
            id="not-applied",
        ),
        pytest.param(
            (PLAN, CLAIM, DOUBT, replace(SETTLE, applied=False)),
            Step(
                id=STEP,
                status=StepStatus.FAILED,
                because="kubectl says 6",
                attempts=1,
                plan=plan(),
                approval=APPROVAL,
                at=NOON,
                claimed_at=NOON,
            ),
            id="doubt-not-applied",
        ),
        pytest.param(
            (PLAN, CLAIM, DOUBT, SETTLE),
            Step(
                id=STEP,
                status=StepStatus.APPLIED,
                because="kubectl says 6",
                attempts=1,
                plan=plan(),
                applied=plan(),
                approval=APPROVAL,
                at=NOON,
                claimed_at=NOON,
                applied_at=NOON,
            ),
            id="doubt-applied",
        ),
        pytest.param(
            (*VERIFIED, RETRY),
            Step(id=STEP, at=NOON, applied=plan(), asked_by=RETRY.by),
            id="retried",
        ),
    ],
)
def test_a_step_is_what_was_recorded_of_it(known: tuple[RunCommand, ...], step: Step) -> None:
    """The engine decides from the step alone: nothing of an earlier try may be left on it."""
    assert through(*known).step(STEP) == step


def test_pods_that_are_no_longer_ready_are_waited_for_again() -> None:
    """A pod that crashes after its first ready moment must not count as settled."""
    ready = through(PLAN, CLAIM, FINISH, replace(READY, ready=6))

    assert after(ready, READY, at=later(1)).step(STEP).ready_at is None


def test_an_answer_and_a_wait_settle_their_steps() -> None:
    """The run goes on with what the person said."""
    run = after(through(ASK, ANSWER, WAIT, CHECK), commands.EndWait(step="pause"), at=later(5))

    assert [(one.id, one.status, one.verdict, one.until) for one in run.steps.values()] == [
        ("ask", StepStatus.DONE, "yes", None),
        ("pause", StepStatus.DONE, "waited", None),
        ("look", StepStatus.DONE, "exhausted", None),
    ]


def test_an_undo_is_a_step_of_its_own() -> None:
    """What was done stays on record beside what was undone."""
    run = through(*VERIFIED, END, UNDO)

    assert (run.step(STEP).verdict, run.step("undo-scale-decode"), run.outcome) == (
        "verified",
        Step(id="undo-scale-decode", at=NOON, asked_by=UNDO.by),
        None,
    )


def test_going_on_opens_a_run_that_was_over() -> None:
    """A person may know that the stop was needless."""
    run = through(FAIL, END, GO_ON)

    assert (run.outcome, run.because, run.continued_from) == (None, "", "pause")


WAITS = commands.PutOff(step=STEP, because="llm-d is frozen")


def test_a_run_knows_what_it_waits_for_and_since_when() -> None:
    """Every process reads it, not the one alone that tried; and waiting is no progress."""
    planned = through(PLAN)

    run = after(planned, WAITS, at=later(2))

    waits = Waits(step=STEP, because="llm-d is frozen", since=later(2))
    assert run == replace(planned, version=planned.version + 1, updated_at=later(2), waits=waits)


@pytest.mark.parametrize(
    ("told", "over"),
    [
        pytest.param((CLAIM,), True, id="claimed"),
        pytest.param((VOID,), True, id="voided"),
        pytest.param((SKIP,), True, id="skipped"),
        pytest.param((GO_ON,), True, id="person-goes-on"),
        pytest.param((END,), True, id="over"),
        pytest.param((FAIL, RETRY), True, id="sent-round-again"),
        pytest.param((replace(FAIL, step="other"), replace(RETRY, step="other")), True, id="other"),
        pytest.param((CRITERION_ASK,), False, id="criterion-asked"),
        pytest.param((MET,), False, id="criterion-met"),
        pytest.param((CHECK,), False, id="another-step"),
    ],
)
def test_a_waiting_ends_with_what_happens_to_its_step(
    told: tuple[RunCommand, ...], over: bool
) -> None:
    """An old reason beside a step that moves on would mislead."""
    run = after(through(PLAN, WAITS), *told)

    assert (run.waits is None) is over


def test_a_waiting_ends_when_its_reason_is_gone() -> None:
    """Nothing else may happen for a while."""
    waiting = through(PLAN, WAITS)

    run = after(waiting, commands.GoOn(), at=later(5))

    assert run == replace(waiting, version=waiting.version + 1, updated_at=later(5), waits=None)


def test_a_question_beside_the_runbook_is_no_progress_of_it() -> None:
    """What a step may take is counted from when the runbook came to it."""
    run = after(through(CHECK), CRITERION_ASK, MET, WAITS, at=later(5))

    assert (run.moved_at, run.updated_at) == (NOON, later(5))


def test_a_criterion_keeps_its_reason() -> None:
    """Whoever is called must read why, not the name of a rule."""
    run = through(MET)

    assert (run.met, run.criteria) == ({"full": "still full"}, frozenset({"full"}))


@pytest.mark.parametrize(
    ("run", "moment"),
    [
        pytest.param(Run(id=RUN), None, id="not-begun"),
        pytest.param(through(), None, id="goes-on-at-once"),
        pytest.param(through(PLAN), None, id="waits-for-approval"),
        pytest.param(through(ASK), None, id="waits-for-an-answer"),
        pytest.param(through(CRITERION_ASK), None, id="criterion-waits-for-an-answer"),
        pytest.param(through(PLAN, CLAIM, DOUBT), None, id="waits-in-doubt"),
        pytest.param(through(PLAN, CLAIM), None, id="claimed"),
        pytest.param(through(WAIT), later(5), id="waits-for-a-moment"),
        pytest.param(through(WAIT, replace(SKIP, step="pause")), None, id="wait-left-out"),
        pytest.param(through(WAIT, END), None, id="over"),
    ],
)
def test_a_run_wants_attention_when_it_can_go_on(run: Run, moment: datetime | None) -> None:
    """A row that is due all the time hides those whose moment has come."""
    assert due(run) == moment


@pytest.mark.parametrize(
    ("run", "words"),
    [
        pytest.param(Run(id=RUN), ("run-1-1", "running"), id="not-begun"),
        pytest.param(through(), ("KV cache exhausted", "running"), id="running"),
        pytest.param(through(PLAN, CLAIM, FINISH), ("KV cache exhausted", "applied"), id="claimed"),
        pytest.param(through(END), ("KV cache exhausted", "completed"), id="over"),
    ],
)
def test_a_run_is_one_title_and_one_word(run: Run, words: tuple[str, str]) -> None:
    """Lists show it, and whoever asks whether a change is under way reads it."""
    assert (title(run), state(run)) == words


def test_a_run_keeps_what_it_began_with() -> None:
    """Its runbook may be another one tomorrow; the run goes on with its own."""
    assert through().started == started()
