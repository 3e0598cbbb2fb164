"""Which answers are numbers that can be trusted."""

from datetime import UTC, datetime, timedelta

import pytest

from cluster.signals import judgement
from cluster.signals.answers import Row, Track
from cluster.signals.catalogue import SIGNALS
from cluster.signals.judgement import Asked
from cluster.signals.promql import Promql
from cluster.signals.reading import NoData, Why

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASKED = Asked(signal=SIGNALS["waiting"], query=Promql("q"))


def row(value: float, pod: str = "a") -> Row:
    return Row(labels=(("pod", pod),), at=AT, value=value)


def pod(one: Row) -> str:
    return one.pod


def none(why: Why, detail: str) -> NoData:
    return NoData(signal="waiting", why=why, detail=detail, query="q")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_reading(value: float) -> None:
    """0/0 and x/0 are what Prometheus answers when nothing happened."""
    assert judgement.one(ASKED, [row(value)]) == none(
        Why.NOT_A_NUMBER, f"{value}: nothing to divide by"
    )


def test_several_series_are_not_one() -> None:
    """Taking the first of them would be a lottery."""
    assert judgement.one(ASKED, [row(1), row(2)]) == none(Why.SEVERAL, "2 series")
    two = "two series of one kind where one was expected"
    assert judgement.divided(ASKED, [row(1), row(2)], pod) == none(Why.SEVERAL, two)
    track = Track(labels=(), points=((AT, 1.0),))
    assert judgement.samples(ASKED, [track, track], None) == none(Why.SEVERAL, "2 series")


def test_a_pod_without_a_number_is_left_out() -> None:
    """It says nothing; the others still do."""
    found = judgement.divided(ASKED, [row(float("nan"), "a"), row(2, "b")], pod)

    assert not isinstance(found, NoData)
    assert list(found) == ["b"]


def test_nothing_newest_is_stale() -> None:
    """A rate has a number for minutes after the series ended."""
    assert judgement.stale([], fresh=timedelta(minutes=2))
    assert not judgement.stale([row(AT.timestamp())], fresh=timedelta(minutes=2))
