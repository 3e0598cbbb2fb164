"""A loop's pause: until the journal grows, or for a turn of the clock."""

import threading

from incidents.ports import Journal


class Pause:
    """Waits at most `seconds` of real time for an event behind what a loop has followed.

    A loop that is woken waits `behind` real seconds more: whatever a person waits for goes first,
    and all the desk's threads share one interpreter.
    """

    def __init__(self, *, journal: Journal, seconds: float, behind: float = 0.0) -> None:
        self._journal = journal
        self._seconds = seconds
        self._behind = behind
        self._never = threading.Event()

    def wait(self, *, after: int | None) -> None:
        """Wait; raises Unavailable when the store is away. None has followed nothing yet."""
        grown = self._journal.wait(after=after or 0, timeout=self._seconds)
        if grown and self._behind:
            self._never.wait(self._behind)

    def turn(self) -> None:
        """Wait for a turn of the clock, whatever happens meanwhile."""
        self._never.wait(self._seconds)
