"""What is known of a condition: that it holds, that it does not, or neither. Pure.

The rules are Kleene's: what is not known stays open until something known decides without it.
"""

from collections.abc import Iterable

Known = bool | None
"""True and False are known; None is not."""


def every(conditions: Iterable[Known]) -> Known:
    """Return whether all of them hold; one that does not decides."""
    found = tuple(conditions)
    if False in found:
        return False
    return None if None in found else True


def some(conditions: Iterable[Known]) -> Known:
    """Return whether one of them holds; one that does decides."""
    return opposite(every(map(opposite, conditions)))


def opposite(condition: Known) -> Known:
    """Return whether it does not hold."""
    return None if condition is None else not condition
