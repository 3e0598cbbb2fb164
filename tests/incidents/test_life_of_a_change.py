"""What a change leaves in the journal: who edited it, what was kept before, whether it stayed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents import run_rules
from incidents.approval import Approval, barred, evolve
from incidents.commands import run as commands
from incidents.commands.approval import RequestApproval
from incidents.commands.incident import Mitigate, NoteRun, Relapse, Resolve
from incidents.errors import ClaimConflict, Rejected
from incidents.events import run as events
from incidents.incident import Incident, Status
from incidents.linking import owed
from incidents.run import StepStatus
from incidents.telling import bundled, tell
from tests.builders import APPROVAL, INCIDENT, NOON, RUN, later, policy, requested
from tests.incidents.telling_incidents import after as tell_incident
from tests.incidents.telling_incidents import begin
from tests.incidents.telling_runs import (
    CLAIM,
    END,
    FAIL,
    FINISH,
    GO_ON,
    NOT_APPLIED,
    PLAN,
    RETRY,
    STEP,
    UNDO,
    VERIFIED,
    VERIFY,
    VOID,
    after,
    decided,
    through,
)

EDIT = commands.EditPlan(
    step=STEP,
    by="ann",
    because="less is enough",
    approval=APPROVAL,
    before=(),
    parameters=(("replicas", "+1"),),
    instead_of=(("replicas", "+50%"),),
)
SECOND = replace(
    EDIT,
    by="ben",
    approval="approval-1-1-2",
    before=EDIT.parameters,
    parameters=(("at_most", "8"), ("replicas", "+1")),
    instead_of=(("at_most", "16"),),
)
BACK = replace(
    EDIT,
    by="triaged",
    approval=None,
    before=EDIT.parameters,
    parameters=(),
    instead_of=EDIT.parameters,
)
BUNDLE = events.BundleRecord(text="digest", size=90, pods=1, logs=2, metrics=0, events=0)
KEEP = commands.KeepEvidence(step=STEP, approval=APPROVAL, bundle=BUNDLE)
WATCH = events.Watch(until=later(1), every=timedelta(seconds=15))
WATCHED = (*VERIFIED[:-1], replace(VERIFY, watch=WATCH))
STAYED = commands.EndWatch(step=STEP, verdict="verified", because="nobody changed it back")
CHANGED = replace(STAYED, verdict="reverted", because="by kubectl")


def test_an_edited_plan_is_planned_again_with_another_approval() -> None:
    """Whoever was about to approve the old card must not approve the new plan by it."""
    run = through(PLAN, EDIT)
    step = run.step(STEP)

    again = decided(run, PLAN).events

    assert (step.status, step.plan, step.approval) == (StepStatus.OPEN, None, None)
    assert (step.edited, step.edited_by, step.voids) == (EDIT.parameters, "ann", 0)
    assert [one.approval for one in again] == ["approval-1-1-2"]  # type: ignore[union-attr] # a plan


def test_what_is_put_back_is_nobodys_edit_any_more() -> None:
    """The editor may approve what the runbook wanted all along."""
    step = through(PLAN, EDIT, BACK).step(STEP)

    assert (step.edited, step.edited_by, step.editors) == ((), "", ())


def test_an_edit_that_changes_nothing_is_no_event() -> None:
    """The card that people look at stays as it is."""
    run = through(PLAN, EDIT, PLAN)

    assert decided(run, EDIT).events == ()


@pytest.mark.parametrize(
    "known",
    [
        pytest.param((PLAN, EDIT), id="edited"),
        pytest.param((PLAN, EDIT, PLAN), id="and-planned-again"),
        pytest.param((PLAN, VOID, PLAN), id="planned-anew"),
    ],
)
def test_two_who_edit_at_once_do_not_undo_each_other(
    known: tuple[commands.RunCommand, ...],
) -> None:
    """Ben has looked at the plan that Ann then changed: his edit would silently take hers back."""
    late = replace(SECOND, approval=APPROVAL, before=(), parameters=(("at_most", "8"),))

    with pytest.raises(Rejected, match="meanwhile"):
        decided(through(*known), late)


def test_what_was_edited_since_is_not_put_back() -> None:
    """The desk refuses what it has seen, and nothing that a person has typed since then."""
    late = replace(BACK, before=SECOND.parameters)

    with pytest.raises(Rejected, match="meanwhile"):
        decided(through(PLAN, EDIT), late)


def test_all_who_edited_stand_for_the_plan() -> None:
    """What Ann changed is still in it when Ben has changed something else on top."""
    run = through(PLAN, EDIT, PLAN, SECOND, PLAN)
    again = replace(EDIT, approval="approval-1-1-3", before=SECOND.parameters)

    assert (run.step(STEP).edited_by, run.step(STEP).editors) == ("ben", ("ann", "ben"))
    assert after(run, again).step(STEP).editors == ("ben", "ann")
    debts = owed(_incident(), [run], {}, policy(requester_may_approve=False), NOON)
    (asked,) = [one.command for one in debts if isinstance(one.command, RequestApproval)]
    approval = evolve(Approval(id=APPROVAL), asked.requested, NOON)
    assert [barred(approval, one) for one in ("ann", "ben")] == [
        f"{one} edited it, so somebody else must approve it" for one in ("ann", "ben")
    ]


def test_a_retry_forgets_what_was_edited() -> None:
    """Sent round again it is the runbook's step, not yesterday's idea."""
    assert through(PLAN, EDIT, FAIL, RETRY).step(STEP).edited == ()


@pytest.mark.parametrize(
    "known",
    [
        pytest.param((), id="not-planned"),
        pytest.param((PLAN, CLAIM), id="claimed"),
        pytest.param((PLAN, CLAIM, FINISH), id="applied"),
    ],
)
def test_only_a_plan_that_waits_can_be_edited(known: tuple[commands.RunCommand, ...]) -> None:
    """After the claim exactly what was approved is written."""
    with pytest.raises(Rejected, match=f"{STEP} is "):
        decided(through(*known), EDIT)


@pytest.mark.parametrize(
    ("allowed", "person", "why"),
    [
        pytest.param(True, "ann", None, id="the-policy-lets-requesters"),
        pytest.param(False, "ann", "ann edited it, so somebody else must approve it", id="editor"),
        pytest.param(False, "ben", None, id="another"),
    ],
)
def test_who_edited_a_plan_counts_as_who_asked_for_it(
    allowed: bool, person: str, why: str | None
) -> None:
    """One person must not be two by changing what somebody else asked for."""
    asked = requested(edited_by="ann", requester_may_approve=allowed)

    assert barred(evolve(Approval(id=APPROVAL), asked, NOON), person) == why


def test_the_new_question_says_who_edited() -> None:
    """The card shows it, and the rule above goes by it."""
    run = through(PLAN, EDIT, PLAN)

    debts = owed(_incident(), [run], {}, policy(), NOON)

    asked = [one.command for one in debts if isinstance(one.command, RequestApproval)]
    assert [one.requested.edited_by for one in asked] == ["ann"]


def test_evidence_is_noted_with_the_claim_it_was_collected_for() -> None:
    """Two tries of one step touch different pods."""
    run = through(PLAN, CLAIM, KEEP)

    assert (run.step(STEP).evidence, run.step(STEP).status) == (BUNDLE, StepStatus.STARTED)
    assert after(run, FINISH).step(STEP).evidence == BUNDLE


def test_a_retry_keeps_the_evidence_of_the_try_before() -> None:
    """What the pods said before the first change is what the page and the command line show."""
    again = through(PLAN, CLAIM, KEEP, NOT_APPLIED, RETRY)

    assert (again.step(STEP).status, again.step(STEP).evidence) == (StepStatus.OPEN, BUNDLE)


@pytest.mark.parametrize(
    "known",
    [pytest.param((PLAN, CLAIM, NOT_APPLIED), id="settled"), pytest.param((PLAN,), id="unclaimed")],
)
def test_evidence_without_its_claim_is_refused(known: tuple[commands.RunCommand, ...]) -> None:
    """A process that stood still must not write into somebody else's try."""
    with pytest.raises(ClaimConflict):
        decided(through(*known), KEEP)


