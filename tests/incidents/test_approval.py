"""Who may say yes to exactly which plan, once, and until when."""

from dataclasses import replace
from datetime import datetime

import pytest

from incidents.approval import Approval, ApprovalState, barred, decide, due, evolve, fate
from incidents.commands import approval as commands
from incidents.commands.approval import ApprovalCommand
from incidents.errors import Rejected
from incidents.events import approval as events
from incidents.events.approval import ApprovalEvent
from tests.builders import APPROVAL, DIGEST, NOON, later, requested

YES = commands.Approve(by="ann", via="slack", digest=DIGEST)
NO = commands.Refuse(by="ben", via="slack", digest=DIGEST, reason="not now")
EXPIRE = commands.ExpireApproval()
VOID = commands.VoidApproval(because="the plan changed")
CONSUME = commands.ConsumeApproval(step="scale-decode")
TWO = requested(needed=2)
GIVEN = events.ApprovalGiven(by="ann", via="slack", together_with=())


def after(state: Approval, command: ApprovalCommand, *, at: datetime = NOON) -> Approval:
    for event in decide(state, command, at).events:
        state = evolve(state, event, at)
    return state


def asked(*told: ApprovalCommand, question: events.ApprovalRequested | None = None) -> Approval:
    """Return an approval that was asked at noon, after these commands."""
    state = Approval(id=APPROVAL)
    for command in (commands.RequestApproval(requested=question or requested()), *told):
        state = after(state, command)
    return state


@pytest.mark.parametrize(
    ("state", "command", "told"),
    [
        pytest.param(
            Approval(id=APPROVAL),
            commands.RequestApproval(requested=requested()),
            (requested(),),
            id="asked",
        ),
        pytest.param(asked(), YES, (GIVEN,), id="yes"),
        pytest.param(
            asked(),
            NO,
            (events.ApprovalRefused(by="ben", via="slack", reason="not now"),),
            id="no",
        ),
        pytest.param(
            asked(question=TWO), YES, (events.ApprovalVoted(by="ann", via="slack"),), id="first"
        ),
        pytest.param(asked(YES, question=TWO), YES, (), id="same-person-twice"),
        pytest.param(
            asked(YES, question=TWO),
            replace(YES, by="ben", via="cli"),
            (events.ApprovalGiven(by="ben", via="cli", together_with=("ann",)),),
            id="second",
        ),
        pytest.param(asked(), EXPIRE, (), id="not-expired-yet"),
        pytest.param(
            asked(), VOID, (events.ApprovalVoided(because="the plan changed"),), id="void"
        ),
        pytest.param(
            asked(YES), VOID, (events.ApprovalVoided(because="the plan changed"),), id="void-a-yes"
        ),
        pytest.param(asked(NO), VOID, (), id="void-a-no"),
        pytest.param(
            asked(YES), CONSUME, (events.ApprovalConsumed(step="scale-decode"),), id="used"
        ),
        pytest.param(asked(YES, CONSUME), CONSUME, (), id="used-already"),
        pytest.param(asked(YES, CONSUME), VOID, (), id="void-what-was-used"),
    ],
)
def test_a_question_is_answered_once(
    state: Approval, command: ApprovalCommand, told: tuple[ApprovalEvent, ...]
) -> None:
    """Each answer is an event; what is so already is none."""
    assert decide(state, command, NOON).events == told


@pytest.mark.parametrize(
    ("state", "told"),
    [
        pytest.param(asked(), (events.ApprovalExpired(),), id="open"),
        pytest.param(asked(YES), (events.ApprovalExpired(),), id="granted-and-not-used"),
        pytest.param(asked(NO), (), id="refused"),
        pytest.param(asked(YES, CONSUME), (), id="used"),
    ],
)
def test_a_question_ends_at_its_moment(state: Approval, told: tuple[ApprovalEvent, ...]) -> None:
    """A yes that was not used in time was said about another world."""
    assert decide(state, EXPIRE, later(10)).events == told


def test_a_use_is_noted_whatever_the_clock_says() -> None:
    """The claim came first and stands in the run: after a crash the note follows late."""
    expired = after(asked(YES), EXPIRE, at=later(10))

    assert after(expired, CONSUME, at=later(11)).state is ApprovalState.CONSUMED


