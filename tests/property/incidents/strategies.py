"""Strategies from type hints: every value that a frozen dataclass can hold."""

import dataclasses
import types
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints  # Any: a hint is any object

from hypothesis import strategies as st

from incidents.codec import moment

MOST = 250_000_000_000_000_000
"""A moment in the year 9892, in microseconds."""

texts = st.text(
    st.characters() | st.sampled_from(["\0", "\ud800", "\udfff", "|", "\n"]), max_size=8
)
_SCALARS = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.integers(min_value=0, max_value=MOST).map(moment),
    timedelta: st.integers(min_value=0, max_value=MOST).map(
        lambda micros: timedelta(microseconds=micros)
    ),
}


@cache
def of(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for a dataclass, a scalar, an enum, a tuple or an optional of these."""
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        return st.one_of(*(of(part) for part in get_args(hint)))
    if hint is type(None):
        return st.none()
    if origin is tuple:
        return _tuples(get_args(hint))
    if dataclasses.is_dataclass(hint):
        fields = {name: of(kind) for name, kind in get_type_hints(hint).items()}
        return st.builds(hint, **fields)
    return st.sampled_from(hint) if issubclass(hint, Enum) else _SCALARS[hint]


def _tuples(parts: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if parts[-1] is Ellipsis:
        return st.lists(of(parts[0]), max_size=2).map(tuple)
    return st.tuples(*(of(part) for part in parts))


def one_of(kinds: Any, **choices: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for the dataclasses of a union; `choices` give fields by their names."""
    return st.one_of(*(_chosen(kind, choices) for kind in get_args(kinds)))


def _chosen(kind: Any, choices: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind).items()
    return st.builds(
        kind, **{name: choices[name] if name in choices else of(hint) for name, hint in hints}
    )
