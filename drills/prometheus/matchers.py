"""Label matchers: equal, not equal, and regular expressions anchored at both ends."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from drills.prometheus.errors import Unsupported

# Read differently by RE2 and by Python's re: look-around, atomic groups, comments, conditions,
# flags that only one of them has, possessive repeats, `{,n}`, `{01}`, POSIX and Unicode classes,
# back references, \Z, \Q and so on.
DIFFERENT = re.compile(
    r"\(\?(?:[=!>(#]|<|P[=>]|[a-zA-Z-]*[aLux])|[*+?}]\+|\{,|\{(?:[0-9]+,)?0[0-9]|\[\[:"
    r"|\\[0-9ZzQECpPkGKRXNuU]"
)
# RE2 folds every letter, Python under re.ASCII only ours: É and é differ there.
FOLDED = re.compile(r"\(\?[a-zA-Z]*i")
FOREIGN = re.compile(r"[^\x00-\x7f]|\\x[89a-fA-F]")
# An escape, a class, an end of a group, a counted repeat, or one other character.
PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{([0-9]+)(?:,([0-9]*))?\}|.", re.DOTALL)
MOST_REPEATS, DIGITS = 1000, 5
"""Of repeats within each other, multiplied; with so many digits a number is beyond it already.

Source: repeatIsValid in src/regexp/syntax/parse.go of Go, which Prometheus uses.
"""


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
    if refused := _outside(text):
        message = f"regular expression {text!r}: {refused} is outside the subset"
        raise Unsupported(message)
    try:
        return re.compile(text, re.ASCII | re.DOTALL)
    except re.error as error:
        message = f"regular expression {text!r}: {error}"
        raise Unsupported(message) from error


def _outside(text: str) -> str:
    """Return what the two read differently, or one of them not at all; empty where nothing is."""
    # An escaped backslash escapes nothing after it; as long as before, so that places stay.
    plain = text.replace("\\\\", "__")
    if different := DIFFERENT.search(plain):
        return repr(different.group())
    if FOLDED.search(plain) and (foreign := FOREIGN.search(plain)):
        return f"{foreign.group()!r} under (?i)"
    return f"more than {MOST_REPEATS} repeats" if _repeats(plain) > MOST_REPEATS else ""


def _repeats(text: str) -> int:
    """Return how often counted repeats repeat something at most: `(a{2}b){3,}` repeats a 6 times.

    For an expression in which backslashes escape only what follows them.
    """
    outer, worst, last = list[int](), 1, 1
    for part in PART.finditer(text):
        if part.group() == "(":
            outer.append(worst)
            worst = 1
        elif part.group() == ")" and outer:
            last = worst
            worst = max(worst, outer.pop())
        elif part[1]:
            last *= max(1, int((part[2] or part[1])[:DIGITS]))
            worst = max(worst, last)
        elif part.group() not in {"*", "+", "?"}:
            last = 1
    return worst