@pytest.mark.parametrize(
    ("state", "command", "at", "reason"),
    [
        pytest.param(Approval(id=APPROVAL), YES, 0, "there is no approval-1-1-1", id="unknown"),
        pytest.param(
            asked(),
            commands.RequestApproval(requested=requested()),
            0,
            "approval-1-1-1 was asked already",
            id="asked-twice",
        ),
        pytest.param(
            asked(),
            replace(YES, digest="sha256:other"),
            0,
            "approval-1-1-1 is for another plan: the card you see is out of date",
            id="another-plan",
        ),
        pytest.param(asked(), YES, 10, "approval-1-1-1 has expired", id="at-its-end"),
        pytest.param(asked(), NO, 11, "approval-1-1-1 has expired", id="after-its-end"),
        pytest.param(
            asked(YES),
            replace(YES, by="ben"),
            0,
            "approval-1-1-1 was approved by ann",
            id="second-click",
        ),
        pytest.param(
            asked(YES, replace(YES, by="ben"), question=TWO),
            YES,
            0,
            "approval-1-1-1 was approved by ann and ben",
            id="third-click",
        ),
        pytest.param(
            asked(NO), YES, 0, "approval-1-1-1 was refused by ben: not now", id="refused-before"
        ),
        pytest.param(
            after(asked(), EXPIRE, at=later(10)), YES, 0, "approval-1-1-1 has expired", id="expired"
        ),
        pytest.param(
            asked(VOID), YES, 0, "approval-1-1-1 no longer stands: the plan changed", id="voided"
        ),
        pytest.param(
            asked(YES, CONSUME),
            NO,
            0,
            "approval-1-1-1 was approved by ann and carried out",
            id="too-late-to-refuse",
        ),
    ],
)
def test_whoever_comes_too_late_learns_what_became_of_it(
    state: Approval, command: ApprovalCommand, at: float, reason: str
) -> None:
    """Two clicks at once are one approval, and the second person is told who was first."""
    with pytest.raises(Rejected) as refused:
        decide(state, command, later(at))

    assert str(refused.value) == reason


def test_an_open_question_is_said_to_be_open() -> None:
    """The words are for every state, also for the one in which nobody is late."""
    assert fate(asked()) == "is still open"


BARRED = requested(requested_by="ann", requester_may_approve=False)


@pytest.mark.parametrize(
    ("question", "person", "reason"),
    [
        pytest.param(requested(), "ann", None, id="named"),
        pytest.param(
            requested(), "eve", "eve is not among the approvers: ann, ben", id="not-named"
        ),
        pytest.param(
            requested(approvers=()), "ann", "ann is not among the approvers: nobody", id="nobody"
        ),
        pytest.param(
            requested(requested_by="ann"), "ann", None, id="requester-where-it-is-allowed"
        ),
        pytest.param(
            BARRED, "ann", "ann asked for it, so somebody else must approve it", id="requester"
        ),
        pytest.param(BARRED, "ben", None, id="somebody-else"),
    ],
)
def test_only_those_who_were_asked_may_decide(
    question: events.ApprovalRequested, person: str, reason: str | None
) -> None:
    """An empty list means nobody, never everybody."""
    assert barred(asked(question=question), person) == reason


def test_nobody_may_decide_what_was_not_asked() -> None:
    """Without a question there are no approvers."""
    reason = barred(Approval(id=APPROVAL), "ann")

    assert reason == "ann is not among the approvers: nobody"


@pytest.mark.parametrize(
    "command",
    [pytest.param(replace(YES, by="eve"), id="yes"), pytest.param(replace(NO, by="eve"), id="no")],
)
def test_a_try_without_the_right_is_recorded_once(
    command: commands.Approve | commands.Refuse,
) -> None:
    """It is on the timeline, and cannot be used to flood it."""
    because = "eve is not among the approvers: ann, ben"
    denied = events.ApprovalDenied(by="eve", via="slack", because=because)
    state = asked()

    assert decide(state, command, NOON).events == (denied,)
    again = after(state, command)
    assert (again.state, again.denied) == (ApprovalState.REQUESTED, frozenset({"eve"}))
    assert decide(again, command, NOON).events == ()
    assert decide(again, replace(command, by="mel"), NOON).events != ()


@pytest.mark.parametrize(
    ("state", "moment"),
    [
        pytest.param(Approval(id=APPROVAL), None, id="not-asked"),
        pytest.param(asked(), later(10), id="open"),
        pytest.param(asked(YES), later(10), id="granted"),
        pytest.param(asked(NO), None, id="refused"),
        pytest.param(asked(YES, CONSUME), None, id="used"),
    ],
)
def test_an_open_question_has_a_due_moment(state: Approval, moment: datetime | None) -> None:
    """A yes that nobody uses must end by itself."""
    assert due(state) == moment


def test_the_state_says_who_decided() -> None:
    """Cards and postmortems name people; the last of them is looking at it."""
    state = asked(YES, replace(YES, by="ben", via="cli"), question=TWO)

    assert state == Approval(
        id=APPROVAL,
        version=3,
        asked=TWO,
        state=ApprovalState.GRANTED,
        votes=("ann",),
        decided_by="ann and ben",
        decider="ben",
        opened_at=NOON,
        updated_at=NOON,
    )
    assert state.digest == DIGEST
