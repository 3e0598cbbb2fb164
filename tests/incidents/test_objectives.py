"""The arithmetic of promises: how much may fail, how fast it goes, what is left."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.objectives import (
    ALMOST_ALL,
    BURNS,
    Consequence,
    Kind,
    Objective,
    Objectives,
    Planned,
    allowed,
    budget,
    burn_rate,
    ceiling,
    consequences,
    left,
    spent_when_it_rings,
)

THREE_NINES = Objective(name="a", kind=Kind.AVAILABILITY, target=0.999)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
WORK = Planned(name="w", start=MAY, end=MAY + timedelta(hours=2), reason="firmware")


def test_three_nines_of_30_days_are_43_minutes_and_12_seconds() -> None:
    """43.8 minutes, which are often read, are those of a calendar month."""
    assert allowed(THREE_NINES) == timedelta(minutes=43.2)
    assert allowed(replace(THREE_NINES, window=timedelta(days=365.25 / 12))).seconds == 2629


def test_planned_maintenance_is_no_part_of_the_window() -> None:
    """What is not counted can neither fail nor make up for failures."""
    assert allowed(THREE_NINES, timedelta(days=3)) == timedelta(minutes=43.2) * 0.9


def test_the_windows_ring_at_the_shares_of_the_workbook() -> None:
    """2, 5, 10 and 10 percent of a budget of 30 days are gone when they first ring."""
    assert [round(spent_when_it_rings(burn), 6) for burn in BURNS] == [0.02, 0.05, 0.1, 0.1]


@given(target=st.floats(0.5, 0.9999), bad=st.floats(0, 1))
def test_what_is_left_and_what_burns_are_one(target: float, bad: float) -> None:
    """A burn rate of 1 for a whole window uses up exactly all of it."""
    one = replace(THREE_NINES, target=target)

    assert left(bad, one) == pytest.approx(1 - burn_rate(bad, one))
    assert burn_rate(budget(one), one) == pytest.approx(1)


def test_a_total_failure_always_rings() -> None:
    """A budget of a tenth cannot burn 14.4 times too fast."""
    assert ceiling(BURNS[0], replace(THREE_NINES, target=0.9)) == ALMOST_ALL
    assert ceiling(BURNS[0], THREE_NINES) == pytest.approx(0.0144)


def test_what_was_agreed_comes_in_its_order() -> None:
    """The strictest consequence is the last one that is read."""
    half, all_of_it = Consequence(spent=0.5, then="wait"), Consequence(spent=1, then="stop")

    assert consequences((all_of_it, half), 0.4) == ()
    assert consequences((all_of_it, half), 0.5) == (half,)
    assert consequences((all_of_it, half), 1.2) == (half, all_of_it)


@pytest.mark.parametrize(
    ("planned", "objective", "expected"),
    [
        pytest.param(WORK, THREE_NINES, True, id="all-and-all"),
        pytest.param(replace(WORK, namespace="a"), THREE_NINES, True, id="one-and-all"),
        pytest.param(WORK, replace(THREE_NINES, model="m"), True, id="all-and-one"),
        pytest.param(
            replace(WORK, namespace="a"), replace(THREE_NINES, namespace="a"), True, id="same"
        ),
        pytest.param(
            replace(WORK, namespace="a"), replace(THREE_NINES, namespace="b"), False, id="other"
        ),
        pytest.param(replace(WORK, model="m"), replace(THREE_NINES, model="n"), False, id="model"),
    ],
)
def test_maintenance_concerns_what_it_is_about(
    planned: Planned, objective: Objective, expected: bool
) -> None:
    """Work on one model excuses no other."""
    assert planned.concerns(objective) is expected


def test_an_objective_that_is_off_is_not_in_force() -> None:
    """It stays in the file with its reason."""
    off = replace(THREE_NINES, name="b", off="streamed")

    assert Objectives(objectives=(THREE_NINES, off)).in_force == (THREE_NINES,)


def test_time_and_requests_are_told_apart() -> None:
    """Minutes of downtime mean nothing for a share of requests."""
    assert {kind for kind in Kind if kind.of_time} == {Kind.AVAILABILITY, Kind.THROUGHPUT}
