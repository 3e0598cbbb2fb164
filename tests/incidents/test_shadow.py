"""In shadow a run records what it would have done, and no command makes it do that."""

from dataclasses import replace

import pytest

from incidents.commands import run as commands
from incidents.commands.run import RunCommand
from incidents.decision import Decision
from incidents.default_policy import default_policy
from incidents.errors import Rejected
from incidents.events import run as events
from incidents.linking import owed
from incidents.run import Run, StepStatus, evolve
from incidents.telling import tell
from tests.builders import NOON, RUN, claim, desk, plan, policy, report, started
from tests.incidents.telling_runs import PLAN, RETRY, STEP, after, decided, through

WOULD = commands.RecordWouldHave(step=STEP, plan=plan(), approvers=("ann", "bob"), needed=1)


def shadowed() -> Run:
    """Return a run that has begun in shadow."""
    return evolve(Run(id=RUN), started(mode=events.SHADOW), NOON)


def test_what_would_have_been_done_is_kept_with_its_whole_plan() -> None:
    """Whoever switches the runbook on wants to have seen its plans."""
    told = events.WouldHaveActed(step=STEP, plan=plan(), approvers=("ann", "bob"), needed=1)

    decision = decided(shadowed(), WOULD)

    step = after(shadowed(), WOULD).step(STEP)
    assert decision == Decision(events=(told,))
    assert (step.status, step.plan, step.approval, step.applied) == (
        StepStatus.SHADOWED,
        plan(),
        None,
        None,
    )


@pytest.mark.parametrize(
    ("run", "command", "reason"),
    [
        pytest.param(
            shadowed(),
            PLAN,
            f"{RUN} is in shadow: {STEP} is not asked for and never done",
            id="ask",
        ),
        pytest.param(
            shadowed(),
            claim(),
            f"{RUN} is in shadow: {STEP} is not asked for and never done",
            id="claim",
        ),
        pytest.param(
            through(), WOULD, f"{RUN} is not in shadow: {STEP} must be asked for", id="acting"
        ),
        pytest.param(
            after(shadowed(), WOULD),
            WOULD,
            f"{RUN} {STEP} is only planned, in shadow",
            id="twice",
        ),
        pytest.param(
            after(shadowed(), WOULD),
            commands.AskUndo(step=STEP, by="ann", because="it is too much"),
            f"{STEP} changed nothing that could be undone",
            id="undo",
        ),
    ],
)
def test_what_does_not_fit_the_mode_is_refused(run: Run, command: RunCommand, reason: str) -> None:
    """The journal itself keeps a run in shadow from acting, whatever the engine does."""
    with pytest.raises(Rejected) as refused:
        decided(run, command)

    assert str(refused.value) == reason


def test_a_person_may_have_it_planned_again() -> None:
    """The world moved on, and what it would do now is another plan."""
    again = after(shadowed(), WOULD, RETRY, WOULD)

    assert again.step(STEP).status is StepStatus.SHADOWED


def test_nobody_is_asked_and_nothing_is_mitigated() -> None:
    """A plan that only would have been must not look like one that helped."""
    told = desk()
    told.tell("incident-1", report())
    run = after(shadowed(), WOULD)

    debts = owed(told.incident(1), [run], {}, policy(), NOON)

    assert [type(one.command).__name__ for one in debts] == ["NoteRun"]


def test_nothing_acts_before_somebody_switches_it_on() -> None:
    """After installation the desk shows what it is worth and changes nothing."""
    untouched = default_policy()
    one = replace(untouched, acting=frozenset({"cache-evictions"}))
    every = replace(untouched, acting=frozenset({"*"}))
    stopped = replace(every, shadow=True)

    acts = [made.acts("cache-evictions") for made in (untouched, one, every, stopped)]

    assert acts == [False, True, True, False]
    assert not one.acts("bad-rollout")


@pytest.mark.parametrize(
    ("approvers", "needed", "who"),
    [
        pytest.param(("ann",), 1, "needs approval of ann;", id="one"),
        pytest.param(("ann", "bob"), 2, "needs approval of 2 of ann, bob;", id="several"),
        pytest.param((), 1, "needs approval of nobody, as no approver is known;", id="nobody"),
    ],
)
def test_it_is_told_whose_approval_it_would_have_needed(
    approvers: tuple[str, ...], needed: int, who: str
) -> None:
    """Where nobody may approve, switching it on would change nothing: that must show before."""
    would = events.WouldHaveActed(step=STEP, plan=plan(), approvers=approvers, needed=needed)

    assert who in tell(would)


def test_the_beginning_says_that_the_run_is_in_shadow() -> None:
    """People must not wait for a card that never comes."""
    assert tell(started(mode=events.SHADOW)).endswith("; in shadow, so that nothing is changed")
