"""Label matchers: equal, not equal, and regular expressions anchored at both ends."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from drills.prometheus.errors import Unsupported

# Read differently by RE2 and by Python's re: look-around, atomic groups, comments, conditions,
# flags that only one of them has, possessive repeats, `{,n}`, POSIX and Unicode classes, back
# references, \Z, \Q and so on.
DIFFERENT = re.compile(
    r"\(\?(?:[=!>(#]|<|P[=>]|[a-zA-Z-]*[aLux])|[*+?}]\+|\{,|\[\[:|\\[0-9ZzQECpPkGKRXNuU]"
)


class Operation(Enum):
    """How a matcher compares."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition on one label; a label that is not there has the empty value."""

    name: str
    operation: Operation
    value: str

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Say whether the label set satisfies this condition."""
        found = labels.get(self.name, "")
        match self.operation:
            case Operation.EQUAL:
                return found == self.value
            case Operation.NOT_EQUAL:
                return found != self.value
            case Operation.LIKE:
                return pattern(self.value).fullmatch(found) is not None
            case Operation.UNLIKE:
                return pattern(self.value).fullmatch(found) is None


@lru_cache(maxsize=512)
def pattern(text: str) -> re.Pattern[str]:
    r"""Compile what RE2 and Python read alike; `.` matches a newline, as in Prometheus 3.

    Digits, words and spaces are ASCII as in RE2. Raises Unsupported for everything else.
    Source: prometheus.io/docs/prometheus/latest/querying/basics, "time series selectors".
    """
    # An escaped backslash escapes nothing after it; as long as before, so that places stay.
    if different := DIFFERENT.search(text.replace("\\\\", "__")):
        message = f"regular expression {text!r}: {different.group()!r} is outside the subset"
        raise Unsupported(message)
    try:
        return re.compile(text, re.ASCII | re.DOTALL)
    except re.error as error:
        message = f"regular expression {text!r}: {error}"
        raise Unsupported(message) from error
