"""Facts: which numbers one can be."""

from math import inf, nan

import pytest

from incidents.facts import FACTS, Kind, Value, outside


@pytest.mark.parametrize(
    ("name", "value", "is_outside"),
    [
        pytest.param("error_ratio", -1, True, id="less-than-none"),
        pytest.param("error_ratio", -inf, True, id="without-an-end"),
        pytest.param("error_ratio", 0, False, id="none"),
        pytest.param("error_ratio", 1.2, False, id="counted-in-two-places"),
        pytest.param("affected_share", 1.2, True, id="more-than-all"),
        pytest.param("error_ratio", nan, False, id="no-number"),
        pytest.param("traffic_gone", True, False, id="truth"),
        pytest.param("failure_mode", "FailOpen", False, id="word"),
    ],
)
def test_a_number_may_be_one_that_the_fact_cannot_be(
    name: str, value: Value, *, is_outside: bool
) -> None:
    """An error ratio below zero would call an outage calm."""
    assert outside(FACTS[name], value) is is_outside


@pytest.mark.parametrize("name", [name for name, one in FACTS.items() if one.kind is Kind.NUMBER])
def test_no_number_is_below_zero(name: str) -> None:
    """All of them are counted or measured; one that may be negative is a decision to take."""
    assert outside(FACTS[name], -0.001)
    assert not outside(FACTS[name], 1)
