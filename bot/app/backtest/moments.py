"""Moments: when the desk took up a delivery, by the clock that its events have.

The store stamps deliveries with its own real time. The desk's clock is the same in production, and
the world's in a rehearsal, which runs faster: an event that followed from a delivery knows both.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from incidents.journal import Delivery

MOST: Final = 500
"""So many deliveries the desk takes up together at most."""
APART: Final = timedelta(seconds=10)
"""Two moments that are less apart say nothing of how fast a clock runs."""


class Pair(NamedTuple):
    """One moment by the store's clock and by the desk's."""

    store: datetime
    desk: datetime


class Moments:
    """Tells moments page by page, in the order of arrival.

    `consumed` has those that events know. Between two of these time runs evenly; before the first
    and behind the last as between those that are known.
    """

    def __init__(self, consumed: Mapping[int, datetime]) -> None:
        self._consumed = consumed
        self._known: list[Pair] = []

    def learn(self, page: Sequence[Delivery]) -> None:
        """Take the next deliveries, beside the last two pairs of those before."""
        found = [
            Pair(one.done_at, self._consumed[one.inbox_id])
            for one in page
            if one.done_at is not None and one.inbox_id in self._consumed
        ]
        ends = [self._known[0], self._known[-1]] if self._known else []
        self._known = sorted({*ends, *found})

    def of(self, delivery: Delivery) -> datetime:
        """Return when it took effect; when it came, where it has not."""
        known = self._consumed.get(delivery.inbox_id)
        return known or self._desk(delivery.done_at or delivery.received_at)

    def _desk(self, store: datetime) -> datetime:
        if not self._known:
            return store
        place = bisect_left(self._known, (store,))
        if 0 < place < len(self._known):
            low, high = self._known[place - 1], self._known[place]
            return low.desk + _share(store - low.store, high.store - low.store) * (
                high.desk - low.desk
            )
        near = self._known[0] if place == 0 else self._known[-1]
        return near.desk + (store - near.store) * self._rate()

    def _rate(self) -> float:
        first, last = self._known[0], self._known[-1]
        if last.store - first.store < APART:
            return 1.0
        return _share(last.desk - first.desk, last.store - first.store)


def together(page: Sequence[Delivery]) -> Iterator[tuple[Delivery, ...]]:
    """Yield those together that the desk found together: they were there before the first was done.

    All of them are done.
    """
    batch = list[Delivery]()
    for one in page:
        first = batch[0].done_at if batch else None
        if first is not None and (one.received_at > first or len(batch) == MOST):
            yield tuple(batch)
            batch = []
        batch.append(one)
    if batch:
        yield tuple(batch)


def _share(part: timedelta, whole: timedelta) -> float:
    return part / whole if whole else 0.0
