"""A pause that ends early when the process stops or somebody rings."""

from threading import Event


class Pause:
    """Waits at most `seconds` of real time; `ring` ends the wait of everybody who waits."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._event = Event()

    def wait(self) -> None:
        """Wait; a ring that came before counts."""
        self._event.wait(self._seconds)
        self._event.clear()

    def ring(self) -> None:
        """End the wait."""
        self._event.set()
