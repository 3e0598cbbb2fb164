"""Bytes to JSON: the guards in front of the parser."""

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

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


def test_a_big_body_takes_no_more_steps_than_a_small_one() -> None:
    """The scan runs before every parse: in Python, byte by byte, it would cost more than that."""
    small, big = (
        json.dumps([{"labels": {"a": "b", "c": 'd"['}}] * many).encode() for many in (60, 60_000)
    )

    assert [nested_deeper(small, 32), nested_deeper(big, 32)] == [False, False]
    assert lines_run(lambda: nested_deeper(big, 32)) == lines_run(lambda: nested_deeper(small, 32))


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


def lines_run(act: Callable[[], object]) -> int:
    """Return how many lines of Python an act runs; what C does in one of them counts once."""
    count, before = 0, sys.gettrace()

    def trace(_frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count
