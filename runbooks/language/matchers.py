"""Label matchers in Alertmanager's syntax, fully anchored as Alertmanager anchors them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

SYNTAX = r'([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"'
LONGEST = 512
"""Longer label values match no pattern: they come from outside and patterns may backtrack."""

_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}
_LITERAL = re.compile(r"(?:[A-Za-z0-9_ :/@-]|\\[.+*?()|\[\]{}^$/-])*")


class Operator(Enum):
    """How a label is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    FITS = "=~"
    FITS_NOT = "!~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One comparison; a label that is missing counts as empty."""

    label: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.operator.value}"{escaped}"'

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an alert with these labels matches."""
        return self.accepts(labels.get(self.label, ""))

    def accepts(self, value: str) -> bool:
        """Tell whether the label may have this value."""
        match self.operator:
            case Operator.EQUAL:
                return value == self.value
            case Operator.NOT_EQUAL:
                return value != self.value
            case Operator.FITS:
                return fits_whole(self.value, value)
            case Operator.FITS_NOT:
                return not fits_whole(self.value, value)

    def only(self) -> frozenset[str] | None:
        """Return the values that alone can match, None when they cannot be counted."""
        if self.operator is Operator.EQUAL:
            return frozenset({self.value})
        if self.operator is not Operator.FITS:
            return None
        words = self.value.split("|")
        if all(_LITERAL.fullmatch(word) for word in words):
            return frozenset(re.sub(r"\\(.)", r"\1", word) for word in words)
        return None


def parse(text: str) -> Matcher:
    """Return the matcher; raises ValueError when it is none or its pattern is none."""
    found = re.fullmatch(SYNTAX, text.strip())
    if not found:
        message = f'{text!r} is no matcher such as alertname="X" or severity=~"a|b"'
        raise ValueError(message)
    label, operator, quoted = found.groups()
    matcher = Matcher(label=label, operator=Operator(operator), value=_unescape(quoted))
    if matcher.operator in {Operator.FITS, Operator.FITS_NOT}:
        check_pattern(matcher.value)
    return matcher


def check_pattern(pattern: str) -> None:
    """Raise ValueError when the pattern is none, or could run for ever on hostile text."""
    try:
        re.compile(pattern)
    except re.error as error:
        message = f"{pattern!r} is no pattern: {error}"
        raise ValueError(message) from error
    # RE2 has no such patterns; Python's engine takes exponential time on (a+)+ and the like.
    if re.search(r"[*+}]\)*[*+{]", pattern) or re.search(r"\\[1-9]|\(\?", pattern):
        message = f"{pattern!r}: no repeated repetition, group option or back reference"
        raise ValueError(message)


def fits_whole(pattern: str, value: str) -> bool:
    """Tell whether the whole value fits; values longer than 512 characters never do."""
    return len(value) <= LONGEST and re.fullmatch(pattern, value) is not None


def _unescape(quoted: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group(0)), quoted)
