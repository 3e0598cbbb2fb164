"""A loop's pause: until the journal grows, or for a turn of the clock."""

from incidents.ports import Journal


class Pause:
    """Waits at most `seconds` of real time; what was appended since the last wait ends it."""

    def __init__(self, *, journal: Journal, seconds: float) -> None:
        self._journal = journal
        self._seconds = seconds
        self._seen = 0

    def wait(self) -> None:
        """Wait; raises Unavailable when the store is away."""
        self._journal.wait(after=self._seen, timeout=self._seconds)
        self._seen = self._journal.head().position
