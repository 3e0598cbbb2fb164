"""The shelf under the memory twin: one lock, one bell, and hooks around every commit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from storage.bell import Bell
from storage.writer import Hooks, closed

T = TypeVar("T")


class Shelf:
    """What all parts of one memory store share."""

    def __init__(self, hooks: Hooks) -> None:
        self._lock = threading.RLock()
        self._bell = Bell()
        self._hooks = hooks
        self._open = True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let nobody else read or write meanwhile; raises Unavailable when closed."""
        with self._lock:
            if not self._open:
                raise closed()
            yield

    def commit(self, point: str, change: Callable[[], T]) -> T:
        """Make the change between the hooks and ring."""
        with self.locked():
            self._hooks.before_commit(point)
            result = change()
            self._hooks.after_commit(point)
        self._bell.ring()
        return result

    def wait_until(self, true: Callable[[], bool], *, timeout: float) -> bool:
        """Return whether it became true within `timeout` real seconds."""
        return self._bell.wait_until(true, timeout=timeout)

    def close(self) -> None:
        """Refuse everything from now on."""
        with self._lock:
            self._open = False
        self._bell.close()
