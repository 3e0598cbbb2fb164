"""Worked examples of operators, matching and aggregation."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from drills.prometheus import evaluate
from drills.prometheus.errors import Failed
from drills.prometheus.store import Store
from drills.prometheus.values import Vector

NOW = timedelta(minutes=1)

Filled = Callable[..., Store]
Ask = Callable[..., dict[str, float]]


@pytest.fixture
def store(filled: Filled) -> Store:
    """Errors by code and method, and all requests by method: the manual's own example."""
    return filled(
        {
            'errors{method="get",code="500"}': [24],
            'errors{method="get",code="404"}': [30],
            'errors{method="put",code="501"}': [3],
            'errors{method="post",code="500"}': [6],
            'errors{method="post",code="404"}': [21],
            'requests{method="get"}': [600],
            'requests{method="del"}': [34],
            'requests{method="post"}': [120],
            'owner{method="get",team="a"}': [1],
            'idle{method="get"}': [0],
            'odd{is="nan"}': [math.nan],
            'odd{is="one"}': [1],
            'odd{is="inf"}': [math.inf],
        }
    )


@pytest.mark.parametrize(
    ("expr", "answer"),
    [
        pytest.param(
            'errors{code="500"} / ignoring (code) requests',
            {"method=get": 0.04, "method=post": 0.05},
            id="one-to-one",
        ),
        pytest.param(
            "errors / ignoring (code) group_left requests",
            {
                "code=404,method=get": 0.05,
                "code=404,method=post": 0.175,
                "code=500,method=get": 0.04,
                "code=500,method=post": 0.05,
            },
            id="many-to-one",
        ),
        pytest.param(
            "owner * on (method) group_right (team) requests",
            {"method=get,team=a": 600.0},
            id="one-to-many-takes-a-label-over",
        ),
        pytest.param(
            "requests and on (method) errors",
            {"requests{method=get}": 600.0, "requests{method=post}": 120.0},
            id="and",
        ),
        pytest.param(
            "requests unless on (method) errors", {"requests{method=del}": 34}, id="unless"
        ),
        pytest.param(
            'owner or on (method) requests{method=~"get|del"}',
            {"owner{method=get,team=a}": 1.0, "requests{method=del}": 34.0},
            id="or",
        ),
        pytest.param("requests > 500", {"requests{method=get}": 600.0}, id="a-comparison-filters"),
        pytest.param("500 < requests", {"requests{method=get}": 600.0}, id="and-keeps-the-vector"),
        pytest.param(
            "requests > bool 100",
            {"method=del": 0.0, "method=get": 1.0, "method=post": 1.0},
            id="bool-answers-and-drops-the-name",
        ),
        pytest.param("sum by (method) (errors) > 50", {"method=get": 54.0}, id="sum-by"),
        pytest.param(
            "sum without (code) (errors)",
            {"method=get": 54.0, "method=post": 27.0, "method=put": 3.0},
            id="sum-without",
        ),
        pytest.param("count(errors) + 0.5", {"": 5.5}, id="count"),
        pytest.param("avg(requests)", {"": 754 / 3}, id="avg"),
        pytest.param("quantile(0.5, requests)", {"": 120.0}, id="quantile"),
        pytest.param('stddev(requests{method!="get"})', {"": 43.0}, id="stddev"),
        pytest.param('stdvar(requests{method!="get"})', {"": 1849.0}, id="stdvar"),
        pytest.param("topk(1, requests)", {"requests{method=get}": 600.0}, id="topk"),
        pytest.param("bottomk(1, requests)", {"requests{method=del}": 34.0}, id="bottomk"),
        pytest.param("max(odd)", {"": math.inf}, id="max-ignores-nan"),
        pytest.param("min(odd)", {"": 1.0}, id="min-ignores-nan"),
        pytest.param("sum(odd)", {"": math.nan}, id="sum-does-not"),
        pytest.param("vector(1) / 0", {"": math.inf}, id="division-by-zero"),
        pytest.param("-vector(1) / 0", {"": -math.inf}, id="below-zero"),
        pytest.param("0 / 0 > bool 0", {"": 0.0}, id="nan-compares-with-nothing"),
        pytest.param("-2 ^ 2", {"": -4.0}, id="power-binds-tighter-than-minus"),
        pytest.param("2 ^ 3 ^ 2", {"": 512.0}, id="power-from-the-right"),
        pytest.param("-7 % 3", {"": -1.0}, id="remainder-has-the-sign-of-the-left"),
        pytest.param('absent(requests{method="nope"})', {"method=nope": 1.0}, id="absent"),
        pytest.param("absent(requests)", {}, id="not-absent"),
        pytest.param('absent(nope{a="b",a="c"})', {"": 1.0}, id="absent-and-contradictory"),
        pytest.param("sum(nope) or vector(0)", {"": 0.0}, id="nothing-or-zero"),
        pytest.param("sum(nope) / sum(requests)", {}, id="nothing-stays-nothing"),
        pytest.param("scalar(owner) + 1", {"": 2.0}, id="scalar"),
        pytest.param(
            'label_replace(owner, "who", "team-$1", "team", "(.)")',
            {"owner{method=get,team=a,who=team-a}": 1.0},
            id="label-replace",
        ),
        pytest.param("clamp(owner, 3, NaN)", {"method=get,team=a": math.nan}, id="clamp-to-nan"),
        pytest.param("round(owner / 3, 0.25)", {"method=get,team=a": 0.25}, id="round"),
    ],
)
def test_an_expression_means_what_the_manual_says(
    store: Store, ask: Ask, expr: str, answer: dict[str, float]
) -> None:
    """Runbooks and rules are written from the manual."""
    assert ask(store, expr, NOW) == pytest.approx(answer, nan_ok=True)


@pytest.mark.parametrize(
    ("expr", "complaint"),
    [
        pytest.param("requests / on () errors", "many-to-many matching not allowed", id="right"),
        pytest.param(
            "errors / on (method) requests", "many-to-one matching must be explicit", id="left"
        ),
        pytest.param(
            "errors / on (method) group_left (code) requests",
            "grouping labels must ensure unique matches",
            id="labels-overwritten",
        ),
        pytest.param(
            'abs({__name__=~"requests|idle"})',
            "same labelset",
            id="names-dropped",
        ),
        pytest.param("topk(NaN, errors)", "NaN", id="topk-of-nan"),
    ],
)
def test_an_ambiguous_match_is_refused(store: Store, ask: Ask, expr: str, complaint: str) -> None:
    """Prometheus answers 422 here; a stand-in that picks one hides a broken query."""
    with pytest.raises(Failed, match=complaint):
        ask(store, expr, NOW)


def test_topk_comes_largest_first(store: Store, start: datetime) -> None:
    """People read the first line first."""
    value = evaluate.instant(store, "topk(2, requests)", start + NOW)

    assert isinstance(value, Vector)
    assert [each.value for each in value.samples] == [600.0, 120.0]
