"""A Prometheus that has recorded one objective, good all the time, for tests of budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cluster.rules.budget import BAD, BUDGET, EVENTS, PLANNED
from cluster.signals.answers import Row, Track
from cluster.signals.promql import Promql, selector
from incidents.budgets import SLOT

Labels = Mapping[str, str]
OF = {"objective": "chat-errors", "kind": "errors"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was counted of `chat-errors` at each of the places, by their labels.

    Planned work is recorded as it is: all the time that is asked for, at each of its places.
    """

    places: Sequence[Labels]
    planned: Sequence[Labels] = ()

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...]:
        """Return the share that may be bad; nobody recorded what is spent."""
        return (Row(labels=_pairs(OF), at=at, value=0.01),) if query == selector(BUDGET) else ()

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...]:
        """Return one event a second, none of them bad."""
        moments = [start + step * number for number in range((end - start) // step + 1)]
        name = next(name for name in (EVENTS, BAD, PLANNED) if selector(name, window=SLOT) in query)
        value = 0.0 if name == BAD else 1.0
        return tuple(
            Track(labels=_pairs({**OF, **one}), points=tuple((each, value) for each in moments))
            for one in (self.planned if name == PLANNED else self.places)
        )


def _pairs(labels: Labels) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
