"""Worked examples of functions over vectors, and of answers that are no vector."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from drills.prometheus import evaluate
from drills.prometheus.errors import BadQuery, Failed
from drills.prometheus.store import Store, milliseconds
from drills.prometheus.values import Matrix, Point, Series, Text
from drills.prometheus.windows import Release

NOW = timedelta(minutes=1)

Filled = Callable[..., Store]
Ask = Callable[..., dict[str, float]]


@pytest.fixture
def store(filled: Filled) -> Store:
    return filled(
        {
            'took_bucket{le="1"}': [0, 10, 20, 30, 40],
            'took_bucket{le="2"}': [0, 20, 40, 60, 80],
            'took_bucket{le="+Inf"}': [0, 20, 40, 60, 80],
            "took_bucket": [1, 1, 1, 1, 1],
            "half": [-1.5, 2.5],
            "odd": [math.nan, math.inf, 1],
            'two{n="1"}': [1],
            'two{n="2"}': [2],
        }
    )


@pytest.mark.parametrize(
    ("expr", "answer"),
    [
        pytest.param("histogram_quantile(0.25, rate(took_bucket[1m]))", {"": 0.5}, id="quantile"),
        pytest.param(
            'histogram_quantile(0.5, took_bucket{le!="1"})', {"": 1.0}, id="of-one-bucket"
        ),
        pytest.param("abs(half offset 46s)", {"": 1.5}, id="abs"),
        pytest.param("ceil(half offset 46s)", {"": -1.0}, id="ceil"),
        pytest.param("floor(half)", {"": 2.0}, id="floor"),
        pytest.param("round(half)", {"": 3.0}, id="a-tie-goes-up"),
        pytest.param("clamp(half, 0, 2)", {"": 2.0}, id="clamp"),
        pytest.param("clamp(half, 2, 0)", {}, id="clamp-to-nothing"),
        pytest.param("clamp_min(half, 9)", {"": 9.0}, id="clamp-min"),
        pytest.param("clamp_max(half, 1)", {"": 1.0}, id="clamp-max"),
        pytest.param("scalar(two)", {"": math.nan}, id="two-are-no-scalar"),
        pytest.param("scalar(nope)", {"": math.nan}, id="none-is-no-scalar"),
        pytest.param("timestamp(half) - scalar(timestamp(half + 0))", {"": -45.0}, id="timestamp"),
        pytest.param("time() - scalar(timestamp(half))", {"": 45.0}, id="time"),
        pytest.param("absent_over_time(half[1m])", {}, id="there-over-time"),
        pytest.param('absent_over_time(nope{a="b"}[1m])', {"a=b": 1.0}, id="absent-over-time"),
        pytest.param("absent(sum(nope))", {"": 1.0}, id="absent-without-a-selector"),
        pytest.param("max_over_time(odd[5m])", {"": math.inf}, id="max-over-time"),
        pytest.param("min_over_time(odd[5m])", {"": 1.0}, id="min-over-time"),
        pytest.param("avg_over_time(half[5m])", {"": 0.5}, id="avg-over-time"),
        pytest.param("sum_over_time(half[5m])", {"": 1.0}, id="sum-over-time"),
        pytest.param("deriv(two[5m])", {}, id="one-sample-has-no-slope"),
        pytest.param("irate(two[5m])", {}, id="nor-a-rate"),
        pytest.param("delta(two[5m])", {}, id="nor-a-difference"),
        pytest.param("changes(nope[5m])", {}, id="nothing-does-not-change"),
        pytest.param("-two", {"n=1": -1.0, "n=2": -2.0}, id="minus"),
        pytest.param("quantile(NaN, two)", {"": math.nan}, id="quantile-of-nan"),
        pytest.param("avg(two * 0 + 1e308)", {"": 1e308}, id="a-mean-does-not-overflow"),
        pytest.param("stddev(odd offset 45s)", {"": math.nan}, id="spread-of-what-is-not-finite"),
        pytest.param("(-8) ^ 0.5", {"": math.nan}, id="power-undefined"),
        pytest.param("10 ^ 400", {"": math.inf}, id="power-too-large"),
        pytest.param("(-10) ^ 401", {"": -math.inf}, id="power-too-small"),
        pytest.param("1 % 0", {"": math.nan}, id="remainder-undefined"),
    ],
)
def test_a_function_means_what_the_manual_says(
    store: Store, ask: Ask, expr: str, answer: dict[str, float]
) -> None:
    """Runbooks and rules are written from the manual."""
    assert ask(store, expr, NOW) == pytest.approx(answer, nan_ok=True)


def test_a_bare_range_is_a_matrix_of_its_samples(store: Store, start: datetime) -> None:
    """People look at raw samples first."""
    value = evaluate.instant(store, "half[1m]", start + NOW, release=Release.V2)

    at = milliseconds(start)
    points = (Point(at, -1.5), Point(at + 15_000, 2.5))
    assert value == Matrix((Series(labels=(("__name__", "half"),), points=points),))


def test_a_string_is_itself(store: Store, start: datetime) -> None:
    """Prometheus answers it, so clients may be probed with it."""
    assert evaluate.instant(store, '"text"', start) == Text("text")


@pytest.mark.parametrize("expr", ["half[1m]", '"text"'])
def test_a_range_needs_values_at_each_step(store: Store, start: datetime, expr: str) -> None:
    """Prometheus refuses it as bad data."""
    with pytest.raises(BadQuery):
        evaluate.over_range(store, expr, start, start + NOW, NOW)


def test_a_label_that_is_no_name_cannot_be_set(store: Store, start: datetime) -> None:
    """Nothing could select the result."""
    with pytest.raises(Failed, match="invalid destination label"):
        evaluate.instant(store, 'label_replace(two, "a b", "", "n", "")', start)
