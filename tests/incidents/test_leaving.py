"""What the runs of an incident leave behind, and what became of it."""

from dataclasses import replace
from datetime import timedelta

from incidents.approval import Approval
from incidents.approval import decide as decide_approval
from incidents.approval import evolve as evolve_approval
from incidents.commands import approval as approvals
from incidents.commands.followups import FinishFollowUp, MakeFollowUps, ToDo
from incidents.commands.incident import Resolve
from incidents.commands.run import RetryStep, RunCommand
from incidents.events.run import LeavesRecord
from incidents.followups import FollowUps, decide, evolve, followups_stream
from incidents.incident import DESK
from incidents.leaving import Review, leaves, left, reviews
from incidents.linking import Owed
from incidents.run import Run
from tests.builders import APPROVAL, DIGEST, NOON, RUN, claim, later, plan, policy, requested, write
from tests.incidents import telling_incidents as incidents
from tests.incidents.telling_runs import FINISH, PLAN, STEP, UNDO, VERIFY, after, through

LEFT = LeavesRecord(
    what="Deployment llm-d/decode has 6 replicas, normally 4",
    within=timedelta(hours=4),
    back=(("action", "scale"), ("replicas", "4")),
)
LEAVES = replace(PLAN, plan=plan(leaves=LEFT))
APPLIED = (LEAVES, claim(), FINISH)
UNDO_STEP, UNDO_APPROVAL = f"undo-{STEP}", "approval-1-1-2"
BACK = plan(before=(("replicas", "6"),), after=(("replicas", "4"),))
UNDO_APPLIED = (
    UNDO,
    replace(PLAN, step=UNDO_STEP, plan=BACK),
    claim(UNDO_STEP, approval=UNDO_APPROVAL),
    replace(FINISH, step=UNDO_STEP, approval=UNDO_APPROVAL),
)
UNDONE = (*UNDO_APPLIED, replace(VERIFY, step=UNDO_STEP, approval=UNDO_APPROVAL))
TODO = ToDo(
    key=f"{RUN}/{STEP}/{APPROVAL}",
    what=LEFT.what,
    owner="ben",
    due=later(240),
    run=RUN,
    step=STEP,
    undo=True,
    back=LEFT.back,
    write=plan().write,
    before=(("replicas", "4"),),
)
NOTHING = FollowUps(id=followups_stream(1))
STREAM = NOTHING.id


def approved(by: str = "ben") -> dict[str, Approval]:
    """Return the approval of the plan, given by a person."""
    state = Approval(id=APPROVAL)
    for command in (
        approvals.RequestApproval(requested=requested()),
        approvals.Approve(by=by, via="slack", digest=DIGEST),
    ):
        for event in decide_approval(state, command, NOON).events:
            state = evolve_approval(state, event, NOON)
    return {APPROVAL: state}


def ran(*told: RunCommand) -> tuple[Run, ...]:
    """Return the one run after these commands."""
    return (through(*told),)


def known(*told: object) -> FollowUps:
    """Return the follow-ups after these commands, at noon."""
    state = NOTHING
    for command in told:
        for event in decide(state, command, NOON, policy()).events:  # type: ignore[arg-type]  # commands of follow-ups
            state = evolve(state, event, NOON)
    return state


def test_an_applied_change_leaves_what_its_plan_said_to_whoever_approved_it() -> None:
    """Whoever said yes knew why it may not stay."""
    assert left(ran(*APPLIED), approved(), NOTHING) == (
        Owed(stream=STREAM, command=MakeFollowUps(todo=(TODO,))),
    )


def test_without_a_known_approver_it_is_on_calls() -> None:
    """Nothing is left to nobody."""
    [owed] = left(ran(*APPLIED), {}, NOTHING)

    assert owed.command == MakeFollowUps(todo=(replace(TODO, owner="on-call-sre"),))


def test_a_change_that_leaves_nothing_owes_nothing() -> None:
    """A restart or a rollback is done when it is done."""
    runs = ran(PLAN, claim(), FINISH)

    assert (leaves(runs), left(runs, approved(), NOTHING)) == (False, ())


def test_what_was_only_planned_or_claimed_is_not_there_yet() -> None:
    """A reminder of what never happened teaches people to ignore reminders."""
    for told in ((LEAVES,), (LEAVES, claim())):
        assert left(ran(*told), approved(), NOTHING) == ()


def test_told_already_it_is_not_told_again() -> None:
    """The comparison is made at every turn."""
    runs = ran(*APPLIED)

    assert leaves(runs)
    assert left(runs, approved(), known(MakeFollowUps(todo=(TODO,)))) == ()


