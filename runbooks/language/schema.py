"""The published JSON Schema of a runbook, made from the shapes that the loader reads by."""

from collections.abc import Mapping
from typing import Any, assert_never  # Any: JSON Schema is nested without end

from runbooks.language import duration, values
from runbooks.language.conform import FOUND, REFERENCE
from runbooks.language.shapes import (
    Atom,
    Choice,
    Duration,
    Field,
    Integer,
    ListOf,
    MapOf,
    Number,
    Percent,
    Record,
    Shape,
    Tagged,
    Text,
    Variants,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Json = dict[str, Any]  # see the import


def published(shape: Record | Variants) -> Json:
    """Return the whole schema document for a shape (draft 2020-12).

    What one document cannot say about itself (an unknown verdict in `when`, an unreachable step,
    a tie with another runbook, the bounds of percentages and durations, a check that finds no pod,
    a window without what is expected) only the loader refuses.
    """
    return {"$schema": DIALECT, "title": "triaged runbook", **schema(shape)}


def schema(shape: Shape) -> Json:
    """Return the schema of one shape."""
    match shape:
        case Text() | Choice() | Integer() | Number() | Percent() | Duration():
            return _atom(shape)
        case ListOf():
            return {"type": "array", "items": schema(shape.item), "minItems": shape.fewest}
        case MapOf():
            keys = {"pattern": _whole(shape.key)}
            item = schema(shape.item)
            return {"type": "object", "propertyNames": keys, "additionalProperties": item}
        case Record():
            return _record(shape)
        case Tagged():
            return _tagged(shape)
        case Variants():
            return {"oneOf": [_record(record) for record in shape.records.values()]}
        case _:
            assert_never(shape)


def _atom(shape: Atom) -> Json:
    match shape:
        case Text():
            pattern = _whole(shape.pattern) if shape.pattern else r"\S"
            return {"type": "string", "pattern": pattern, "maxLength": shape.longest}
        case Choice():
            return {"enum": list(shape.choices)}
        case Integer():
            return {"type": "integer", **_bounds(shape.minimum, shape.maximum)}
        case Number():
            return {"type": "number", **_bounds(shape.minimum, shape.maximum)}
        case Percent():
            return {"type": "string", "pattern": _whole(values.PERCENT)}
        case Duration():
            return {"type": "string", "minLength": 1, "pattern": _whole(duration.PATTERN)}
        case _:
            assert_never(shape)


def _record(shape: Record) -> Json:
    written: Json = {
        "type": "object",
        "properties": {name: _field(known) for name, known in shape.fields.items()},
        "required": [name for name, known in shape.fields.items() if known.required],
        "additionalProperties": False,
    }
    if shape.one_of:
        written["anyOf"] = [{"required": [name]} for name in shape.one_of]
    return written


def _field(known: Field) -> Json:
    written = schema(known.shape)
    if known.by_reference:
        named = f"{REFERENCE}|{FOUND}"
        written = {"anyOf": [written, {"type": "string", "pattern": _whole(named)}]}
    return {"description": known.meaning, **written}


def _tagged(shape: Tagged) -> Json:
    def branch(word: str, record: Record) -> Json:
        return {
            "if": {"properties": {shape.key: {"const": word}}, "required": [shape.key]},
            "then": _record(record),
        }

    return {
        "type": "object",
        "properties": {shape.key: {"enum": list(shape.records)}},
        "required": [shape.key],
        "allOf": [branch(word, record) for word, record in shape.records.items()],
    }


def _bounds(minimum: float | None, maximum: float | None) -> Mapping[str, float]:
    bounds = {"minimum": minimum, "maximum": maximum}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"
