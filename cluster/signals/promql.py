"""Builds PromQL from values, so that no text from outside ever becomes a query."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final, NewType

Promql = NewType("Promql", str)
"""A query that was built here; the clients take nothing else."""

_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_METRIC: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
# RE2 treats these as operators; Python's re.escape also escapes what RE2 refuses to see escaped.
_OPERATORS: Final = frozenset(r"\.+*?()|[]{}^$")
# Prometheus' lexer takes this character for broken UTF-8 unless it is escaped.
REPLACEMENT: Final = "\ufffd"
_SHORT: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Match(Enum):
    """How a label is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One label matcher; a `LIKE` value is an RE2 expression, anchored by Prometheus."""

    label: str
    how: Match = Match.EQUAL
    value: str

    def __post_init__(self) -> None:
        if not _LABEL.fullmatch(self.label):
            message = f"not a label name: {self.label!r}"
            raise ValueError(message)

    def __str__(self) -> str:
        return f"{self.label}{self.how.value}{quoted(self.value)}"


def quoted(text: str) -> str:
    r"""Write a Go string literal: control characters and what UTF-8 cannot hold are escaped.

    A lone surrogate becomes U+FFFD: no Prometheus label can hold one.
    """
    return '"' + "".join(_character(each) for each in text) + '"'


def literal(text: str) -> str:
    """Write text as an RE2 expression that matches exactly this text."""
    return "".join(f"\\{each}" if each in _OPERATORS else each for each in text)


def one_of(label: str, values: Sequence[str]) -> Matcher:
    """Match any of the values exactly; raises ValueError for none, which would match no label."""
    if not values:
        message = f"no value for {label}"
        raise ValueError(message)
    return Matcher(label=label, how=Match.LIKE, value="|".join(literal(each) for each in values))


def selector(
    metric: str,
    matchers: Sequence[Matcher] = (),
    *,
    window: timedelta | None = None,
    offset: timedelta | None = None,
) -> Promql:
    """Write `metric{…}[window] offset …`; raises ValueError for what is no metric name."""
    if not _METRIC.fullmatch(metric):
        message = f"not a metric name: {metric!r}"
        raise ValueError(message)
    ranged = f"[{seconds(window)}]" if window else ""
    moved = f" offset {seconds(offset)}" if offset else ""
    return Promql(f"{metric}{{{','.join(map(str, matchers))}}}{ranged}{moved}")


def named(metrics: Sequence[str], matchers: Sequence[Matcher] = ()) -> Promql:
    """Write a selector of several metrics, `{__name__=~"a|b",…}`; never to be put into rate()."""
    return Promql("{" + ",".join(map(str, (one_of("__name__", metrics), *matchers))) + "}")


def call(function: str, *arguments: str) -> Promql:
    """Write a function call."""
    return Promql(f"{function}({', '.join(arguments)})")


def aggregate(operator: str, body: Promql, *, by: Sequence[str] = ()) -> Promql:
    """Write `operator by (…) (body)`."""
    kept = f" by ({', '.join(by)}) " if by else " "
    return Promql(f"{operator}{kept}({body})")


def either(first: Promql, *others: Promql) -> Promql:
    """Join expressions with `or`: what an earlier one has, a later one does not add."""
    return Promql(" or ".join((first, *others)))


def divide(above: Promql, below: Promql) -> Promql:
    """Write a quotient."""
    return Promql(f"({above}) / ({below})")


def add(first: Promql, second: Promql) -> Promql:
    """Write a sum."""
    return Promql(f"({first}) + ({second})")


def subtract(first: Promql, second: Promql) -> Promql:
    """Write a difference."""
    return Promql(f"({first}) - ({second})")


def relabelled(body: Promql, *, target: str, source: str) -> Promql:
    """Copy a label that is not empty into another one; both names come from the catalogue."""
    texts = (target, "$1", source, "(.+)")
    return call("label_replace", body, *(quoted(each) for each in texts))


def total(terms: Sequence[Promql]) -> Promql:
    """Write a sum of at least one term."""
    first, *others = terms
    for each in others:
        first = add(first, each)
    return first


def matched(
    first: Promql, operator: str, second: Promql, *, on: Sequence[str], take: Sequence[str] = ()
) -> Promql:
    """Write `(first) operator on (…) group_left (…) (second)`, without group_left for no label."""
    taken = f" group_left ({', '.join(take)})" if take else ""
    return Promql(f"({first}) {operator} on ({', '.join(on)}){taken} ({second})")


def product(first: Promql, second: Promql) -> Promql:
    """Write a product."""
    return Promql(f"({first}) * ({second})")


def holds(body: Promql, comparison: str) -> Promql:
    """Write a comparison with zero that answers 1 or 0, such as `== bool 0`."""
    return Promql(f"({body}) {comparison} bool 0")


def nonzero(body: Promql) -> Promql:
    """Keep what is not zero."""
    return Promql(f"(({body}) != 0)")


def zero(body: Promql) -> Promql:
    """Keep what is zero."""
    return Promql(f"(({body}) == 0)")


def same(first: Promql, second: Promql) -> Promql:
    """Keep of the first what the second says too."""
    return Promql(f"(({first}) == ({second}))")


def both(first: Promql, second: Promql) -> Promql:
    """Keep of the first what has the same labels in the second."""
    return Promql(f"({first} and {second})")


def number(value: float) -> Promql:
    """Write a number."""
    return Promql(repr(value))


def or_zero(body: Promql) -> Promql:
    """Read absence as zero; only for counters that are born with their first event."""
    return Promql(f"({body}) or vector(0)")


def seconds(length: timedelta) -> str:
    """Write a duration in whole seconds."""
    return f"{int(length.total_seconds())}s"


def _character(each: str) -> str:
    if short := _SHORT.get(each):
        return short
    if "\ud800" <= each <= "\udfff" or each == REPLACEMENT:
        return _escaped(ord(REPLACEMENT))
    return each if each.isprintable() else _escaped(ord(each))


def _escaped(code: int) -> str:
    # \u and not \x: in a Go string \x80 is a byte and not a character.
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  the limit of \u
