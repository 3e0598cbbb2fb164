"""Bytes to JSON: the guards in front of the parser."""

import json
import time

from hypothesis import given
from hypothesis import strategies as st

from alert_webhooks.body import nested_deeper, read_json

NESTED = st.recursive(
    st.text(alphabet='[]{}"\\a'),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='[]{}"\\'), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(value=NESTED, levels=st.integers(min_value=0, max_value=8))
def test_the_depth_is_that_of_the_value(value: object, levels: int) -> None:
    """Brackets and quotes inside of texts must neither count nor hide what is outside."""
    assert nested_deeper(json.dumps(value).encode(), levels) == (depth(value) > levels)


@given(levels=st.integers(min_value=0, max_value=70))
def test_the_bound_is_exact(levels: int) -> None:
    """One level more than allowed is refused, whatever the bound."""
    body = b"[" * levels + b"]" * levels

    assert [nested_deeper(body, levels), nested_deeper(body, levels - 1)] == [False, levels > 0]


def test_a_big_flat_body_is_measured_quickly() -> None:
    """The scan runs before every parse: it must not cost more than the parse does."""
    body = json.dumps([{"labels": {"a": "b", "c": 'd"['}}] * 60_000).encode()
    began = time.perf_counter()

    assert not nested_deeper(body, 32)
    assert time.perf_counter() - began < 2


def test_numbers_that_no_machine_has_do_not_hide_the_rest() -> None:
    """A field that nobody reads must not make a delivery unreadable."""
    read = read_json(b'{"a": ' + b"9" * 5000 + b', "b": 12}')

    assert read == {"a": float("inf"), "b": 12}


def depth(value: object) -> int:
    """Return how deep a value is nested."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0
