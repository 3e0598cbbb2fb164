"""Columns: moments and words come back exactly."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.columns import micros, moment, to_bytes, to_text


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])))
def test_a_moment_comes_back_to_the_microsecond_in_utc(at: datetime) -> None:
    """Floats of seconds would lose the last digit, and the chain with it."""
    back = moment(micros(at))

    assert back == at
    assert back.utcoffset() == timedelta(0)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    """Nobody knows when that was."""
    with pytest.raises(TypeError):
        micros(datetime(2026, 1, 1))  # noqa: DTZ001 - naive on purpose


@given(st.text(st.characters(codec=None)))
def test_any_text_comes_back(text: str) -> None:
    """JSON may bring lone surrogates and NUL; both are kept."""
    assert to_text(to_bytes(text)) == text
