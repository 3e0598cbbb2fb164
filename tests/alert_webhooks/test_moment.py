"""Moments as Go writes them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_webhooks.moment import moment

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-01-10T12:00:00Z", NOON, id="utc"),
        pytest.param("2026-01-10T14:00:00+02:00", NOON, id="ahead"),
        pytest.param("2026-01-10T06:30:00-05:30", NOON, id="behind"),
        pytest.param(
            "2026-01-10T12:00:00.123456789Z",
            NOON + timedelta(microseconds=123456),
            id="nanoseconds-are-cut",
        ),
        pytest.param("2026-01-10T12:00:00.5Z", NOON + timedelta(milliseconds=500), id="one-digit"),
        pytest.param(
            "2016-12-31T23:59:60Z",
            datetime(2016, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            id="leap-second",
        ),
        pytest.param("0001-01-01T00:00:00Z", None, id="gos-no-moment"),
        pytest.param("0001-01-01T00:00:00+23:59", None, id="no-moment-before-the-calendar"),
    ],
)
def test_a_moment_is_read(text: str, expected: datetime | None) -> None:
    """Two deliveries of one occurrence must give one moment."""
    assert moment(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-10",
        "2026-01-10 12:00:00",
        "2026-W02-6T12:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-10T24:00:00Z",
        "2026-01-10T12:00:00+99:00",
        "9999-12-31T23:59:59-12:00",
        "٢٠٢٦-01-10T12:00:00Z",
        "2026-01-10T12:00:00Z\n",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """A guess would give one occurrence two names."""
    with pytest.raises(ValueError, match=r"must be|must not|day|month|hour|offset"):
        moment(text)


@given(at=st.datetimes(min_value=datetime(2, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001 - hypothesis takes naive bounds
def test_every_moment_survives_being_written(at: datetime) -> None:
    """No moment of a real clock is refused or moved."""
    there = at.replace(tzinfo=UTC)

    assert moment(there.strftime("%Y").zfill(4) + there.isoformat()[4:]) == there
