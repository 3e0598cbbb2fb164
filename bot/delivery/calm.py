"""How long a message rests before it is edited only because something was counted."""

from datetime import datetime, timedelta

from incidents.journal import Calm, Item

SPACING = (5, 15, 30)
"""Seconds before the first such edit, the second, and every later one."""
FORGOTTEN = timedelta(minutes=1)
"""So long after its last rest was over a message begins with the shortest again."""


def calm(item: Item, now: datetime) -> Calm | None:
    """Return how long the message rests once it is sent at `now`, in real time.

    None for a message of which everything matters. An edit that matters is no reason to count
    faster: it brought the newest numbers along.
    """
    if item.gist is None:
        return None
    edits = _edits(item, now)
    seconds = SPACING[min(edits, len(SPACING) - 1)]
    return Calm(until=now + timedelta(seconds=seconds), edits=edits)


def _edits(item: Item, now: datetime) -> int:
    if item.calm is None or now >= item.calm.until + FORGOTTEN:
        return 0
    return item.calm.edits + (1 if item.counts_only else 0)
