"""The notification log: what was told about a group, and whether there is news.

Source: alertmanager nflog and notify.DedupStage.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

Place: TypeAlias = tuple[str, str]  # (groupKey, receiver/index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The last notification of a group to a receiver: which alerts fired and which were over."""

    at: datetime
    firing: frozenset[str]
    resolved: frozenset[str]


class Log:
    """What one member knows to have been told, by itself and by its peers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[Place, Entry] = {}

    def find(self, place: Place) -> Entry | None:
        """Return the last notification; None when there was none."""
        with self._lock:
            return self._entries.get(place)

    def put(self, place: Place, entry: Entry) -> None:
        """Keep an entry, own or gossiped; the later one wins."""
        with self._lock:
            known = self._entries.get(place)
            if known is None or known.at < entry.at:
                self._entries[place] = entry


def due(
    entry: Entry | None,
    *,
    firing: frozenset[str],
    resolved: frozenset[str],
    send_resolved: bool,
    repeat: timedelta,
    now: datetime,
) -> bool:
    """Tell whether a group has something to tell (DedupStage.needsUpdate)."""
    if entry is None:
        return bool(firing)
    if not firing <= entry.firing:
        return True
    if not firing:
        # What fired and went between two flushes was never told, so its end is no news either.
        return bool(entry.firing)
    if send_resolved and not resolved <= entry.resolved:
        return True
    return entry.at < now - repeat
