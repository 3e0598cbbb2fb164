"""Spans as people say them."""

from datetime import timedelta

import pytest

from bot.postmortem.spans import span


@pytest.mark.parametrize(
    ("length", "said"),
    [
        pytest.param(timedelta(), "0 s", id="nothing"),
        pytest.param(timedelta(milliseconds=20), "< 1 s", id="a-moment"),
        pytest.param(timedelta(seconds=59.4), "59 s", id="seconds"),
        pytest.param(timedelta(seconds=59.6), "1 min", id="rounded-up"),
        pytest.param(timedelta(minutes=12, seconds=30), "12 min 30 s", id="minutes"),
        pytest.param(timedelta(minutes=59, seconds=59.7), "1 h", id="an-hour"),
        pytest.param(timedelta(hours=1, seconds=20), "1 h", id="an-hour-and-little"),
        pytest.param(timedelta(hours=26), "26 h", id="more-than-a-day"),
        pytest.param(timedelta(hours=26, minutes=5), "26 h 5 min", id="and-minutes"),
        pytest.param(-timedelta(seconds=3), "-3 s", id="before"),
    ],
)
def test_a_span_has_its_two_largest_units(length: timedelta, said: str) -> None:
    """26 hours must never read as 2."""
    assert span(length) == said
