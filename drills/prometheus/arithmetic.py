"""Float arithmetic as Go does it: nothing raises, the answer may be NaN or infinite."""

import math
from collections.abc import Callable, Iterable
from typing import Final


def divide(left: float, right: float) -> float:
    """Divide; x/0 is an infinity and 0/0 is NaN."""
    if right:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def remainder(left: float, right: float) -> float:
    """Return the remainder with the sign of the left side, NaN where there is none."""
    try:
        return math.fmod(left, right)
    except ValueError:
        return math.nan


def power(left: float, right: float) -> float:
    """Raise to a power; too large is infinite, undefined is NaN."""
    try:
        return math.pow(left, right)
    except OverflowError:
        return -math.inf if left < 0 and right % 2 == 1 else math.inf
    except ValueError:
        return math.inf if left == 0 else math.nan


def total(values: Iterable[float]) -> float:
    """Add with Neumaier's compensation, as Prometheus does since 2.30 over time."""
    added, lost = 0.0, 0.0
    for value in values:
        longer = added + value
        if math.isinf(longer):
            lost = 0.0
        elif abs(added) >= abs(value):
            lost += (added - longer) + value
        else:
            lost += (value - longer) + added
        added = longer
    return added + lost


def mean(values: list[float]) -> float:
    """Return the mean; a sum that overflows is avoided, an infinity in the input is not."""
    added = total(values)
    if math.isinf(added) and not any(math.isinf(value) for value in values):
        return total(value / len(values) for value in values)
    return added / len(values)


def largest(values: Iterable[float]) -> float:
    """Return the largest; NaN loses against every number."""
    found = math.nan
    for value in values:
        if found < value or math.isnan(found):
            found = value
    return found


def smallest(values: Iterable[float]) -> float:
    """Return the smallest; NaN loses against every number."""
    found = math.nan
    for value in values:
        if found > value or math.isnan(found):
            found = value
    return found


def variance(values: list[float]) -> float:
    """Return the population variance by Welford's method; NaN when a value is not finite."""
    middle, squares = 0.0, 0.0
    for count, value in enumerate(values, start=1):
        if not math.isfinite(value):
            return math.nan
        step = value - middle
        middle += step / count
        squares += step * (value - middle)
    return squares / len(values)


def rounded(direction: Callable[[float], float], value: float) -> float:
    """Apply `math.floor` or `math.ceil`, which cannot take NaN or an infinity."""
    return float(direction(value)) if math.isfinite(value) else value


ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": divide,
    "%": remainder,
    "^": power,
}

COMPARISON: Final[dict[str, Callable[[float, float], bool]]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
}
