"""The size that is asked for, within what the runbook allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.actions import size
from incidents.errors import Rejected


@pytest.mark.parametrize(
    ("replicas", "current", "wanted"),
    [
        (6, 4, 6),
        pytest.param("6", 4, 6, id="from-yaml-text"),
        ("+2", 4, 6),
        ("+50%", 4, 6),
        ("+ 50 %", 4, 6),
        ("+50%", 1, 2),
        ("+10%", 4, 5),
        ("-1", 4, 3),
        ("-50%", 5, 2),
        ("-100%", 4, 1),
    ],
)
def test_a_size_is_read(replicas: object, current: int, wanted: int) -> None:
    """Percentages are rounded away from the current size, and one pod always stays."""
    assert size.wanted(size.read({"replicas": replicas}), current) == wanted


def test_a_relative_size_stops_at_its_bound() -> None:
    """Half more of 12 would be 18; the runbook says at most 16."""
    asked = size.read({"replicas": "+50%", "at_most": 16, "at_least": 2})

    assert size.wanted(asked, 12) == 16
    assert asked.parameters == (("replicas", "+50%"), ("at_most", "16"), ("at_least", "2"))


@pytest.mark.parametrize(
    ("parameters", "current", "reason"),
    [
        ({"replicas": 4}, 4, "nothing to change: there are 4 replicas"),
        ({"replicas": "+2", "at_most": 6}, 6, "nothing to change"),
        ({"replicas": "+2", "at_most": 6}, 9, "nothing to change"),
        ({"replicas": 20, "at_most": 16}, 4, "scale to 20: the runbook allows at least 1 and at"),
        ({"replicas": 0}, 4, "scale to 0: the runbook allows at least 1"),
        ({"replicas": "half"}, 4, "replicas must be a number"),
        ({"replicas": True}, 4, "replicas must be a number"),
        ({"replicas": 2.5}, 4, "replicas must be a number"),
        ({}, 4, "replicas must be a number"),
        ({"replicas": "+50%", "at_most": 0}, 4, "at_most must be a number of at least 1"),
        ({"replicas": "+50%", "at_most": "x"}, 4, "at_most must be a number of at least 1"),
        ({"replicas": 5, "at_most": 2, "at_least": 3}, 4, "at_least 3 is above at_most 2"),
        ({"replica": 5}, 4, "unknown parameter 'replica'"),
    ],
)
def test_what_must_not_be_done_is_refused_with_its_reason(
    parameters: dict[str, object], current: int, reason: str
) -> None:
    """The reason goes to a person."""
    with pytest.raises(Rejected, match=reason):
        size.wanted(size.read(parameters), current)


SIZES = st.one_of(
    st.integers(-5, 2000),
    st.builds(
        "{}{}{}".format, st.sampled_from("+-"), st.integers(0, 999), st.sampled_from(["", "%"])
    ),
)


@given(SIZES, st.none() | st.integers(1, 40), st.none() | st.integers(1, 10), st.integers(0, 60))
def test_no_size_leaves_the_guardrails(
    replicas: object, at_most: int | None, at_least: int | None, current: int
) -> None:
    """Whatever is asked: never zero, never beyond a bound, never against the direction asked."""
    parameters = {"replicas": replicas, "at_most": at_most, "at_least": at_least}
    try:
        wanted = size.wanted(size.read(parameters), current)
    except Rejected:
        return

    assert (at_least or 1) <= wanted
    assert at_most is None or wanted <= at_most
    assert wanted != current
    if str(replicas).startswith(("+", "-")):
        assert (wanted > current) == str(replicas).startswith("+")
