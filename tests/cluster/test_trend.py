"""What a signal did over a range, as one of a closed set of shapes."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.signals.signals import Samples
from cluster.signals.trend import CannotTell, Falling, Rising, Spiky, Steady, shape_of

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEVELS = st.floats(0.001, 1e6)
NOISE = st.lists(st.floats(-1, 1), min_size=12, max_size=60)
SERIES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def samples(values: Sequence[float], *, start: datetime = START) -> Samples:
    points = tuple((start + index * timedelta(minutes=1), x) for index, x in enumerate(values))
    return Samples(signal="waiting", unit="requests", query="q", points=points)


def kind(values: Sequence[float], *, start: datetime = START) -> type:
    return type(shape_of(samples(values, start=start)))


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        pytest.param([7.0] * 60, Steady, id="flat"),
        pytest.param([0.0] * 60, Steady, id="nothing-at-all"),
        pytest.param([1000.0 + n / 60 for n in range(60)], Steady, id="one-more-of-a-thousand"),
        pytest.param([10 + 0.5 * math.sin(n) for n in range(60)], Steady, id="breathing"),
        pytest.param([float(n) for n in range(60)], Rising, id="growing"),
        pytest.param([2.0] * 28 + [9.0] * 32, Rising, id="a-step-up"),
        pytest.param([float(60 - n) for n in range(60)], Falling, id="draining"),
        pytest.param([3.0] * 30 + [300.0] + [3.0] * 29, Spiky, id="one-spike"),
        pytest.param([0.0] * 59 + [4.0], Spiky, id="a-blip-above-nothing"),
        pytest.param([1.0, 9.0] * 30, Spiky, id="jumping"),
        pytest.param([1.0, 9.0, 2.0, 8.0, 3.0, 9.0, 4.0, 10.0], Spiky, id="noise-that-leans"),
        pytest.param([50 + n + (400 if n == 20 else 0) for n in range(60)], Rising, id="both"),
    ],
)
def test_the_shape_is_what_a_person_would_say(values: list[float], shape: type) -> None:
    """Whether it is consistently high is asked before anything is scaled."""
    assert kind(values) is shape


def test_too_few_samples_have_no_shape() -> None:
    """Two points are always a line."""
    assert shape_of(samples([1.0, 2.0, 3.0])) == CannotTell(
        because="3 samples, at least 6 are needed"
    )


def test_the_numbers_are_those_of_the_line() -> None:
    """Rising is said with from where to where, in the signal's unit."""
    found = shape_of(samples([10.0 + n for n in range(60)] + [500.0]))

    assert isinstance(found, Rising)
    numbers = found.numbers
    assert (numbers.begins, numbers.ends) == (pytest.approx(10.0), pytest.approx(70.0))
    assert (numbers.lowest, numbers.highest, numbers.spikes) == (10.0, 500.0, 1)
    assert (numbers.samples, numbers.scatter) == (61, pytest.approx(0.0))


def test_a_long_range_is_thinned_and_keeps_its_ends() -> None:
    """A day at 15 seconds has sixteen million pairs of samples."""
    found = shape_of(samples([float(n) for n in range(5000)]))

    assert isinstance(found, Rising)
    assert (found.numbers.lowest, found.numbers.highest) == (0.0, 4999.0)


@given(SERIES, st.sampled_from([0.125, 2.0, 1024.0]))
def test_the_unit_does_not_matter(values: list[float], factor: float) -> None:
    """Seconds or milliseconds: the shape is the same."""
    assert kind([factor * value for value in values]) is kind(values)


@given(SERIES, st.integers(-10_000, 10_000))
def test_the_time_of_day_does_not_matter(values: list[float], hours: int) -> None:
    """Nor the year."""
    assert kind(values, start=START + timedelta(hours=hours)) is kind(values)


@given(SERIES)
def test_backwards_rising_is_falling(values: list[float]) -> None:
    """Neither direction is favoured."""
    mirrored = {Rising: Falling, Falling: Rising}
    forwards = kind(values)

    assert kind(values[::-1]) is mirrored.get(forwards, forwards)


def test_a_change_that_is_just_not_clear_is_none_in_either_direction() -> None:
    """It is three times the scatter, and only rounding tells on which side of that it is."""
    tie = [-999792.0, -383914.0, -332433.0, -383914.0, -332433.0, -742385.0, 0.0]

    assert (kind(tie), kind(tie[::-1])) == (Steady, Steady)


@given(LEVELS, NOISE)
def test_little_noise_is_steady(level: float, noise: list[float]) -> None:
    """No measured number is flat."""
    assert kind([level * (1 + 0.04 * each) for each in noise]) is Steady


@given(LEVELS, NOISE)
def test_little_noise_hides_no_growth(level: float, noise: list[float]) -> None:
    """A queue that doubles does so unevenly."""
    last = len(noise) - 1
    grown = [level * (1 + index / last + 0.04 * each) for index, each in enumerate(noise)]

    assert kind(grown) is Rising
