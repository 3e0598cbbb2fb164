"""A snooze: who, what, why, and until when."""

from datetime import datetime

import pytest

from incidents.commands.snooze import EndSnooze, ExpireSnooze, Snooze, SnoozeCommand
from incidents.errors import Rejected
from incidents.events.snooze import SnoozeEnded
from incidents.journal import Aggregate
from incidents.patterns import Which
from incidents.snooze import SnoozeState, decide, due, evolve
from tests.builders import NOON, desk, later, policy

SNOOZE = Snooze(
    number=1, which=Which(alerts=("Slow",)), until=later(30), by="ann", reason="a load test"
)


def after(*commands: SnoozeCommand, at: datetime = NOON) -> SnoozeState:
    state = SnoozeState(id="snooze-1")
    for command in commands:
        for event in decide(state, command, at, policy()).events:
            state = evolve(state, event, at)
    return state


@pytest.mark.parametrize(
    ("standing", "command", "said"),
    [
        pytest.param((SNOOZE,), SNOOZE, "snooze-1 exists already", id="twice"),
        pytest.param(
            (),
            Snooze(number=1, which=Which(), until=later(1), by="ann", reason="x"),
            "say which alerts: a name, a label or a key",
            id="everything",
        ),
        *(
            pytest.param(
                (),
                Snooze(number=1, which=which, until=later(1), by="ann", reason="x"),
                f"{which}: this snoozes nearly everything; say which alerts",
                id=f"nearly-everything-{which}",
            )
            for which in (
                Which(alerts=("*",)),
                Which(alerts=("Slow", "**")),
                Which(alerts=("?*",), labels=(("namespace", "*"),)),
                Which(labels=(("key", "*"),)),
                Which(labels=(("team", ""),)),
            )
        ),
        pytest.param(
            (),
            Snooze(number=1, which=SNOOZE.which, until=later(1), by="ann", reason=" "),
            "say why: others will read it",
            id="no-reason",
        ),
        pytest.param(
            (),
            Snooze(number=1, which=SNOOZE.which, until=NOON, by="ann", reason="x"),
            "a snooze ends in the future, and within 168 h",
            id="over",
        ),
        pytest.param(
            (),
            Snooze(number=1, which=SNOOZE.which, until=later(20_000), by="ann", reason="x"),
            "a snooze ends in the future, and within 168 h",
            id="for-ever",
        ),
        pytest.param((), EndSnooze(by="ben", because="x"), "there is no snooze-1", id="none"),
        pytest.param(
            (SNOOZE,), EndSnooze(by="ben", because=""), "say why: others will read it", id="end-why"
        ),
        pytest.param(
            (SNOOZE, EndSnooze(by="ben", because="done")),
            EndSnooze(by="ann", because="x"),
            "snooze-1 was ended by ben: done",
            id="ended",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    standing: tuple[SnoozeCommand, ...], command: SnoozeCommand, said: str
) -> None:
    """A desk that is quiet by mistake looks like a desk without problems."""
    with pytest.raises(Rejected) as refused:
        decide(after(*standing), command, NOON, policy())

    assert str(refused.value) == said


@pytest.mark.parametrize(
    "which",
    [
        pytest.param(Which(alerts=("VLLM*",)), id="beginning"),
        pytest.param(Which(alerts=("*",), labels=(("namespace", "llm-*"),)), id="label"),
    ],
)
def test_a_pattern_that_means_some_alerts_is_taken(which: Which) -> None:
    """A load test concerns a namespace, whatever rings there."""
    state = after(Snooze(number=1, which=which, until=later(30), by="ann", reason="a load test"))

    assert state.began is not None
    assert state.began.which == which


def test_a_snooze_ends_by_itself_and_only_once() -> None:
    """The clock's rows survive a restart; whether the clock was late does not matter."""
    state = after(SNOOZE)
    over = SnoozeEnded(by="triaged", because="its time is over")

    assert (due(state), state.holds(later(29)), state.holds(later(30))) == (later(30), True, False)
    assert decide(state, ExpireSnooze(), later(29), policy()).events == ()
    assert decide(state, ExpireSnooze(), later(30), policy()).events == (over,)
    ended = evolve(state, over, later(30))
    assert (due(ended), ended.holds(NOON)) == (None, False)
    assert decide(ended, ExpireSnooze(), later(31), policy()).events == ()


def test_a_snooze_is_found_by_its_row() -> None:
    """Lists and the clock read rows, and fold nothing."""
    told = desk()
    told.tell("snooze-1", SNOOZE)
    [row] = told.journal.summaries(aggregate=Aggregate.SNOOZE, open_only=True)

    assert (row.state, row.title, row.next_due) == ("snoozed", "Slow", later(30))
    assert told.snooze("snooze-2").holds(NOON) is False
