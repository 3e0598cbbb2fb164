"""Figures: how rounds become one value, a ratio, and a yes or no."""

import pytest

from tests.bench.figures import Figure, Must, at_least, at_most
from tests.bench.table import shortfalls, table


def test_a_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    """Two medians of different rounds would compare a quiet moment with a noisy one."""
    figure = _figure(values=[100, 200, 50], base=[200, 200, 200])

    assert figure.ratio == 0.5


def test_a_figure_without_a_base_is_judged_by_its_value() -> None:
    """A time has a bound of its own; it is compared with nothing."""
    assert _figure(values=[3, 1, 2]).judged == 2


def test_of_few_values_the_highest_is_the_99th_percentile() -> None:
    """A percentile that leaves the worst of ten out would hide it."""
    assert _figure(values=range(10), quantile=0.99).value == 9


@pytest.mark.parametrize(
    ("must", "value", "missed"),
    [
        pytest.param(at_least(2), 2, 0, id="at-least-reached"),
        pytest.param(at_least(2), 1, 0.5, id="at-least-missed"),
        pytest.param(at_most(2), 2, 0, id="at-most-reached"),
        pytest.param(at_most(2), 3, 0.5, id="at-most-missed"),
        pytest.param(at_most(0), 0, 0, id="none-allowed-and-none-found"),
        pytest.param(at_most(0), 1, float("inf"), id="none-allowed-and-one-found"),
    ],
)
def test_a_must_says_by_how_much_it_is_missed(must: Must, value: float, missed: float) -> None:
    """The reader of the table has to know whether it is near or far."""
    assert must.missed_by(value) == missed


def test_what_is_not_reached_stands_below_the_table() -> None:
    """A NO in a long table is overlooked."""
    figures = [
        _figure(values=[40], must=at_most(25)),
        _figure(values=[20], must=at_most(25)),
        _figure(values=[10]),
    ]

    assert [line.split("|")[7].strip() for line in table(figures).splitlines()] == [
        "reached",
        "-------",
        "NO",
        "yes",
        "",
    ]
    assert list(shortfalls(figures)) == [
        "P6 is not reached on SQLite: webhook to Slack is 40, must be ≤ 25 ms: missed by 60%"
    ]


def _figure(**given: object) -> Figure:
    named = {"goal": "P6", "name": "webhook to Slack", "store": "SQLite", "unit": "ms"}
    return Figure(**{**named, **given})  # type: ignore[arg-type] # a builder
