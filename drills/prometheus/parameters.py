"""Reads the parameters of an API request, from the address and from a form body."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import parse_qs

from starlette.requests import Request

from drills.prometheus import language, notation
from drills.prometheus.errors import BadQuery
from drills.prometheus.matchers import Matcher
from drills.prometheus.store import DISTANT, milliseconds
from drills.prometheus.tree import Selector

FORM: Final = "application/x-www-form-urlencoded"
# Prometheus' own limit, enough for a week at one a minute.
MOST_POINTS: Final = 11_000
# Default --query.timeout.
TIMEOUT: Final = timedelta(minutes=2)

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of one request; the readers raise BadQuery."""

    values: Mapping[str, Sequence[str]]

    def text(self, name: str, default: str = "") -> str:
        """Return the first value."""
        return self.values.get(name, [default])[0]

    def moment(self, name: str, default: datetime | None = None) -> datetime:
        """Return a moment; without a default it must be there."""
        if name not in self.values and default is not None:
            return default
        return _named(name, lambda: notation.moment(self.text(name)))

    def duration(self, name: str, default: timedelta | None = None) -> timedelta:
        """Return a positive duration; without a default it must be there."""
        if name not in self.values and default is not None:
            return default
        found = _named(name, lambda: notation.duration(self.text(name)))
        if found <= timedelta():
            message = f'invalid parameter "{name}": zero or negative durations are not accepted'
            raise BadQuery(message)
        return found

    def span(self) -> tuple[datetime, datetime, timedelta]:
        """Return start, end and step of a range query."""
        start, end, step = self.moment("start"), self.moment("end"), self.duration("step")
        if end < start:
            message = 'invalid parameter "end": end timestamp must not be before start time'
            raise BadQuery(message)
        if (end - start) / step > MOST_POINTS:
            message = "exceeded maximum resolution of 11,000 points per timeseries"
            raise BadQuery(message)
        return start, end, step

    def borders(self) -> tuple[int, int]:
        """Return start and end of a look-up in milliseconds, each optional."""
        start = milliseconds(self.moment("start")) if "start" in self.values else -DISTANT
        end = milliseconds(self.moment("end")) if "end" in self.values else DISTANT
        return start, end

    def matchers(self) -> list[tuple[Matcher, ...]]:
        """Return the conditions of each `match[]`; a series fits when it fits one of them."""
        return [_selector(text) for text in self.values.get("match[]", [])]


async def read(request: Request, allowed: frozenset[str]) -> Parameters:
    """Read the request; the body comes before the address, as in Go's FormValue.

    Raises BadQuery for a parameter that is not among the allowed: ignoring it could change
    what the answer means.
    """
    values = parse_qs(request.url.query, keep_blank_values=True)
    if request.headers.get("content-type", "").partition(";")[0].strip() == FORM:
        body = (await request.body()).decode("utf-8", errors="replace")
        for name, found in parse_qs(body, keep_blank_values=True).items():
            values[name] = found + values.get(name, [])
    if unknown := values.keys() - allowed:
        message = f"parameter {', '.join(sorted(unknown))} is outside the declared subset"
        raise BadQuery(message)
    return Parameters(values=values)


def _selector(text: str) -> tuple[Matcher, ...]:
    node = language.read(text)
    if isinstance(node, Selector) and not node.offset:
        return node.matchers
    message = f'invalid parameter "match[]": {text!r} is not a series selector'
    raise BadQuery(message)


def _named(name: str, value: Callable[[], Read]) -> Read:
    try:
        return value()
    except BadQuery as error:
        message = f'invalid parameter "{name}": {error}'
        raise BadQuery(message) from error
