"""Values are read as they were meant, and written so that they are read again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.language import duration, values
from runbooks.language.shapes import (
    Choice,
    Duration,
    Integer,
    Number,
    Percent,
    Reference,
    Text,
)


@pytest.mark.parametrize(
    ("shape", "plain", "value"),
    [
        pytest.param(Text(), "six", "six", id="text"),
        pytest.param(Choice(choices=("a", "b")), "b", "b", id="choice"),
        pytest.param(Integer(minimum=1), 6, 6, id="integer"),
        pytest.param(Number(), 6, 6.0, id="number"),
        pytest.param(Percent(maximum=100), "50%", 50.0, id="percent"),
        pytest.param(Duration(), "1h30m", timedelta(minutes=90), id="duration"),
        pytest.param(Duration(), "2d", timedelta(days=2), id="days"),
    ],
)
def test_a_value_is_read_and_written_back(shape, plain, value):
    """A run keeps parameters as texts and must read the same values from them."""
    assert values.read(shape, plain) == value
    assert values.from_text(shape, values.to_text(shape, value)) == value


@pytest.mark.parametrize(
    ("shape", "plain", "words"),
    [
        pytest.param(Text(), None, "expected text, found nothing", id="nothing"),
        pytest.param(Text(), "  ", "expected text, found '  '", id="blank"),
        pytest.param(Text(longest=3), "long", "longer than 3 characters", id="too-long"),
        pytest.param(Text(pattern="a", example="a"), "b", "such as a, found 'b'", id="pattern"),
        pytest.param(Choice(choices=("a",)), 1, "expected one of a, found 1", id="choice"),
        pytest.param(Integer(), True, "expected a whole number, found True", id="truth"),
        pytest.param(Integer(maximum=5), 6, "6 is more than 5", id="more"),
        pytest.param(Number(minimum=1), 0.5, "0.5 is less than 1", id="less"),
        pytest.param(Number(), float("nan"), "expected a number, found nan", id="no-number"),
        pytest.param(Percent(), "50", "expected a percentage such as 50%", id="no-sign"),
        pytest.param(Percent(maximum=100), "150%", "150 is more than 100", id="percent"),
        pytest.param(Duration(), 10, "expected a duration such as 10m, found 10", id="bare"),
        pytest.param(Duration(), "", "'' is no duration", id="no-duration"),
        pytest.param(
            Duration(minimum=timedelta(minutes=1)), "5s", "5s is shorter than 1m", id="short"
        ),
        pytest.param(
            Duration(maximum=timedelta(hours=1)), "90m", "90m is longer than 1h", id="long"
        ),
    ],
)
def test_what_does_not_fit_says_what_was_expected(shape, plain, words):
    """The person who typed it reads this and nothing else."""
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        values.read(shape, plain)


@pytest.mark.parametrize(
    ("shape", "text", "words"),
    [
        pytest.param(Integer(), "six", "expected a whole number, found 'six'", id="a-word"),
        pytest.param(Number(), "inf", "expected a number, found 'inf'", id="infinite"),
    ],
)
def test_what_a_person_types_is_judged_the_same_way(shape, text, words):
    """Slash commands and the command line bring texts only."""
    with pytest.raises(ValueError, match=words):
        values.from_text(shape, text)


@given(st.integers(1, 99_999 * 86_400))
def test_every_duration_is_read_back_as_it_was_written(seconds):
    """Timeouts are shown to people, who copy them into runbooks."""
    length = timedelta(seconds=seconds)

    assert duration.parse(duration.write(length)) == length


def test_no_time_is_written_as_seconds():
    """An empty text would be no duration."""
    assert duration.write(timedelta()) == "0s"


def test_a_reference_is_written_with_its_sign():
    """As it stands in the runbook."""
    assert str(Reference(name="growth")) == "$growth"