def test_nothing_that_was_kept_is_told_as_nothing() -> None:
    """`0 logs` would read like a pod that said nothing."""
    empty = replace(BUNDLE, text="", size=0, pods=0, logs=0, missing=("no logs: forbidden",))

    assert bundled(empty) == "nothing; missing: no logs: forbidden"
    assert bundled(replace(BUNDLE, logs=1, metrics=2)) == (
        "1 pod, 1 log, 2 pages of metrics (90 characters)"
    )


def test_a_verified_change_is_watched_until_its_moment() -> None:
    """The row with the due time is what survives a restart."""
    run = through(*WATCHED)

    assert (run_rules.due(run), run_rules.state(run)) == (later(1), "watched")
    assert run.watched is not None
    assert run.claimed is None


def test_a_watch_that_ends_well_leaves_the_verdict() -> None:
    """And its moments: a later relapse must not look older than the change."""
    run = after(through(*WATCHED), STAYED, at=later(1))
    step = run.step(STEP)

    assert (step.verdict, step.watch, step.at) == ("verified", None, NOON)
    assert (run_rules.due(run), run_rules.state(run)) == (None, "running")
    assert decided(run, STAYED).events == ()
    assert tell(events.WatchEnded(step=STEP, verdict="verified", because="it is there")) == (
        f"{STEP} stays: it is there"
    )