def test_a_step_that_is_sent_round_again_owes_nothing_new_until_it_is_applied() -> None:
    """What was left the first time still stands, and is owed already."""
    again = RetryStep(step=STEP, by="ann", because="more")
    runs = ran(*APPLIED, VERIFY, again)

    assert left(runs, approved(), known(MakeFollowUps(todo=(TODO,)))) == ()
    assert left(runs, approved(), NOTHING) == ()


def test_our_own_undo_ends_it_once_it_is_proven() -> None:
    """An undo that was reverted has taken nothing back."""
    owed = known(MakeFollowUps(todo=(TODO,)))

    assert left(ran(*APPLIED, VERIFY, *UNDO_APPLIED), approved(), owed) == ()
    assert left(ran(*APPLIED, VERIFY, *UNDONE), approved(), owed) == (
        Owed(
            stream=STREAM,
            command=FinishFollowUp(number=1, by=DESK, because=f"undone by {UNDO_STEP} of {RUN}"),
        ),
    )


def test_an_undo_ends_only_what_it_took_back() -> None:
    """A step that was tried again may have closed another node, or raised a number further."""
    another = replace(TODO, key="another", write=write(uid="uid-another"))
    further = replace(TODO, key="further", before=(("replicas", "2"),))
    unknown = replace(TODO, key="unknown", write=None)
    runs = ran(*APPLIED, VERIFY, *UNDONE)

    for todo in (another, further, unknown):
        owed = known(MakeFollowUps(todo=(todo, TODO)))
        found = left(runs, approved(), owed)
        assert [each.command.number for each in found] == [2]  # type: ignore[attr-defined]  # each finishes one


def test_going_back_to_what_is_normal_ends_it_too() -> None:
    """Before the incident it was not normal, so the undo need not end where the change began."""
    normal = (replace(UNDO, normal=True), *UNDONE[1:])
    runs = ran(*APPLIED, VERIFY, *normal)
    raised = replace(TODO, before=(("replicas", "2"),))

    assert len(left(runs, approved(), known(MakeFollowUps(todo=(raised,))))) == 1
    assert left(runs, approved(), known(MakeFollowUps(todo=(replace(raised, back=()),)))) == ()


def test_an_undo_leaves_nothing_itself() -> None:
    """To go back to what was is not to be gone back on."""
    undo = replace(PLAN, step=UNDO_STEP, plan=plan(leaves=LEFT))
    told = (*APPLIED, VERIFY, UNDO, undo, *UNDO_APPLIED[2:])
    found = left(ran(*told), approved(), known(MakeFollowUps(todo=(TODO,))))

    assert found == ()


def test_an_undo_of_an_earlier_try_does_not_end_what_came_after_it() -> None:
    """It was undone at noon, and done again a minute later."""
    [undone] = ran(*APPLIED, VERIFY, *UNDONE)
    late = NOTHING
    for event in decide(NOTHING, MakeFollowUps(todo=(TODO,)), later(1), policy()).events:
        late = evolve(late, event, later(1))

    assert left([undone], approved(), late) == ()


def test_follow_ups_of_a_run_that_is_not_at_hand_stay_as_they_are() -> None:
    """Who asks about one run must not close what another one left."""
    assert left((), {}, known(MakeFollowUps(todo=(TODO,)))) == ()


REVIEW = Review(
    runbook="cache-evictions", text="Review it", owner="service-owner", within=timedelta(days=5)
)


def test_runbooks_leave_their_follow_ups_to_roles_when_the_incident_is_over() -> None:
    """They are the postmortem's action items, and would be forgotten with it."""
    open_ = incidents.begin()
    over = incidents.after(open_, Resolve(by="ann", because="over"), at=later(9))
    todo = ToDo(
        key="runbook/cache-evictions/Review it",
        what="Review it",
        owner="service-owner",
        due=later(9) + timedelta(days=5),
    )

    assert reviews(open_, [REVIEW], NOTHING) == MakeFollowUps(todo=())
    assert reviews(over, [REVIEW, REVIEW], NOTHING) == MakeFollowUps(todo=(todo,))
    assert reviews(over, [REVIEW], known(MakeFollowUps(todo=(todo,)))) == MakeFollowUps(todo=())


def test_a_false_alarm_leaves_nothing_to_review() -> None:
    """Nothing happened that could be learned from."""
    false = Resolve(by="ann", because="a test", false_positive=True)
    over = incidents.after(incidents.begin(), false)

    assert reviews(over, [REVIEW], NOTHING) == MakeFollowUps(todo=())


def test_back_to_normal_is_an_undo_that_is_planned_from_what_is_normal() -> None:
    """Before the incident it need not have been normal."""
    normal = replace(UNDO, normal=True)
    run = after(through(*APPLIED, VERIFY), normal)

    assert run.step(UNDO_STEP).instead == LEFT.back
    assert after(through(*APPLIED, VERIFY), UNDO).step(UNDO_STEP).instead == ()
