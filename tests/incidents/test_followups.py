"""What is left to be done of an incident: who, until when, and reminders until it is."""

from dataclasses import replace
from datetime import datetime

import pytest

from incidents.commands.followups import (
    FinishFollowUp,
    FollowUpCommand,
    GiveFollowUp,
    MakeFollowUps,
    PutOffFollowUp,
    Remind,
    ToDo,
)
from incidents.errors import Rejected
from incidents.events.followups import FollowUpDone, FollowUpMade, FollowUpReminded
from incidents.followups import (
    FollowUps,
    decide,
    due,
    evolve,
    followups_stream,
    newest,
    overlap,
    standing,
)
from incidents.incident import DESK
from incidents.journal import Aggregate
from incidents.policy import FollowUpRules
from tests.builders import NOON, desk, later, policy, write

CORDON = ToDo(
    key="run-1-1/cordon/approval-1-1-1",
    what="Node gpu-7 is closed to new pods",
    owner="ann",
    due=later(240),
    run="run-1-1",
    step="cordon",
    undo=True,
    write=write(kind="Node", name="gpu-7", uid="uid-7", subresource=""),
    before=(("closed to new pods", "no"),),
)
REVIEW = ToDo(
    key="runbook/cache-evictions/Review it",
    what="Review it",
    owner="service-owner",
    due=later(7200),
)
BOTH = MakeFollowUps(todo=(CORDON, REVIEW))
DONE = FinishFollowUp(number=1, by="ann", because="uncordoned by hand")
LATER = PutOffFollowUp(number=1, until=later(600), by="ann", because="the vendor comes at ten")
GIVE = GiveFollowUp(number=1, owner="ben", by="ann", because="a holiday")


def after(*commands: FollowUpCommand, at: datetime = NOON) -> FollowUps:
    """Return the follow-ups of the first incident after these commands."""
    return grown(FollowUps(id=followups_stream(1)), *commands, at=at)


def grown(state: FollowUps, *commands: FollowUpCommand, at: datetime = NOON) -> FollowUps:
    """Return the state after these commands."""
    for command in commands:
        for event in decide(state, command, at, policy()).events:
            state = evolve(state, event, at)
    return state


def test_what_is_left_has_an_owner_and_a_moment_and_is_found_by_it() -> None:
    """A cordon that nobody owns is found months later, by its price."""
    state = after(BOTH)

    assert [(one.made.what, one.owner, one.due, one.left) for one in state.open] == [
        ("Node gpu-7 is closed to new pods", "ann", later(240), True),
        ("Review it", "service-owner", later(7200), False),
    ]
    assert (due(state), standing(state), state.label(2)) == (later(240), "left", "INC-1/2")


def test_it_is_made_once() -> None:
    """After a crash the same comparison is made again."""
    assert after(BOTH, BOTH) == after(BOTH)
    assert len(after(MakeFollowUps(todo=(CORDON, CORDON))).all) == 1


def test_reminders_come_at_the_due_time_and_then_daily() -> None:
    """One reminder is lost in the channel; a follow-up is not."""
    state = after(BOTH)
    early = decide(state, Remind(), later(239), policy()).events
    first = decide(state, Remind(), later(240), policy()).events
    state = grown(state, Remind(), at=later(240))

    assert early == ()
    assert first == (
        FollowUpReminded(number=1, what=CORDON.what, owner="ann", again=later(240 + 24 * 60)),
    )
    assert decide(state, Remind(), later(241), policy()).events == ()
    assert (state.all[1].reminders, due(state)) == (1, later(240 + 24 * 60))


def test_days_that_were_slept_through_are_one_reminder() -> None:
    """A desk that was down for a week must not say everything seven times."""
    state = grown(after(BOTH), Remind(), at=later(240 + 3 * 24 * 60 + 5))

    assert (state.all[1].reminders, state.all[1].remind_at) == (1, later(240 + 4 * 24 * 60))


def test_a_review_is_reminded_of_less_often() -> None:
    """What a runbook leaves to think about stands in nobody's way."""
    state = grown(after(MakeFollowUps(todo=(REVIEW,))), Remind(), at=later(7200))
    rules = FollowUpRules()

    assert state.all[1].remind_at == later(7200) + rules.review_every
    assert rules.every(left=True) < rules.every(left=False)


def test_put_off_and_given_away_it_is_anothers_later() -> None:
    """Shifts end; what was left must not end with them."""
    one = after(BOTH, LATER, GIVE).all[1]

    assert (one.owner, one.due, one.remind_at, one.open) == ("ben", later(600), later(600), True)


def test_done_it_reminds_no_more() -> None:
    """Who is reminded of what is done stops reading reminders."""
    state = after(BOTH, DONE)
    over = grown(state, FinishFollowUp(number=2, by="ben", because="written up"))

    assert state.all[1].done == FollowUpDone(
        number=1, what=CORDON.what, by="ann", because="uncordoned by hand"
    )
    assert (due(state), standing(state)) == (later(7200), "open")
    assert (due(over), standing(over), over.open) == (None, "done", ())


