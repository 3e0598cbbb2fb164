"""Values of one scalar: read by their shape, and written as text again."""

import re
from datetime import timedelta
from math import isfinite
from typing import assert_never

from runbooks.language import duration
from runbooks.language.document import Plain
from runbooks.language.shapes import (
    Atom,
    Choice,
    Duration,
    Integer,
    Number,
    Percent,
    Text,
    Value,
)

PERCENT = r"[0-9]{1,6}(?:\.[0-9]{1,6})?%"


def read(shape: Atom, plain: Plain) -> Value:
    """Return the value; raises ValueError saying what was expected and what stands there."""
    match shape:
        case Text():
            return _text(shape, plain)
        case Choice():
            return _choice(shape, plain)
        case Integer():
            return _integer(shape, plain)
        case Number():
            return _number(shape, plain)
        case Percent():
            return _percent(shape, plain)
        case Duration():
            return _duration(shape, plain)
        case _:
            assert_never(shape)


def from_text(shape: Atom, text: str) -> Value:
    """Return the value that `to_text` wrote, or that a person typed; raises ValueError."""
    return read(shape, _number_of(shape, text))


def to_text(shape: Atom, value: Value) -> str:
    """Return the value as a person would write it."""
    if isinstance(value, timedelta):
        return duration.write(value)
    if isinstance(shape, Percent):
        return f"{value:g}%" if isinstance(value, (int, float)) else str(value)
    return str(value)


def _number_of(shape: Atom, text: str) -> Plain:
    """Return the number where one is expected; what is none stays for the error to name."""
    if isinstance(shape, Integer) and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    if isinstance(shape, Number) and re.fullmatch(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?", text):
        return float(text)
    return text


def _text(shape: Text, plain: Plain) -> str:
    if not isinstance(plain, str) or not plain.strip():
        raise ValueError(_expected("text", plain))
    if len(plain) > shape.longest:
        message = f"longer than {shape.longest} characters"
        raise ValueError(message)
    if shape.pattern is not None and not re.fullmatch(shape.pattern, plain):
        raise ValueError(_expected(f"text such as {shape.example}", plain))
    return plain


def _choice(shape: Choice, plain: Plain) -> str:
    if not isinstance(plain, str) or plain not in shape.choices:
        raise ValueError(_expected(f"one of {', '.join(shape.choices)}", plain))
    return plain


def _integer(shape: Integer, plain: Plain) -> int:
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise ValueError(_expected("a whole number", plain))  # noqa: TRY004  # read from text
    _within(plain, shape.minimum, shape.maximum)
    return plain


def _number(shape: Number, plain: Plain) -> float:
    if isinstance(plain, bool) or not isinstance(plain, (int, float)) or not isfinite(plain):
        raise ValueError(_expected("a number", plain))
    _within(float(plain), shape.minimum, shape.maximum)
    return float(plain)


def _percent(shape: Percent, plain: Plain) -> float:
    if not isinstance(plain, str) or not re.fullmatch(PERCENT, plain):
        raise ValueError(_expected("a percentage such as 50%", plain))
    number = float(plain[:-1])
    _within(number, shape.minimum, shape.maximum)
    return number


def _duration(shape: Duration, plain: Plain) -> timedelta:
    if not isinstance(plain, str):
        raise ValueError(_expected("a duration such as 10m", plain))  # noqa: TRY004  # read from text
    length = duration.parse(plain)
    if shape.minimum is not None and length < shape.minimum:
        message = f"{plain} is shorter than {duration.write(shape.minimum)}"
        raise ValueError(message)
    if shape.maximum is not None and length > shape.maximum:
        message = f"{plain} is longer than {duration.write(shape.maximum)}"
        raise ValueError(message)
    return length


def _within(number: float, minimum: float | None, maximum: float | None) -> None:
    if minimum is not None and number < minimum:
        message = f"{number:g} is less than {minimum:g}"
        raise ValueError(message)
    if maximum is not None and number > maximum:
        message = f"{number:g} is more than {maximum:g}"
        raise ValueError(message)


def _expected(what: str, plain: Plain) -> str:
    found = "nothing" if plain is None else repr(plain)
    return f"expected {what}, found {found}"
