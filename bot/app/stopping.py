"""Stopping: SIGTERM and SIGINT are heard from the first moment on, and a stop has a deadline."""

import os
import signal
from threading import Event

DEADLINE_SECONDS = 25
"""A pod is killed 30 seconds after its SIGTERM; what was claimed by then is looked back at."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """Hears the wish to stop; made and called in the main thread only."""

    def __init__(self) -> None:
        self._asked = Event()

    def hear(self) -> None:
        """End at once, with exit status 0, when a signal comes while nothing has begun yet."""
        for number in SIGNALS:
            signal.signal(number, lambda *_: os._exit(0))

    def begin(self) -> None:
        """From now on a signal asks for a stop in order."""
        for number in SIGNALS:
            signal.signal(number, lambda *_: self._ask())

    def wait(self, seconds: float) -> bool:
        """Wait at most so many seconds; return whether a stop was asked for."""
        return self._asked.wait(seconds)

    def bound(self) -> None:
        """Let the kernel end this process at the deadline, whatever hangs in it."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(DEADLINE_SECONDS)

    def _ask(self) -> None:
        self.bound()
        self._asked.set()
