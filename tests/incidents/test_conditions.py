"""Conditions: three answers, and what each would take."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from incidents.conditions import Condition, How, holds, opposite, witness
from incidents.facts import Known, shown
from tests.incidents.knowing import knowing

numbers = st.floats(allow_nan=False, allow_infinity=False)
BOUNDS = [How.ABOVE, How.AT_LEAST, How.BELOW, How.AT_MOST]
wanted = st.one_of(
    st.builds(Condition, fact=st.just("x"), how=st.sampled_from(BOUNDS), value=numbers),
    st.builds(
        Condition,
        fact=st.just("x"),
        how=st.sampled_from([How.IS, How.IS_NOT]),
        value=st.one_of(
            st.lists(numbers, min_size=1, max_size=3).map(tuple),
            st.booleans(),
            st.text(max_size=5),
        ),
    ),
)


@given(wanted)
def test_a_witness_makes_it_hold(condition: Condition) -> None:
    """What the desk says would change a severity must really change it."""
    value = witness(condition).value
    # The largest number has no larger one.
    assume(not isinstance(value, float) or abs(value) < 1e300)

    assert holds(condition, {"x": Known(value=value, unit="", source="")}) is True


@given(wanted, numbers)
def test_a_condition_or_its_opposite_holds(condition: Condition, value: float) -> None:
    """An obstacle that is gone is the opposite that holds."""
    facts = {"x": Known(value=value, unit="", source="")}
    answers = {holds(condition, facts), holds(opposite(condition), facts)}

    assert answers == {True, False}
    assert opposite(opposite(condition)) == condition


@pytest.mark.parametrize("how", BOUNDS)
@pytest.mark.parametrize("value", [0.9, 1.0, 1.1])
def test_bounds_are_what_their_words_say(how: How, value: float) -> None:
    """Above is not at least: a bound that is met exactly decides who is called."""
    met = {
        How.ABOVE: value > 1,
        How.AT_LEAST: value >= 1,
        How.BELOW: value < 1,
        How.AT_MOST: value <= 1,
    }

    assert holds(Condition(fact="waiting", how=how, value=1), knowing(waiting=value)) is met[how]


@pytest.mark.parametrize("facts", [{}, knowing(waiting="many"), knowing(waiting=float("nan"))])
def test_what_is_not_known_neither_holds_nor_does_not(facts: dict[str, Known]) -> None:
    """A missing number is no zero."""
    assert holds(Condition(fact="waiting", how=How.AT_MOST, value=1), facts) is None


def test_a_condition_reads_as_a_sentence() -> None:
    """It stands on cards and pages."""
    assert str(Condition(fact="xid", how=How.IS, value=(79, 48))) == "xid is 79, 48"
    assert str(Condition(fact="serving", how=How.IS_NOT, value=True)) == "serving is not true"
    assert str(Condition(fact="failure_mode", how=How.IS, value="FailClose")) == (
        "failure_mode is FailClose"
    )


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        pytest.param(True, "", "true", id="truth"),
        pytest.param(False, "", "false", id="untruth"),
        pytest.param("FailOpen", "", "FailOpen", id="word"),
        pytest.param(0.12345, "ratio", "0.123", id="ratio"),
        pytest.param(7, "s", "7 s", id="unit"),
    ],
)
def test_a_value_is_shown_with_its_unit(value: float | str, unit: str, words: str) -> None:
    """A ratio speaks for itself; seconds do not."""
    assert shown(value, unit) == words
