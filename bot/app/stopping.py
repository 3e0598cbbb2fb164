"""Stopping: SIGTERM and SIGINT are heard from the first moment on, and a stop has a deadline."""

import os
import signal
import sys
import time
from threading import Event
from typing import NoReturn

DEADLINE_SECONDS = 25
"""A pod is killed 30 seconds after its SIGTERM; what was claimed by then is looked back at."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOK_EVERY = 0.25
"""How often, in real seconds, a process that ends with another looks whether that one is there."""


class Stopping:
    """Hears the wish to stop; made and called in the main thread only.

    `parent` is the id of the process that started this one, where a stop is wished as soon as that
    is gone. It is given, because an id that is looked up here would be another one by then.
    """

    def __init__(self, *, parent: int | None = None) -> None:
        self._asked = Event()
        self._parent = parent

    def hear(self) -> None:
        """End at once, with exit status 0, when a signal comes while nothing has begun yet."""
        for number in SIGNALS:
            signal.signal(number, lambda *_: os._exit(0))

    def begin(self) -> None:
        """From now on a signal asks for a stop in order."""
        for number in SIGNALS:
            signal.signal(number, lambda *_: self._ask())

    def wait(self, seconds: float) -> bool:
        """Wait at most so many seconds; return whether a stop is wished."""
        until = time.monotonic() + seconds
        while not self._asked.wait(min(LOOK_EVERY, max(0.0, until - time.monotonic()))):
            if self._orphaned():
                return True
            if time.monotonic() >= until:
                return False
        return True

    def bound(self) -> None:
        """Let the kernel end this process at the deadline, whatever hangs in it."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(DEADLINE_SECONDS)

    def leave(self) -> NoReturn:
        """End now, with exit status 0; call it when everything is closed.

        Threads that hang would keep the process, and Python's own way to its end takes half a
        second of computing: seconds, where a pod has a tenth of a core.
        """
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    def _orphaned(self) -> bool:
        return self._parent is not None and os.getppid() != self._parent

    def _ask(self) -> None:
        self.bound()
        self._asked.set()