def test_a_later_change_of_the_same_field_takes_its_place() -> None:
    """Closed twice from the same state there is one node to open, and one reminder."""
    again = replace(CORDON, key="run-1-2/cordon/approval-1-2-1", run="run-1-2")
    state = after(BOTH, MakeFollowUps(todo=(again,)))

    first = state.all[1].done
    assert first is not None
    assert first.because == "cordon of run-1-2 wrote it again: see INC-1/3"
    assert [one.made.number for one in state.open] == [2, 3]


def test_a_later_change_from_another_value_leaves_the_first_one_owed() -> None:
    """Back at 4, where the second change began, the floor is still not 2, where the first did."""
    raised = replace(CORDON, write=write(), before=(("replicas", "2"),))
    more = replace(raised, key="run-1-1/cordon/approval-1-1-2", before=(("replicas", "4"),))
    state = after(MakeFollowUps(todo=(raised,)), MakeFollowUps(todo=(more,)))

    assert [one.made.before for one in state.open] == [raised.before, more.before]
    assert [newest(state, one) for one in state.open] == [False, True]


def test_each_step_has_a_newest_of_its_own() -> None:
    """What another step left, or a runbook, says nothing about what an undo takes back."""
    other = replace(CORDON, key="other", step="other", write=write())
    state = after(BOTH, MakeFollowUps(todo=(other,)))

    assert [newest(state, one) for one in state.open] == [True, True, True]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(write(), True, id="same"),
        pytest.param(write(uid="another"), False, id="another-object"),
        pytest.param(write(subresource=""), False, id="another-part"),
        pytest.param(write(fields=(("/spec/paused", "true"),)), False, id="another-field"),
        pytest.param(None, False, id="none"),
    ],
)
def test_two_writes_overlap_where_they_write_the_same_field(other: object, same: bool) -> None:
    """A pause and a size of one Deployment are two things to take back."""
    assert overlap(write(), other) is same  # type: ignore[arg-type]  # a write or none
    assert overlap(None, write()) is False


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(replace(DONE, number=7), "there is no follow-up INC-1/7", id="none"),
        pytest.param(replace(DONE, because=" "), "say why: others will read it", id="no-reason"),
        pytest.param(replace(LATER, because=""), "say why: others will read it", id="later-why"),
        pytest.param(
            replace(LATER, until=NOON), "later is in the future, and within 2160 h", id="past"
        ),
        pytest.param(
            replace(LATER, until=later(200_000)),
            "later is in the future, and within 2160 h",
            id="for-ever",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(command: FollowUpCommand, said: str) -> None:
    """Whoever types it must learn what is wrong."""
    with pytest.raises(Rejected) as refused:
        after(BOTH, command)

    assert str(refused.value) == said


@pytest.mark.parametrize("command", [DONE, LATER, GIVE], ids=lambda one: type(one).__name__)
def test_what_is_done_stays_done(command: FollowUpCommand) -> None:
    """Two people must not both believe that they did it."""
    with pytest.raises(Rejected) as refused:
        after(BOTH, DONE, command)

    assert str(refused.value) == "INC-1/1 was done by ann: uncordoned by hand"


def test_seen_undone_twice_is_no_news() -> None:
    """The loop that looks and a person may both find it in the same moment."""
    seen = FinishFollowUp(number=1, by=DESK, because="seen undone")

    assert after(BOTH, DONE, seen) == after(BOTH, DONE)


def test_given_to_its_owner_nothing_happens() -> None:
    """The timeline holds what changed."""
    assert after(BOTH, replace(GIVE, owner="ann")) == after(BOTH)


def test_its_row_is_due_also_when_the_incident_is_long_over() -> None:
    """The clock finds rows by their moment, whatever became of the incident."""
    told = desk()
    told.tell(followups_stream(1), BOTH)
    [row] = told.journal.summaries(aggregate=Aggregate.FOLLOW_UPS, open_only=True)
    assert told.follow_ups(1) == after(BOTH)
    told.tell(followups_stream(1), DONE)
    told.tell(followups_stream(1), replace(DONE, number=2))

    assert (row.incident, row.state, row.next_due) == (1, "left", later(240))
    assert row.title == "2 of 2 follow-ups of INC-1 are open"
    assert told.journal.summaries(aggregate=Aggregate.FOLLOW_UPS, open_only=True) == []
    assert told.journal.due(later(100_000)) == []


def test_the_events_are_folded_by_number() -> None:
    """What was made first is the first, whatever is told later."""
    made = FollowUpMade(number=1, key="a", what="b", owner="c", due=NOON)
    state = evolve(FollowUps(id="followups-7"), made, NOON)

    assert (state.incident, state.keys, state.opened_at) == (7, {"a"}, NOON)