def test_a_change_that_was_changed_back_is_no_longer_verified() -> None:
    """`Succeeded` must not be said of what somebody reverted a minute later."""
    step = after(through(*WATCHED), CHANGED, at=later(1)).step(STEP)

    assert (step.verdict, step.because, step.watch) == ("reverted", "by kubectl", None)


def test_what_a_watch_waited_for_ends_with_it() -> None:
    """A reason that is over would send people to the wrong place."""
    wait = commands.PutOff(step=STEP, because="the API server is away")
    elsewhere = replace(wait, step="other")

    assert after(through(*WATCHED, wait), STAYED).waits is None
    assert after(through(*WATCHED, elsewhere), STAYED).waits is not None


def test_a_mitigation_ends_when_its_change_was_changed_back() -> None:
    """Users suffer again, whatever the headline said a minute ago."""
    run = after(through(*WATCHED), CHANGED, at=later(1))

    debts = owed(_incident(mitigated=True), [run], {}, policy(), later(1))

    relapse = Relapse(because=f"{STEP} was reverted by kubectl")
    assert [(one.stream, one.command) for one in debts] == [(INCIDENT, relapse)]


def test_a_run_that_still_watches_is_not_ended_with_its_incident() -> None:
    """Somebody resolves by hand: what became of the change belongs into the postmortem."""
    over = tell_incident(_incident(mitigated=True), Resolve(by="ann", because="over"))
    watched, done = through(*WATCHED), after(through(*WATCHED), STAYED)

    assert over.status is Status.RESOLVED
    assert owed(over, [watched], {}, policy(), NOON) == ()
    assert [type(one.command) for one in owed(over, [done], {}, policy(), NOON)] == [
        commands.EndRun
    ]


@pytest.mark.parametrize(
    "command", [pytest.param(GO_ON, id="goes-on-elsewhere"), pytest.param(UNDO, id="takes-it-back")]
)
def test_who_sends_a_run_elsewhere_ends_its_watch(command: commands.RunCommand) -> None:
    """Nobody would look any more: the run would be watched, and its incident open, for ever."""
    run = after(through(*WATCHED), command)

    assert (run.watched, run_rules.due(run), run_rules.state(run)) == (None, None, "running")
    assert run.step(STEP).verdict == "verified"


def test_a_run_that_went_on_from_a_watch_ends_with_its_incident() -> None:
    """Else there never is a postmortem."""
    over = tell_incident(_incident(mitigated=True), Resolve(by="ann", because="over"))

    debts = owed(over, [after(through(*WATCHED), GO_ON)], {}, policy(), NOON)

    assert [type(one.command) for one in debts] == [commands.EndRun]


def test_a_run_that_is_over_waits_for_no_watch() -> None:
    """Somebody chose another workload: nobody looks any more."""
    run = through(*WATCHED, END)

    assert (run_rules.due(run), run_rules.state(run)) == (None, "completed")


def _incident(*, mitigated: bool = False) -> Incident:
    note = NoteRun(run=RUN, runbook="cache-evictions", because="its name matches", outcome=None)
    state = tell_incident(begin(), note)
    if not mitigated:
        return state
    helped = Mitigate(by="triaged", because="4 → 6 helped", run=RUN, step=STEP)
    return tell_incident(state, helped)
