"""The size that a scale step asks for, and the guardrails of its runbook. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final

from incidents.errors import Rejected

_CHANGE: Final = re.compile(r"(?P<sign>[+-])(?P<number>[0-9]{1,6})(?P<percent>%?)", re.ASCII)
_ABSOLUTE: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
KNOWN: Final = ("replicas", "at_most", "at_least")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What is asked: `replicas` is "6", "+2", "-1" or "+50%"; bounds are pods.

    A relative size stops at a bound; an absolute one beyond a bound is refused, because a person
    wrote both and one of them is wrong. Nothing ever goes to zero: an autoscaler would be switched
    off by it, and the model would be gone.
    """

    replicas: str
    at_most: int | None = None
    at_least: int = 1

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Return the parameters as a plan holds them."""
        most = (("at_most", str(self.at_most)),) if self.at_most is not None else ()
        return (("replicas", self.replicas), *most, ("at_least", str(self.at_least)))


def read(parameters: Mapping[str, object]) -> Size:
    """Return the size; raises Rejected for unknown names and for what is no size."""
    if unknown := sorted(parameters.keys() - set(KNOWN)):
        message = f"scale: unknown parameter {unknown[0]!r}; there are: {', '.join(KNOWN)}"
        raise Rejected(message)
    replicas = _written(parameters.get("replicas"))
    if not (_CHANGE.fullmatch(replicas) or _ABSOLUTE.fullmatch(replicas)):
        message = f'scale: replicas must be a number, "+2" or "+50%", not {replicas!r}'
        raise Rejected(message)
    at_most, at_least = _bound(parameters, "at_most"), _bound(parameters, "at_least") or 1
    if at_most is not None and at_least > at_most:
        message = f"scale: at_least {at_least} is above at_most {at_most}"
        raise Rejected(message)
    return Size(replicas=replicas, at_most=at_most, at_least=at_least)


def wanted(size: Size, current: int) -> int:
    """Return the number of pods; raises Rejected when nothing would change or a bound forbids it.

    Percentages are rounded away from the current size, so that "+50%" of one pod is one more.
    """
    change = _CHANGE.fullmatch(size.replicas)
    asked = _changed(change, current) if change else int(size.replicas)
    bounded = max(asked, size.at_least)
    if size.at_most is not None:
        bounded = min(bounded, size.at_most)
    if bounded != asked and not change:
        message = f"scale to {asked}: the runbook allows {_range(size)}"
        raise Rejected(message)
    # A bound never turns the direction that was asked for.
    if (bounded - current) * (asked - current) <= 0:
        message = f"nothing to change: there are {current} replicas, allowed are {_range(size)}"
        raise Rejected(message)
    return bounded


def _changed(change: re.Match[str], current: int) -> int:
    number = Fraction(change["number"])
    pods = number * current / 100 if change["percent"] else number
    return current + ceil(pods) if change["sign"] == "+" else floor(current - pods)


def _range(size: Size) -> str:
    most = f" and at most {size.at_most}" if size.at_most is not None else ""
    return f"at least {size.at_least}{most}"


def _written(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return str(value)
    return str(value).replace(" ", "")


def _bound(parameters: Mapping[str, object], name: str) -> int | None:
    if parameters.get(name) is None:
        return None
    written = _written(parameters[name])
    if not _ABSOLUTE.fullmatch(written) or int(written) < 1:
        message = f"scale: {name} must be a number of at least 1, not {written!r}"
        raise Rejected(message)
    return int(written)
