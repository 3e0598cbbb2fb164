"""Results of an earlier try: whatever comes late, and when, the newer try is as it was."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from incidents.commands import run as runs
from incidents.commands.run import RunCommand
from incidents.errors import Conflict, Rejected
from incidents.run import Run, StepStatus, evolve
from incidents.run_rules import decide
from tests.builders import APPROVAL, RUN, claim, later, plan, started

STEP = "scale-decode"
SECOND = "approval-1-1-2"
BEGIN = (
    runs.StartRun(started=started()),
    runs.RecordPlan(step=STEP, plan=plan()),
    claim(STEP, approval=APPROVAL),
)
ENDS: dict[str, tuple[RunCommand, ...]] = {
    "not applied": (runs.RecordNotApplied(step=STEP, approval=APPROVAL, because="409"),),
    "settled": (
        runs.RaiseDoubt(step=STEP, approval=APPROVAL, because="lost"),
        runs.SettleDoubt(step=STEP, applied=False, by="ann", reason="looked"),
    ),
    "verified": (
        runs.FinishStep(step=STEP, approval=APPROVAL, detail="replicas 6"),
        runs.RecordVerification(
            step=STEP, approval=APPROVAL, verdict="worse", because="it hurts", comparisons=()
        ),
    ),
}
AGAIN = (
    runs.RetryStep(step=STEP, by="ann", because="once more"),
    runs.RecordPlan(step=STEP, plan=plan()),
    claim(STEP, approval=SECOND),
)
WAYS: tuple[tuple[RunCommand, ...], ...] = (
    (),
    (runs.RaiseDoubt(step=STEP, approval=SECOND, because="lost"),),
    (runs.RecordNotApplied(step=STEP, approval=SECOND, because="quota"),),
    (runs.FinishStep(step=STEP, approval=SECOND, detail="replicas 6"),),
    (
        runs.FinishStep(step=STEP, approval=SECOND, detail="replicas 6"),
        runs.RecordVerification(
            step=STEP, approval=SECOND, verdict="verified", because="calm", comparisons=()
        ),
        runs.EndRun(outcome="completed", because="done"),
    ),
)
RESULTS: tuple[RunCommand, ...] = (
    runs.FinishStep(step=STEP, approval=APPROVAL, detail="late"),
    runs.RecordNotApplied(step=STEP, approval=APPROVAL, because="late"),
    runs.RaiseDoubt(step=STEP, approval=APPROVAL, because="late"),
    runs.ObserveSettle(step=STEP, approval=APPROVAL, ready=6, wanted=6),
    runs.RecordVerification(
        step=STEP, approval=APPROVAL, verdict="verified", because="late", comparisons=()
    ),
)
REPORTS: tuple[RunCommand, ...] = tuple(
    runs.ReportLate(step=STEP, approval=APPROVAL, certain=certain, because="late")
    for certain in (True, False)
)

ends = st.sampled_from(sorted(ENDS))
begun = st.integers(min_value=1, max_value=len(AGAIN))
late = st.lists(st.sampled_from((*RESULTS, *REPORTS)), max_size=6)


def told(run: Run, command: RunCommand, minutes: float) -> Run:
    """Return the run after the command; a refused one changes nothing."""
    try:
        decision = decide(run, command, later(minutes))
    except (Rejected, Conflict):
        return run
    for event in decision.events:
        run = evolve(run, event, later(minutes))
    return run


def tried(*commands: RunCommand) -> Run:
    """Return the run after commands that all fit."""
    run = Run(id=RUN)
    for command in commands:
        for event in decide(run, command, later(0)).events:
            run = evolve(run, event, later(0))
    return run


@given(end=ends, way=st.sampled_from(WAYS), results=late)
def test_no_late_results_change_a_newer_claim(
    end: str, way: tuple[RunCommand, ...], results: Sequence[RunCommand]
) -> None:
    """A process that slept must not say of the second write what it knows of the first."""
    newer = tried(*BEGIN, *ENDS[end], *AGAIN, *way)

    run = newer
    for command in results:
        run = told(run, command, 1)

    assert (run.steps, run.outcome, run.plans) == (newer.steps, newer.outcome, newer.plans)
    reported = sum(isinstance(command, runs.ReportLate) for command in results)
    assert run.version == newer.version + reported  # each one that wrote is recorded


@given(end=ends, upto=begun, results=st.lists(st.sampled_from(RESULTS), max_size=6))
def test_no_late_result_ends_a_newer_try(
    end: str, upto: int, results: Sequence[RunCommand]
) -> None:
    """Opened, planned or claimed: it has an end of its own."""
    newer = tried(*BEGIN, *ENDS[end], *AGAIN[:upto])

    run = newer
    for command in results:
        run = told(run, command, 1)

    assert run == newer


@given(end=ends, upto=begun, results=late)
def test_a_try_that_is_not_claimed_yet_fails_at_most(
    end: str, upto: int, results: Sequence[RunCommand]
) -> None:
    """It was planned without knowing of the write that came late: nothing else may become of it."""
    newer = tried(*BEGIN, *ENDS[end], *AGAIN[:upto])

    run = newer
    for command in results:
        run = told(run, command, 1)

    was, now = newer.step(STEP), run.step(STEP)
    assert now.approval == was.approval
    assert now == was or (now.status is StepStatus.FAILED and was.status is not StepStatus.STARTED)
