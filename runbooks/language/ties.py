"""Whether two runbooks could be equally right for one alert."""

import re

from runbooks.language.matchers import Matcher
from runbooks.language.model import Match

_SPECIAL = re.compile(r"(?:[^\\]|\\.)*?((?:[A-Za-z0-9_ :/@%,;=&-]|\\[^A-Za-z0-9])*)")


def tied(one: Match, priority: int, other: Match, other_priority: int) -> bool:
    """Tell whether some alert may match both with nothing to decide between them.

    Where that cannot be excluded the answer is yes: a needless priority costs less than the
    wrong runbook.
    """
    if priority != other_priority or len(one.labels) != len(other.labels):
        return False
    return _by_labels(one, other) or _by_address(one, other)


def _by_labels(one: Match, other: Match) -> bool:
    if not one.labels:
        return False
    return not any(_apart(a, b) for a in one.labels for b in other.labels)


def _apart(one: Matcher, other: Matcher) -> bool:
    if one.label != other.label:
        return False
    ones, others = one.only(), other.only()
    if ones is not None:
        return not any(other.accepts(value) for value in ones)
    return others is not None and not any(one.accepts(value) for value in others)


def _by_address(one: Match, other: Match) -> bool:
    return any(_meet(a, b) for a in one.addresses for b in other.addresses)


def _meet(one: str, other: str) -> bool:
    """Tell whether one address may fit both; two different endings exclude it."""
    if one == other:
        return True
    ending, another = _ending(one), _ending(other)
    return ending.endswith(another) or another.endswith(ending)


def _ending(pattern: str) -> str:
    """Return the literal text with which everything that fits ends."""
    if re.search(r"(?<!\\)[|]", pattern):
        return ""
    found = re.fullmatch(_SPECIAL, pattern)
    return re.sub(r"\\(.)", r"\1", found.group(1)) if found else ""
