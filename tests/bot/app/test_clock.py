"""Clocks follow another one, and never step back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app.clock import AGAIN, REFRESH, store_clock
from incidents.errors import Unavailable
from storage.memory import MemoryStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(slots=True)
class Life:
    """Real time, the store's clock beside it, and how often that one was asked."""

    seconds: float = 0.0
    ahead: float = 0.0
    away: bool = False
    asked: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        """Return the seconds of this machine."""
        return self.seconds

    def now(self) -> datetime:
        """Return the store's moment."""
        self.asked.append(self.seconds)
        if self.away:
            raise Unavailable
        return NOON + timedelta(seconds=self.seconds + self.ahead)


def test_between_two_questions_the_machines_own_clock_counts() -> None:
    """Asking the database for each look at the clock would make it the slowest thing there is."""
    life = Life()
    clock = store_clock(life.now, monotonic=life.monotonic)

    first = clock()
    life.seconds = REFRESH - 1
    second = clock()

    assert (first, second) == (NOON, NOON + timedelta(seconds=REFRESH - 1))
    assert life.asked == [0.0]


def test_after_a_while_the_store_is_asked_again() -> None:
    """Machines drift apart; every replica judges by the database's time."""
    life = Life()
    clock = store_clock(life.now, monotonic=life.monotonic)
    clock()

    life.seconds, life.ahead = REFRESH, 5.0

    assert clock() == NOON + timedelta(seconds=REFRESH + 5)


def test_while_the_store_is_away_time_goes_on() -> None:
    """Due rows do not wait for the database, and it is not asked at every look."""
    life = Life()
    clock = store_clock(life.now, monotonic=life.monotonic)
    clock()

    life.away, life.seconds = True, REFRESH
    moments = [clock(), clock()]
    life.seconds += AGAIN / 2
    moments.append(clock())

    assert moments == [NOON + timedelta(seconds=s) for s in (REFRESH, REFRESH, REFRESH + AGAIN / 2)]
    assert life.asked == [0.0, REFRESH]


def test_a_clock_that_nobody_ever_answered_does_not_guess() -> None:
    """A wrong moment in the journal stays there for ever."""
    life = Life(away=True)
    clock = store_clock(life.now, monotonic=life.monotonic)

    with pytest.raises(Unavailable):
        clock()


@given(steps=st.lists(st.tuples(st.floats(0, 100), st.floats(-50, 50), st.booleans()), max_size=20))
def test_it_never_steps_back(steps: list[tuple[float, float, bool]]) -> None:
    """Whatever the database's clock does: what was decided stays before what comes."""
    life = Life()
    clock = store_clock(life.now, monotonic=life.monotonic)
    seen = [clock()]

    for passed, life.ahead, life.away in steps:
        life.seconds += passed
        seen.append(clock())

    assert seen == sorted(seen)
    assert all(one.tzinfo is UTC for one in seen)


def test_the_store_of_the_tests_has_a_clock_too() -> None:
    """The fake keeps the promise of the real ones: aware, in UTC."""
    assert store_clock(MemoryStore().now)().tzinfo is UTC
