"""The world's clock: one time for all stand-ins, faster or slower than life, or stepped by hand."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# Alertmanager refuses alerts from the future, so the world lives in the past and stays there.
PAST = timedelta(days=30)


def far_enough_in_the_past() -> datetime:
    """Return the start of a world: 30 days ago, on a full minute, aware, UTC."""
    return (datetime.now(UTC) - PAST).replace(second=0, microsecond=0)


class WorldClock:
    """A thread-safe clock that runs at `rate` world seconds per real second; rate 0 only steps.

    It stands still at `ceiling`, the real time of its making if none is given. Raises ValueError
    for a naive start, one after the ceiling, a negative rate and a negative step: time never runs
    back.
    """

    def __init__(
        self,
        start: datetime,
        rate: float = 1.0,
        *,
        ceiling: datetime | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ceiling = ceiling or datetime.now(UTC)
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._base = self._checked(start)
        self._rate = _not_negative(rate, "rate")
        self._since = monotonic()

    @property
    def rate(self) -> float:
        """World seconds per real second."""
        with self._lock:
            return self._rate

    def now(self) -> datetime:
        """Return the world's time, aware, UTC."""
        with self._lock:
            return self._now()

    def reading(self) -> tuple[datetime, float]:
        """Return time and rate of one moment."""
        with self._lock:
            return self._now(), self._rate

    def set_rate(self, rate: float) -> None:
        """Go on from now at `rate` world seconds per real second."""
        with self._lock:
            checked = _not_negative(rate, "rate")
            self._rebase(self._now())
            self._rate = checked

    def advance(self, seconds: float) -> datetime:
        """Step forward by world seconds, on top of the running rate, and return the new time."""
        with self._lock:
            step = timedelta(seconds=_not_negative(seconds, "step"))
            self._rebase(min(self._now() + step, self._ceiling))
            return self._base

    def reset(self, start: datetime) -> None:
        """Begin again at `start`, at the same rate: the one way back, for a fresh world."""
        with self._lock:
            self._rebase(self._checked(start))

    def _now(self) -> datetime:
        if not self._rate:
            return self._base
        room = (self._ceiling - self._base).total_seconds()
        passed = (self._monotonic() - self._since) * self._rate
        return self._base + timedelta(seconds=min(passed, room))

    def _checked(self, start: datetime) -> datetime:
        if start.tzinfo is None:
            message = f"the world's start needs a time zone: {start.isoformat()}"
            raise ValueError(message)
        if start > self._ceiling:
            message = f"a world cannot start in the future: {start.isoformat()}"
            raise ValueError(message)
        return start.astimezone(UTC)

    def _rebase(self, moment: datetime) -> None:
        self._base = moment
        self._since = self._monotonic()


def _not_negative(number: float, name: str) -> float:
    if not 0 <= number < float("inf"):
        message = f"{name} must be a finite number of at least 0, not {number}"
        raise ValueError(message)
    return number
