"""What the streams of one incident owe each other."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from incidents.approval import Approval
from incidents.approval import decide as decide_approval
from incidents.approval import evolve as evolve_approval
from incidents.commands import approval as approvals
from incidents.commands.approval import ApprovalCommand
from incidents.commands.incident import (
    Acknowledge,
    AskTarget,
    ChooseTarget,
    Escalate,
    Hide,
    IncidentCommand,
    Mitigate,
    NoteRun,
    Relapse,
    Resolve,
)
from incidents.commands.run import EndRun, RecordPlan, RunCommand
from incidents.events.incident import Workload
from incidents.incident import Incident
from incidents.linking import Owed, owed, rests, wants_run
from incidents.run import Run
from tests.builders import (
    APPROVAL,
    DIGEST,
    INCIDENT,
    NOON,
    RUN,
    claim,
    judgement,
    later,
    plan,
    policy,
    report,
    requested,
)
from tests.incidents import telling_incidents as incidents
from tests.incidents.telling_runs import (
    BEGIN,
    CHECK,
    CLAIM,
    DOUBT,
    END,
    FINISH,
    GO_ON,
    MET,
    NOT_APPLIED,
    PLAN,
    RETRY,
    STEP,
    UNDO,
    VERIFIED,
    VERIFY,
    VOID,
    after,
    through,
)

NOTE = NoteRun(run=RUN, runbook="cache-evictions", because="its name matches")
NOTED = (NOTE,)
MITIGATE = Mitigate(
    by="triaged",
    because="scale Deployment llm-d/decode: replicas 4 → 6: preemptions stopped",
    run=RUN,
    step=STEP,
)
RELAPSE = Relapse(because="fired again")
BY_HAND = Mitigate(by="ann", because="rolled back")
DONE = Resolve(by="ann", because="over")
ASK = approvals.RequestApproval(requested=requested())
YES = approvals.Approve(by="ann", via="slack", digest=DIGEST)
NO = approvals.Refuse(by="ben", via="slack", digest=DIGEST, reason="not now")
CONSUME = approvals.ConsumeApproval(step=STEP)
STALE = approvals.VoidApproval(because="the plan it was for no longer stands")
TAKEN = Acknowledge(by="ann", via="approval")
STOPPED = EndRun(outcome="stopped", because="the incident was resolved")

UNDO_STEP = "undo-scale-decode"
UNDO_APPROVAL = "approval-1-1-2"
UNDONE = (
    UNDO,
    replace(PLAN, step=UNDO_STEP),
    claim(UNDO_STEP, approval=UNDO_APPROVAL),
    replace(FINISH, step=UNDO_STEP, approval=UNDO_APPROVAL),
)


ASK_WHICH = AskTarget(
    candidates=tuple(
        Workload(kind="Deployment", name=name, words="pod") for name in ("canary", "decode")
    )
)
THIS = ChooseTarget(chosen="Deployment decode", by="ann", via="slack")
THAT = ChooseTarget(chosen="Deployment canary", by="ann", via="slack")
ANOTHER = EndRun(
    outcome="stopped",
    because="ann chose Deployment decode: it is looked at from the beginning",
)


def incident(*told: IncidentCommand) -> Incident:
    """Return an incident after these commands, all at noon."""
    state = incidents.begin()
    for command in told:
        state = incidents.after(state, command)
    return state


def approval(*told: ApprovalCommand) -> Mapping[str, Approval]:
    """Return the approval of the first plan after these commands."""
    state = Approval(id=APPROVAL)
    for command in (ASK, *told):
        for event in decide_approval(state, command, NOON).events:
            state = evolve_approval(state, event, NOON)
    return {APPROVAL: state}


def to_incident(command: IncidentCommand) -> Owed:
    return Owed(stream=INCIDENT, command=command)


def to_run(command: RunCommand) -> Owed:
    return Owed(stream=RUN, command=command)


def to_approval(command: ApprovalCommand) -> Owed:
    return Owed(stream=APPROVAL, command=command)


@pytest.mark.parametrize(
    ("known", "run", "asked", "debts"),
    [
        pytest.param((), Run(id=RUN), {}, (), id="not-begun"),
        pytest.param((), through(), {}, (to_incident(NOTE),), id="begun"),
        pytest.param(NOTED, through(), {}, (), id="begun-and-noted"),
        pytest.param(
            NOTED,
            through(END),
            {},
            (to_incident(replace(NOTE, outcome="completed")),),
            id="over",
        ),
        pytest.param((), through(END), {}, (to_incident(NOTE),), id="over-and-never-noted"),
        pytest.param(
            (NOTE, replace(NOTE, outcome="completed")), through(END), {}, (), id="over-and-noted"
        ),
        pytest.param(
            (NOTE, replace(NOTE, outcome="completed")),
            through(END, GO_ON),
            {},
            (to_incident(NOTE),),
            id="opened-again",
        ),
        pytest.param(NOTED, through(PLAN), {}, (to_approval(ASK),), id="planned"),
        pytest.param(NOTED, through(PLAN), approval(), (), id="planned-and-asked"),
        pytest.param((NOTE, DONE), through(PLAN), {}, (to_run(STOPPED),), id="planned-too-late"),
        pytest.param(
            NOTED, through(PLAN, VOID), approval(), (to_approval(STALE),), id="plan-voided"
        ),
        pytest.param(
            (NOTE, TAKEN),
            through(PLAN, END),
            approval(YES),
            (to_incident(replace(NOTE, outcome="completed")), to_approval(STALE)),
            id="over-with-a-question",
        ),
        pytest.param(
            (NOTE, TAKEN),
            through(PLAN, CLAIM),
            approval(YES),
            (to_approval(CONSUME),),
            id="claimed",
        ),
        pytest.param(
            (NOTE, TAKEN), through(PLAN, CLAIM), approval(YES, CONSUME), (), id="claimed-and-noted"
        ),
        pytest.param(
            (NOTE, TAKEN),
            through(PLAN, CLAIM, DOUBT),
            approval(YES),
            (to_approval(CONSUME),),
            id="in-doubt",
        ),
        pytest.param(
            (NOTE, TAKEN),
            through(PLAN, CLAIM, NOT_APPLIED),
            approval(YES),
            (to_approval(CONSUME),),
            id="not-applied",
        ),
        pytest.param(
            (NOTE, TAKEN, MITIGATE),
            through(*VERIFIED),
            approval(YES),
            (to_approval(CONSUME),),
            id="verified-before-it-was-noted",
        ),
        pytest.param(
            NOTED,
            through(PLAN),
            {"approval-2-1-1": replace(approval()[APPROVAL], asked=requested(run="run-2-1"))},
            (to_approval(ASK),),
            id="another-runs-question",
        ),
        pytest.param(
            NOTED,
            through(*VERIFIED),
            {},
            (to_incident(MITIGATE),),
            id="verified",
        ),
        pytest.param((NOTE, BY_HAND), through(*VERIFIED), {}, (), id="mitigated-by-hand"),
        pytest.param(
            (NOTE, DONE),
            through(END),
            {},
            (to_incident(replace(NOTE, outcome="completed")),),
            id="over-with-the-incident",
        ),
        pytest.param(
            NOTED,
            through(PLAN, CLAIM, FINISH, replace(VERIFY, verdict="worse")),
            {},
            (),
            id="worse",
        ),
        pytest.param(NOTED, through(replace(CHECK, verdict="verified")), {}, (), id="no-change"),
        pytest.param(
            (NOTE, MITIGATE, RELAPSE), through(*VERIFIED), {}, (), id="verified-before-the-relapse"
        ),
        pytest.param(
            NOTED,
            through(MET),
            {},
            (to_incident(Escalate(because="still full", run=RUN, criterion="full")),),
            id="criterion",
        ),
        pytest.param(
            (NOTE, Escalate(because="still full", run=RUN, criterion="full")),
            through(MET),
            {},
            (),
            id="criterion-and-escalated",
        ),
        pytest.param(
            (NOTE, DONE),
            through(MET, END),
            {},
            (to_incident(replace(NOTE, outcome="completed")),),
            id="criterion-too-late",
        ),
        pytest.param((NOTE, DONE), through(), {}, (to_run(STOPPED),), id="resolved"),
        pytest.param((NOTE, ASK_WHICH), through(), {}, (), id="asked-which"),
        pytest.param(
            (NOTE, ASK_WHICH, THIS),
            through(PLAN),
            {},
            (to_run(ANOTHER),),
            id="chosen",
        ),
        pytest.param(
            (NOTE, ASK_WHICH, THIS), through(PLAN, CLAIM), {}, (), id="chosen-while-claimed"
        ),
        pytest.param((NOTE, DONE), through(PLAN, CLAIM), {}, (), id="resolved-while-claimed"),
        pytest.param(NOTED, through(PLAN), approval(YES), (to_incident(TAKEN),), id="decided"),
        pytest.param(
            NOTED,
            through(PLAN),
            approval(NO),
            (to_incident(replace(TAKEN, by="ben")),),
            id="refused",
        ),
        pytest.param((NOTE, TAKEN), through(PLAN), approval(NO), (), id="decided-and-taken"),
        pytest.param(
            (NOTE, DONE),
            through(END),
            approval(NO),
            (to_incident(replace(NOTE, outcome="completed")),),
            id="decided-too-late",
        ),
    ],
)
def test_a_stream_owes_what_the_others_do_not_know_yet(
    known: tuple[IncidentCommand, ...],
    run: Run,
    asked: Mapping[str, Approval],
    debts: tuple[Owed, ...],
) -> None:
    """A crash between two appends leaves a debt; the next look finds it."""
    assert owed(incident(*known), [run], asked, policy(), NOON) == debts


def test_the_last_of_two_approvers_has_taken_it() -> None:
    """They looked at it last; a name with an `and` in it is still one name."""
    two = replace(requested(), approvers=("ann", "ben and son"), needed=2)
    state = Approval(id=APPROVAL)
    for command in (
        approvals.RequestApproval(requested=two),
        YES,
        replace(YES, by="ben and son"),
    ):
        for event in decide_approval(state, command, NOON).events:
            state = evolve_approval(state, event, NOON)

    debts = owed(incident(NOTE), [through(PLAN)], {APPROVAL: state}, policy(), NOON)

    assert debts == (to_incident(replace(TAKEN, by="ben and son")),)


def test_a_question_is_asked_of_whom_the_policy_names() -> None:
    """Who may approve, how many, and until when is configuration."""
    rules = policy(approvers=("cem",), approvals_needed=2, requester_may_approve=False)

    debts = owed(incident(NOTE), [through(PLAN)], {}, rules, later(1))

    asked = requested(
        approvers=("cem",), needed=2, requester_may_approve=False, expires_at=later(11)
    )
    assert debts == (to_approval(approvals.RequestApproval(requested=asked)),)


@pytest.mark.parametrize(("policy_says", "needed"), [(1, 2), (3, 3)])
def test_a_plan_may_need_more_people_than_the_policy(policy_says: int, needed: int) -> None:
    """What other pods depend on is agreed to by two, and never by fewer than the policy says."""
    planned = RecordPlan(step=STEP, plan=plan(people=2))
    rules = policy(approvers=("ann", "ben"), approvals_needed=policy_says)

    (debt,) = owed(incident(NOTE), [through(planned)], {}, rules, NOON)

    assert isinstance(debt.command, approvals.RequestApproval)
    assert debt.command.requested.needed == needed


@pytest.mark.parametrize(
    ("reversible", "needed"), [pytest.param(True, 1, id="back"), pytest.param(False, 2, id="never")]
)
def test_what_cannot_be_undone_may_need_more_people(reversible: bool, needed: int) -> None:
    """A pod that was deleted by mistake is gone, whoever regrets it."""
    rules = policy(irreversible_needs=2)
    planned = through(replace(PLAN, plan=plan(reversible=reversible)))

    [debt] = owed(incident(NOTE), [planned], {}, rules, NOON)

    assert debt.command == approvals.RequestApproval(requested=requested(needed=needed))


def test_a_step_that_was_verified_after_a_relapse_counts() -> None:
    """The second try of the same step may be the one that helps."""
    state = incident(NOTE, MITIGATE, RELAPSE)
    run = after(through(*VERIFIED), RETRY, at=later(1))
    again = claim(approval=UNDO_APPROVAL)
    results = (replace(one, approval=UNDO_APPROVAL) for one in (FINISH, VERIFY))
    run = after(run, PLAN, again, *results, at=later(2))

    assert owed(state, [run], {}, policy(), later(2)) == (to_incident(MITIGATE),)


def test_the_undo_of_what_it_rests_on_is_a_relapse() -> None:
    """Mitigated must not be said of a change that was taken back."""
    run = after(through(*VERIFIED), *UNDONE, at=later(1))

    debts = owed(incident(NOTE, MITIGATE), [run], {}, policy(), later(1))

    assert debts == (to_incident(Relapse(because="scale-decode was undone")),)


@pytest.mark.parametrize(
    "known",
    [
        pytest.param((NOTE,), id="never-mitigated"),
        pytest.param((NOTE, BY_HAND), id="mitigated-by-hand"),
        pytest.param((NOTE, replace(MITIGATE, run="run-1-0")), id="by-another-run"),
    ],
)
def test_an_undo_neither_mitigates_nor_undoes_what_others_did(
    known: tuple[IncidentCommand, ...],
) -> None:
    """An undo proves that it took, not that users are served."""
    proven = replace(VERIFY, step=UNDO_STEP, approval=UNDO_APPROVAL)
    run = after(through(*VERIFIED), *UNDONE, proven, at=later(1))

    assert owed(incident(*known), [run], {}, policy(), later(1)) == ()


def test_an_undo_that_is_asked_for_takes_nothing_back_yet() -> None:
    """Only what was applied has changed the world."""
    run = after(through(*VERIFIED), *UNDONE[:2], at=later(1))
    waiting = replace(approval()[APPROVAL], id=UNDO_APPROVAL)

    debts = owed(incident(NOTE, MITIGATE), [run], {UNDO_APPROVAL: waiting}, policy(), later(1))

    assert debts == ()


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        pytest.param(incident(), True, id="new"),
        pytest.param(incident(NOTE), False, id="has-one"),
        pytest.param(incident(DONE), False, id="over"),
    ],
)
def test_an_open_incident_without_a_run_wants_one(state: Incident, wanted: bool) -> None:
    """Every alert has a runbook, triage at least."""
    assert wants_run(state, [], []) is wanted


ENDED = replace(NOTE, outcome="completed")
AGAIN = replace(NOTE, run="run-1-2")
BACK = report(judgement(starts_at=later(20)), reopen="it came back 2 min after its end")


@pytest.mark.parametrize(
    ("told", "runs", "approvals", "wanted"),
    [
        pytest.param((NOTE, ENDED, DONE, BACK), [through(END)], {}, True, id="again"),
        pytest.param((NOTE, ENDED), [through(END)], {}, False, id="it-never-ended"),
        pytest.param((NOTE, ENDED, DONE), [through(END)], {}, False, id="it-is-over"),
        pytest.param((NOTE, DONE, BACK), [through()], {}, False, id="a-run-goes-on"),
        pytest.param((DONE, BACK), [through(END)], {}, False, id="a-run-is-not-noted-yet"),
        pytest.param((NOTE, ENDED, DONE, BACK), [through(END)], (YES,), False, id="asked"),
        pytest.param((NOTE, ENDED, DONE, BACK), [through(END)], (NO,), True, id="refused"),
        pytest.param(
            (NOTE, ENDED, DONE, BACK, AGAIN), [through(END)], {}, False, id="another-began"
        ),
    ],
)
def test_a_reopened_incident_wants_another_run(
    told: tuple[IncidentCommand, ...],
    runs: list[Run],
    approvals: tuple[ApprovalCommand, ...],
    *,
    wanted: bool,
) -> None:
    """What was checked before the end says nothing of the problem that came back."""
    asked = approval(*approvals) if approvals else {}

    assert wants_run(incident(*told), runs, asked.values()) is wanted


ABOUT = replace(through(END), started=replace(BEGIN.started, chosen="Deployment decode"))


@pytest.mark.parametrize(
    ("told", "runs", "wanted"),
    [
        pytest.param((ASK_WHICH,), [through(END)], False, id="only-asked"),
        pytest.param((ASK_WHICH, THIS), [through(END)], True, id="chosen"),
        pytest.param((ASK_WHICH, THIS), [through()], False, id="a-run-goes-on"),
        pytest.param((ASK_WHICH, THIS), [through(END), ABOUT], False, id="it-was-looked-at"),
        pytest.param((ASK_WHICH, THIS, THAT), [through(END), ABOUT], True, id="another-choice"),
        pytest.param((ASK_WHICH, THIS, DONE), [through(END)], False, id="over"),
    ],
)
def test_a_chosen_workload_is_looked_at_from_the_beginning(
    told: tuple[IncidentCommand, ...], runs: list[Run], *, wanted: bool
) -> None:
    """A run that found no target, or another one, has proven nothing about this one."""
    assert wants_run(incident(NOTE, ENDED, *told), runs, []) is wanted


def test_the_plan_of_a_step_is_what_the_question_is_about() -> None:
    """The card must name exactly what is approved."""
    other = plan(digest="sha256:other", name="prefill")

    (debt,) = owed(incident(NOTE), [through(replace(PLAN, plan=other))], {}, policy(), NOON)

    question = requested(
        digest="sha256:other", title="scale Deployment llm-d/prefill: replicas 4 → 6"
    )
    assert debt == to_approval(approvals.RequestApproval(requested=question))
    assert BEGIN.started.by == question.requested_by


def test_an_undo_is_asked_of_people_also_after_the_end() -> None:
    """What helped during the storm is taken back when the storm is long over."""
    run = through(*VERIFIED, END, UNDO, replace(PLAN, step=UNDO_STEP))
    over = incident(*NOTED, MITIGATE, DONE)

    debts = owed(over, [run], approval(YES, CONSUME), policy(), NOON)

    asked = [one.command for one in debts if isinstance(one.command, approvals.RequestApproval)]
    assert [(one.requested.step, one.requested.requested_by) for one in asked] == [
        (UNDO_STEP, "ann")
    ]
    assert to_run(STOPPED) not in debts


HIDE = Hide(under=2, rule="inhibition:down", because="Down fires there")
GRANTED = (
    approvals.RequestApproval(requested=requested()),
    approvals.Approve(by="ann", via="cli", digest=DIGEST),
)


@pytest.mark.parametrize(
    ("run", "answers", "waits"),
    [
        pytest.param(through(), (), True, id="it-has-begun"),
        pytest.param(through(CHECK, PLAN), GRANTED[:1], True, id="people-are-asked"),
        pytest.param(through(CHECK, PLAN), GRANTED, False, id="a-person-said-yes"),
        pytest.param(through(CHECK, PLAN, CLAIM), (), False, id="it-is-being-done"),
        pytest.param(through(END), (), False, id="it-is-over"),
    ],
)
def test_the_run_of_a_hidden_incident_waits(
    run: Run, answers: tuple[ApprovalCommand, ...], *, waits: bool
) -> None:
    """Its parent's runbook acts on the cause; what was begun or approved is brought to its end."""
    hidden = incidents.after(incidents.begin(), HIDE)
    asked = Approval(id=APPROVAL)
    for command in answers:
        for event in decide_approval(asked, command, NOON).events:
            asked = evolve_approval(asked, event, NOON)

    assert rests(hidden, run, [asked]) is waits
    assert rests(incidents.begin(), run, [asked]) is False
    assert wants_run(hidden, [], []) is False
