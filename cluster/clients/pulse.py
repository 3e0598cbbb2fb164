"""How well an API server answers us: our own requests of the last while, as they ended."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

TOO_MANY: Final = 429
SERVER_ERRORS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """When an API server counts as degraded; durations are real seconds.

    Of at least `fewest` requests of the last `window`, a share of `failing` went wrong or took
    longer than `slow`. Kubernetes promises answers about single objects within 1 s at the 99th
    percentile, and reads of a namespace within 5 s. Source: sig-scalability, API call latency SLO.
    """

    window: float = 60.0
    fewest: int = 10
    failing: float = 0.3
    slow: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One request: when it ended, how long it took, and whether it went wrong."""

    at: float
    seconds: float
    failed: bool


@dataclass(slots=True, kw_only=True)
class Pulse:
    """The requests of the last while; any thread may note one. It lives as long as its client."""

    bounds: Bounds = field(default_factory=Bounds)
    monotonic: Callable[[], float] = time.monotonic
    _beats: deque[Beat] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def note(self, *, seconds: float, failed: bool) -> None:
        """Note how a request ended."""
        with self._lock:
            now = self.monotonic()
            self._beats.append(Beat(at=now, seconds=seconds, failed=failed))
            self._forget(now)

    def trouble(self) -> str | None:
        """Return what is wrong with the answers of late; None where nothing is, or too few."""
        with self._lock:
            self._forget(self.monotonic())
            beats = tuple(self._beats)
        failed = sum(one.failed for one in beats)
        slow = sum(not one.failed and one.seconds > self.bounds.slow for one in beats)
        if len(beats) < self.bounds.fewest or failed + slow < self.bounds.failing * len(beats):
            return None
        return (
            f"of its last {len(beats)} answers within {self.bounds.window:.0f} s "
            f"{failed} failed and {slow} took longer than {self.bounds.slow:.0f} s"
        )

    def _forget(self, now: float) -> None:
        while self._beats and self._beats[0].at < now - self.bounds.window:
            self._beats.popleft()


def failed(status: int, path: str) -> bool:
    """Tell whether an answer means that the server is in trouble.

    An eviction is refused with 429 by a disruption budget, which says nothing of the server.
    """
    if status == TOO_MANY:
        return not path.endswith("/eviction")
    return status >= SERVER_ERRORS
