"""Three-valued: what is not known stays open until something known decides without it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.verdicts.known import every, opposite, some

CONDITIONS = st.lists(st.sampled_from([True, False, None]))


@pytest.mark.parametrize(
    ("conditions", "all_of_them", "one_of_them"),
    [
        pytest.param((), True, False, id="nothing-asked"),
        pytest.param((True, None), None, True, id="one-holds"),
        pytest.param((False, None), False, None, id="one-does-not"),
        pytest.param((True, False), False, True, id="both-known"),
        pytest.param((None,), None, None, id="nobody-knows"),
    ],
)
def test_what_is_known_decides_where_it_can(conditions, all_of_them, one_of_them):
    """No data is neither yes nor no."""
    assert (every(conditions), some(conditions)) == (all_of_them, one_of_them)


@given(CONDITIONS, st.data())
def test_learning_more_never_contradicts_what_was_said(conditions, data):
    """A verdict that more data would turn around was a guess."""
    learned = [data.draw(st.booleans()) if one is None else one for one in conditions]

    for judged in (every, some):
        assert judged(conditions) in {None, judged(learned)}


@given(CONDITIONS)
def test_not_all_is_some_that_are_not(conditions):
    """The two are one rule, read from both sides."""
    assert opposite(every(conditions)) is some(map(opposite, conditions))
