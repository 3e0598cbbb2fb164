"""The world's clock: runs, steps, never backwards."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.clock import WorldClock, far_enough_in_the_past

START = datetime(2026, 8, 1, 10, tzinfo=UTC)


class Stopwatch:
    """A monotonic time that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_it_runs_at_its_rate() -> None:
    """Sixty world minutes in one real minute."""
    real = Stopwatch()
    clock = WorldClock(START, 60.0, monotonic=real)

    real.seconds += 2

    assert clock.reading() == (START + timedelta(minutes=2), 60.0)


def test_a_changed_rate_does_not_move_the_time_that_passed() -> None:
    """Slowing down while a person is asked must not make the world jump."""
    real = Stopwatch()
    clock = WorldClock(START, 60.0, monotonic=real)

    real.seconds += 1
    clock.set_rate(1.0)
    real.seconds += 1

    assert clock.now() == START + timedelta(seconds=61)


def test_a_stepped_clock_moves_only_by_steps() -> None:
    """Rate 0: the crash suite decides when time passes."""
    real = Stopwatch()
    clock = WorldClock(START, 0.0, monotonic=real)

    real.seconds += 1_000

    assert clock.now() == START
    assert clock.advance(15) == START + timedelta(seconds=15) == clock.now()


def test_the_world_starts_where_it_cannot_pass_real_time() -> None:
    """Alertmanager refuses alerts from the future."""
    assert datetime.now(UTC) - far_enough_in_the_past() > timedelta(days=29)


@pytest.mark.parametrize("number", [-1.0, float("nan"), float("inf")])
def test_time_neither_runs_back_nor_away(number: float) -> None:
    """A wrong number from outside is refused before it moves anything."""
    clock = WorldClock(START, 0.0)

    with pytest.raises(ValueError, match="finite number of at least 0"):
        clock.advance(number)
    with pytest.raises(ValueError, match="finite number of at least 0"):
        clock.set_rate(number)
    assert clock.reading() == (START, 0.0)


def test_it_stands_still_before_it_passes_real_time() -> None:
    """A forgotten drill that runs on for days must not ring from the future."""
    real = Stopwatch()
    clock = WorldClock(START, 60.0, ceiling=START + timedelta(hours=1), monotonic=real)

    real.seconds += 1e6

    assert clock.now() == START + timedelta(hours=1)
    assert clock.advance(5) == START + timedelta(hours=1)


def test_a_start_in_the_future_is_refused() -> None:
    """The world lives in the past from its first moment."""
    with pytest.raises(ValueError, match="cannot start in the future"):
        WorldClock(START, ceiling=START - timedelta(seconds=1))


def test_a_start_without_a_time_zone_is_refused() -> None:
    """Everything in the project is aware."""
    with pytest.raises(ValueError, match="needs a time zone"):
        WorldClock(START.replace(tzinfo=None))


@given(
    st.lists(
        st.tuples(st.sampled_from(["wait", "rate", "advance"]), st.floats(0, 1e4)), max_size=30
    )
)
def test_time_never_runs_back(moves: list[tuple[str, float]]) -> None:
    """Whatever happens to the clock, the next reading is not before the last."""
    real = Stopwatch()
    clock = WorldClock(START, 1.0, monotonic=real)
    last = clock.now()
    for move, amount in moves:
        if move == "wait":
            real.seconds += amount
        elif move == "rate":
            clock.set_rate(amount)
        else:
            clock.advance(amount)
        assert clock.now() >= last
        last = clock.now()
