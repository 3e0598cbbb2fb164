"""The minute behind us: how many requests left in it, and for what there is still room."""

from collections import deque
from datetime import datetime, timedelta

from bot.delivery.urgency import NORMAL, URGENT
from incidents.journal import Item

MINUTE = timedelta(minutes=1)
# What a person may have to act upon never waits for room. Of the rest a little is kept back for
# whatever is more urgent, so that the minute is seldom full when that comes.
OF_NORMAL, OF_COUNTS, OF_QUIET = 0.9, 0.8, 0.75


class Minute:
    """At most about so many requests a minute; None for no bound.

    It begins empty in a new process: then two minutes' worth may leave in one.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._left = deque[datetime]()

    def leaves(self, now: datetime) -> None:
        """Note that a request leaves."""
        if self._most is not None:
            self._left.append(now)

    def has_room(self, item: Item, now: datetime) -> bool:
        """Return whether this may leave now; what is less urgent may not where this may not.

        Edits that only count are apart: they stand behind what is normal, before what is quiet.
        """
        share = _share(item)
        if self._most is None or share is None:
            return True
        while self._left and self._left[0] <= now - MINUTE:
            self._left.popleft()
        return len(self._left) < share * self._most


def _share(item: Item) -> float | None:
    """Return the part of the minute that may be used when this leaves; None: it always may."""
    if item.counts_only:
        return OF_COUNTS
    if item.priority <= URGENT:
        return None
    return OF_NORMAL if item.priority <= NORMAL else OF_QUIET
