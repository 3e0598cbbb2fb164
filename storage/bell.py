"""A bell that wakes whoever waits for news, and never loses a ring."""

import threading
import time
from collections.abc import Callable


class Bell:
    """Rung after commits, ours and others'; waiters look again at each ring."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rings = 0
        self._closed = False

    def ring(self) -> None:
        """Wake everybody who waits."""
        with self._changed:
            self._rings += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Wake everybody for the last time: from now on nobody waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until(self, true: Callable[[], bool], *, timeout: float) -> bool:
        """Return whether it became true within `timeout` real seconds."""
        deadline = time.monotonic() + timeout
        while True:
            # Counted before looking: a ring in between ends the wait at once.
            rings = self._rings
            if true():
                return True
            if not self._heard(rings, deadline - time.monotonic()):
                return False

    def _heard(self, rings: int, seconds: float) -> bool:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._rings != rings, timeout=max(seconds, 0)
            )
            return self._rings != rings and not self._closed and seconds > 0
