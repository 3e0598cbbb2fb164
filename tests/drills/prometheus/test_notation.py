"""Numbers and moments are written as Prometheus writes them, and read as it reads them."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from drills.prometheus import notation
from drills.prometheus.errors import BadQuery


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (3.0, "3"),
        (0.1, "0.1"),
        (123456789.125, "123456789.125"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (0.000001, "0.000001"),
        (1.5e-7, "1.5e-07"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_a_number_is_written_as_the_api_does(value: float, text: str) -> None:
    """Clients parse these texts; `inf` or `1e21` would be news to them."""
    assert notation.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0001, "0.0001"), (0.00001, "1e-05"), (12.5, "12.5"), (1e5, "100000"), (1e6, "1e+06")],
)
def test_a_template_shows_a_value_as_go_does(value: float, text: str) -> None:
    """The text of an alert is compared with the one a real Prometheus sent."""
    assert notation.go(value) == text


def test_an_alert_shows_its_value_with_an_exponent() -> None:
    """The API does it so for alerts, and for nothing else."""
    assert [notation.scientific(each) for each in (1.0, 0.9512, 0.0)] == [
        "1e+00",
        "9.512e-01",
        "0e+00",
    ]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("15", timedelta(seconds=15)),
        ("0.5", timedelta(milliseconds=500)),
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(minutes=90)),
        ("1w2d", timedelta(days=9)),
        ("100ms", timedelta(milliseconds=100)),
    ],
)
def test_a_duration_is_read(text: str, length: timedelta) -> None:
    """Both spellings are in use."""
    assert notation.duration(text) == length


@pytest.mark.parametrize("text", ["", "m", "5 m", "1m1h", "5x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Read as something else it would make a rule fire at once, or never."""
    with pytest.raises(BadQuery):
        notation.duration(text)


@pytest.mark.parametrize(
    "text", ["1767600000.25", "2026-01-05T08:00:00.25Z", "2026-01-05T09:00:00.250+01:00"]
)
def test_a_moment_is_read_in_every_spelling(text: str) -> None:
    """prometheus-api-client sends numbers, people send RFC 3339."""
    assert notation.moment(text) == datetime(2026, 1, 5, 8, 0, 0, 250_000, UTC)


@pytest.mark.parametrize("text", ["", "now", "nan", "2026-01-05T08:00:00", "1e300"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """A moment without a zone means another one on another machine."""
    with pytest.raises(BadQuery):
        notation.moment(text)
