"""Conditions on facts: they hold, they do not, or nobody can tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf, nextafter

from incidents.facts import Facts, Known, Value, known, shown

Wanted = Value | tuple[Value, ...]


class How(Enum):
    """How a fact is compared; the words are those of a policy file."""

    ABOVE = "above"
    AT_LEAST = "at_least"
    BELOW = "below"
    AT_MOST = "at_most"
    IS = "is"
    IS_NOT = "is_not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A fact compared with a value; `is` and `is_not` also take several values."""

    fact: str
    how: How
    value: Wanted

    def __str__(self) -> str:
        several = self.value if isinstance(self.value, tuple) else (self.value,)
        wanted = ", ".join(shown(one) for one in several)
        return f"{self.fact} {self.how.value.replace('_', ' ')} {wanted}"


def above(fact: str, value: float) -> Condition:
    """Return the condition that the fact is more than the value."""
    return Condition(fact=fact, how=How.ABOVE, value=value)


def at_least(fact: str, value: float) -> Condition:
    """Return the condition that the fact is the value or more."""
    return Condition(fact=fact, how=How.AT_LEAST, value=value)


def below(fact: str, value: float) -> Condition:
    """Return the condition that the fact is less than the value."""
    return Condition(fact=fact, how=How.BELOW, value=value)


def at_most(fact: str, value: float) -> Condition:
    """Return the condition that the fact is the value or less."""
    return Condition(fact=fact, how=How.AT_MOST, value=value)


def equals(fact: str, *values: Value) -> Condition:
    """Return the condition that the fact is one of the values."""
    return Condition(fact=fact, how=How.IS, value=values)


def holds(condition: Condition, facts: Facts) -> bool | None:
    """Return whether it holds; None where the fact is not known, or of another kind."""
    found = known(facts, condition.fact)
    if found is None:
        return None
    if condition.how in {How.IS, How.IS_NOT}:
        return (found.value in _several(condition)) is (condition.how is How.IS)
    return _compared(condition.how, found.value, condition.value)


def opposite(condition: Condition) -> Condition:
    """Return the condition that holds where this one does not."""
    return Condition(fact=condition.fact, how=_OPPOSITE[condition.how], value=condition.value)


def witness(condition: Condition) -> Known:
    """Return a value for which the condition holds: what it would take."""
    return Known(value=_witness(condition), unit="", source="supposed")


def _several(condition: Condition) -> tuple[Value, ...]:
    return condition.value if isinstance(condition.value, tuple) else (condition.value,)


def _compared(how: How, value: Value, bound: Wanted) -> bool | None:
    if not isinstance(value, (int, float)) or not isinstance(bound, (int, float)):
        return None
    match how:
        case How.ABOVE:
            return value > bound
        case How.AT_LEAST:
            return value >= bound
        case How.BELOW:
            return value < bound
        case _:
            return value <= bound


def _witness(condition: Condition) -> Value:
    several = _several(condition)
    first = several[0]
    if condition.how is How.IS_NOT:
        return _another(several)
    if condition.how is How.ABOVE and isinstance(first, (int, float)):
        return nextafter(first, inf)
    if condition.how is How.BELOW and isinstance(first, (int, float)):
        return nextafter(first, -inf)
    return first


def _another(several: tuple[Value, ...]) -> Value:
    """Return a value of the same kind that is none of them."""
    first = several[0]
    if isinstance(first, bool):
        return not first
    if isinstance(first, str):
        return f"not {first}"
    return nextafter(max(one for one in several if isinstance(one, (int, float))), inf)


_OPPOSITE: Mapping[How, How] = {
    How.ABOVE: How.AT_MOST,
    How.AT_MOST: How.ABOVE,
    How.BELOW: How.AT_LEAST,
    How.AT_LEAST: How.BELOW,
    How.IS: How.IS_NOT,
    How.IS_NOT: How.IS,
}
