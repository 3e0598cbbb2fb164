"""Whatever people and the clock do to follow-ups, none is forgotten and none reminds twice."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

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
from incidents.events.followups import FollowUpEvent, FollowUpReminded
from incidents.events.registry import from_bytes, to_bytes
from incidents.followups import FollowUps, decide, due, evolve, followups_stream
from incidents.incident import DESK
from tests.builders import NOON, policy, write

HOUR = timedelta(hours=1)
hours = st.integers(min_value=0, max_value=200)
names = st.sampled_from(["a", "b", "c"])
numbers = st.integers(min_value=1, max_value=4)
who = st.sampled_from([DESK, "ann", "ben"])


@st.composite
def todos(draw: st.DrawFn) -> ToDo:
    """Draw something to be done: a change of one of two objects, or a runbook's."""
    key, run = draw(names), draw(st.sampled_from(["", "run-1-1"]))
    return ToDo(
        key=key,
        what=key,
        owner="ann",
        due=NOON + draw(hours) * HOUR,
        run=run,
        step="step" if run else "",
        write=write(uid=draw(st.sampled_from(["u", "v"]))) if run else None,
    )


commands: st.SearchStrategy[FollowUpCommand] = st.one_of(
    st.builds(MakeFollowUps, todo=st.lists(todos(), max_size=3).map(tuple)),
    st.just(Remind()),
    st.builds(
        PutOffFollowUp,
        number=numbers,
        until=hours.map(lambda one: NOON + one * HOUR),
        by=who,
        because=st.just("a reason"),
    ),
    st.builds(GiveFollowUp, number=numbers, owner=who, by=who, because=st.just("")),
    st.builds(FinishFollowUp, number=numbers, by=who, because=st.just("a reason")),
)
stories = st.lists(st.tuples(st.integers(min_value=0, max_value=40), commands), max_size=30)
Told = list[tuple[datetime, FollowUpEvent, FollowUps]]


def told(story: Iterable[tuple[int, FollowUpCommand]]) -> Told:
    """Return each event with its moment and the state before it; the clock only goes on."""
    state, now, found = FollowUps(id=followups_stream(1)), NOON, Told()
    for wait, command in story:
        now += wait * HOUR
        with suppress(Rejected):
            for event in decide(state, command, now, policy()).events:
                found.append((now, event, state))
                state = evolve(state, event, now)
    return found


def last(found: Told) -> FollowUps:
    """Return the state after the last event."""
    state = FollowUps(id=followups_stream(1))
    for at, event, _ in found:
        state = evolve(state, event, at)
    return state


@given(stories)
def test_every_follow_up_is_done_or_has_a_moment(
    story: list[tuple[int, FollowUpCommand]],
) -> None:
    """Without a due row nobody would ever hear of it again."""
    state = last(told(story))
    moment = due(state)

    assert (moment is None) == all(one.done for one in state.all.values())
    assert all(moment is not None and moment <= one.remind_at for one in state.open)


@given(stories)
def test_none_reminds_twice_for_one_moment(story: list[tuple[int, FollowUpCommand]]) -> None:
    """Asked again at once, as after a crash, there is nothing left to say."""
    found = told(story)
    moments = [
        (event.number, state.all[event.number].remind_at, state.all[event.number].due)
        for _, event, state in found
        if isinstance(event, FollowUpReminded)
    ]

    assert len(moments) == len(set(moments))
    for at, event, state in found:
        if isinstance(event, FollowUpReminded):
            assert state.all[event.number].remind_at <= at < event.again
            assert state.all[event.number].open


@given(stories)
def test_the_clock_leaves_nothing_due(story: list[tuple[int, FollowUpCommand]]) -> None:
    """A row that stays due is handled at every turn for ever."""
    state, now = last(told(story)), NOON + 5000 * HOUR
    for event in decide(state, Remind(), now, policy()).events:
        state = evolve(state, event, now)

    assert decide(state, Remind(), now, policy()).events == ()
    assert (due(state) or now + HOUR) > now


@given(stories)
def test_a_replay_gives_the_same(story: list[tuple[int, FollowUpCommand]]) -> None:
    """The state is a reading of the journal's bytes: what they lose is forgotten at a restart."""
    found = told(story)
    state = FollowUps(id=followups_stream(1))
    for at, event, before in found:
        assert state == before
        read = from_bytes(*to_bytes(event))
        assert isinstance(read, FollowUpEvent)
        state = evolve(state, read, at)

    assert state == last(found)
