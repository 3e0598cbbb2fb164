"""How well an API server answers us: our own requests of the last while, as they ended."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Final

from incidents.policy import Degraded

KEPT: Final = timedelta(minutes=10)
"""So far back requests are remembered: the longest window that anybody may ask about."""
TOO_MANY: Final = 429
SERVER_ERRORS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One request: when it ended, how long it took, and whether it went wrong."""

    at: float
    seconds: float
    failed: bool


@dataclass(slots=True, kw_only=True)
class Pulse:
    """The requests of the last while; any thread may note one. It lives as long as its client."""

    monotonic: Callable[[], float] = time.monotonic
    _beats: deque[Beat] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def note(self, *, seconds: float, failed: bool) -> None:
        """Note how a request ended."""
        with self._lock:
            now = self.monotonic()
            self._beats.append(Beat(at=now, seconds=seconds, failed=failed))
            self._forget(now)

    def trouble(self, bounds: Degraded) -> str | None:
        """Return what is wrong with the answers of late; None where nothing is, or too few."""
        now, window, limit = self.monotonic(), bounds.window.total_seconds(), bounds.slow
        with self._lock:
            beats = [one for one in self._beats if one.at >= now - window]
        wrong = sum(one.failed for one in beats)
        slow = sum(not one.failed and one.seconds > limit.total_seconds() for one in beats)
        if len(beats) < bounds.fewest or wrong + slow < bounds.failing * len(beats):
            return None
        return (
            f"of its last {len(beats)} answers within {window:.0f} s "
            f"{wrong} failed and {slow} took longer than {limit.total_seconds():.0f} s"
        )

    def _forget(self, now: float) -> None:
        while self._beats and self._beats[0].at < now - KEPT.total_seconds():
            self._beats.popleft()


def failed(status: int, path: str) -> bool:
    """Tell whether an answer means that the server is in trouble.

    An eviction is refused with 429 by a disruption budget, which says nothing of the server.
    """
    if status == TOO_MANY:
        return not path.endswith("/eviction")
    return status >= SERVER_ERRORS
