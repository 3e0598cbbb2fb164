"""Clocks: the store's in production, the world's in a rehearsal."""

import json
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any  # the clock's JSON

from incidents.errors import Unavailable
from incidents.ports import Clock

REFRESH = 30.0
ASK_EVERY = 0.1
PATIENCE = 2.0


def store_clock(now: Callable[[], datetime]) -> Clock:
    """Return a clock that follows the store's, between refreshes by the monotonic clock.

    Every replica judges by the database's time, so their own clocks may be wrong. While the
    store is away, time goes on from the last answer.
    """
    return _Follower(ask=lambda: (now(), 1.0), every=REFRESH)


def world_clock(url: str) -> Clock:
    """Return a rehearsal's clock; it asks `GET /clock`, and at rate 0 each time."""
    return _Follower(ask=lambda: _ask(url), every=ASK_EVERY)


class _Follower:
    """Follows another clock: a moment and a rate, extrapolated until the next question."""

    def __init__(self, *, ask: Callable[[], tuple[datetime, float]], every: float) -> None:
        self._ask = ask
        self._every = every
        self._lock = Lock()
        self._asked = float("-inf")
        self._base, self._rate = datetime.min.replace(tzinfo=UTC), 0.0
        self._last = self._base

    def __call__(self) -> datetime:
        with self._lock:
            elapsed = time.monotonic() - self._asked
            if elapsed >= self._every or not self._rate:
                self._refresh()
                elapsed = time.monotonic() - self._asked
            # A clock that follows never steps back: what was decided stays before what comes.
            self._last = max(self._last, self._base + timedelta(seconds=elapsed * self._rate))
            return self._last

    def _refresh(self) -> None:
        try:
            base, rate = self._ask()
        except Unavailable:
            if not self._rate:
                raise
            return
        self._base, self._rate = base, rate
        self._asked = time.monotonic()


def _ask(url: str) -> tuple[datetime, float]:
    try:
        answer = _get(f"{url.rstrip('/')}/clock")
        return datetime.fromisoformat(answer["time"]), float(answer["rate"])
    except (OSError, ValueError, KeyError) as error:
        message = f"the world's clock at {url}: {error}"
        raise Unavailable(message) from error


def _get(url: str) -> Any:  # JSON
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  # the address is a setting
        return json.load(answer)
