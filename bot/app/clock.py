"""Clocks: the store's in production, the world's in a rehearsal."""

import http.client
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
AGAIN = 1.0
"""Seconds until a clock that is away is asked again; everybody waits while it is asked."""

Monotonic = Callable[[], float]


def store_clock(now: Callable[[], datetime], *, monotonic: Monotonic = time.monotonic) -> Clock:
    """Return a clock that follows the store's, between refreshes by the monotonic clock.

    Every replica judges by the database's time, so their own clocks may be wrong. While the
    store is away, time goes on from the last answer.
    """
    return _Follower(ask=lambda: (now(), 1.0), every=REFRESH, monotonic=monotonic)


def world_clock(url: str, *, monotonic: Monotonic = time.monotonic) -> Clock:
    """Return a rehearsal's clock; it asks `GET /clock`, and at rate 0 each time.

    While the world is away its time goes on at the last rate. At rate 0, and before the first
    answer, nobody knows the time: Unavailable is raised.
    """
    # Without the proxies of the environment: a rehearsal stays on its machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return _Follower(ask=lambda: _ask(url, opener), every=ASK_EVERY, monotonic=monotonic)


class _Follower:
    """Follows another clock: a moment and a rate, extrapolated until the next question."""

    def __init__(
        self,
        *,
        ask: Callable[[], tuple[datetime, float]],
        every: float,
        monotonic: Monotonic,
    ) -> None:
        self._ask, self._every, self._monotonic = ask, every, monotonic
        self._lock = Lock()
        self._next = float("-inf")
        self._since, self._rate = 0.0, 0.0
        self._base = self._last = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        with self._lock:
            if self._monotonic() >= self._next or not self._rate:
                self._refresh()
            elapsed = self._monotonic() - self._since
            # A clock that follows never steps back: what was decided stays before what comes.
            self._last = max(self._last, self._base + timedelta(seconds=elapsed * self._rate))
            return self._last

    def _refresh(self) -> None:
        try:
            base, rate = self._ask()
        except Unavailable:
            if not self._rate:
                raise
            self._next = self._monotonic() + AGAIN
            return
        self._base, self._rate, self._since = base, rate, self._monotonic()
        self._next = self._since + self._every


def _ask(url: str, opener: urllib.request.OpenerDirector) -> tuple[datetime, float]:
    try:
        answer = _get(f"{url.rstrip('/')}/clock", opener)
        return datetime.fromisoformat(answer["time"]).astimezone(UTC), float(answer["rate"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        message = f"the world's clock at {url}: {error!r}"
        raise Unavailable(message) from error


def _get(url: str, opener: urllib.request.OpenerDirector) -> Any:  # JSON
    with opener.open(url, timeout=PATIENCE) as answer:
        return json.load(answer)
