"""Events to bytes and back: canonical JSON, read by the type hints of frozen dataclasses."""

import dataclasses
import json
import types
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import (
    Any,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)  # Any: values not yet typed

from incidents.errors import Rejected

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode(value: object) -> bytes:
    """Return canonical JSON: sorted keys, no spaces, moments as integers of microseconds.

    A lone surrogate in a text is written as its JSON escape, so that every text has bytes.
    """
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def plain(value: object) -> Any:  # the shape follows the value's
    """Return the value as JSON's own types."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, datetime):
        return micros(value)
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    return _plain_many(value)


def decode(kind: type[T], body: bytes) -> T:
    """Return the value that `body` encodes; raises Rejected when it is of another shape."""
    try:
        return _typed(kind, json.loads(body))  # type: ignore[no-any-return]  # follows the hint
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        message = f"{kind.__name__}: {error}"
        raise Rejected(message) from error


def micros(moment: datetime) -> int:
    """Return the moment as microseconds since 1970, UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """Return the moment of so many microseconds since 1970, UTC."""
    return EPOCH + timedelta(microseconds=value)


def _plain_many(value: object) -> Any:  # the shape follows the value's
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, frozenset)):
        items = [plain(item) for item in value]
        return sorted(items) if isinstance(value, frozenset) else items
    message = f"cannot encode {type(value).__name__}"
    raise TypeError(message)


@cache
def _hints(kind: type) -> dict[str, Any]:  # hints are whatever the class wrote
    return get_type_hints(kind)


def _typed(kind: Any, raw: Any) -> Any:  # both sides are only known at run time
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        return _optional(kind, raw)
    if origin is not None:
        return _collection(origin, get_args(kind), raw)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{name: _typed(hints[name], item) for name, item in _is(dict, raw).items()})
    return _scalar(kind, raw)


def _optional(kind: Any, raw: Any) -> Any:  # see _typed
    if raw is None:
        return None
    (inner,) = [part for part in get_args(kind) if part is not type(None)]
    return _typed(inner, raw)


def _collection(origin: Any, parts: tuple[Any, ...], raw: Any) -> Any:  # see _typed
    _is(dict if issubclass(origin, Mapping) else list, raw)
    if origin is tuple and len(parts) == 2 and parts[1] is Ellipsis:  # noqa: PLR2004  # X, ...
        return tuple(_typed(parts[0], item) for item in raw)
    if origin is tuple:
        return tuple(_typed(part, item) for part, item in zip(parts, raw, strict=True))
    if origin is frozenset:
        return frozenset(_typed(parts[0], item) for item in raw)
    return {key: _typed(parts[1], item) for key, item in raw.items()}


def _scalar(kind: Any, raw: Any) -> Any:  # see _typed
    if kind is datetime:
        return moment(_is(int, raw))
    if kind is timedelta:
        return timedelta(microseconds=_is(int, raw))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(raw)
    if kind is float and type(raw) is int:
        return float(raw)
    return _is(kind, raw)


def _is(kind: type[T], raw: object) -> T:
    """Return what has exactly this type; JSON's true is no number."""
    if type(raw) is not kind:
        message = f"{raw!r} is no {kind.__name__}"
        raise TypeError(message)
    return raw
