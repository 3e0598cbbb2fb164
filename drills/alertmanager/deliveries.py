"""One delivery of one flush to one webhook: wait for the peers, read the log, try, try again."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from random import Random

from drills.alertmanager.posts import NO_ANSWER

_FIRST_PAUSE = timedelta(milliseconds=500)  # backoff/v4: initial, factor, spread, longest
_FACTOR = 1.5
_SPREAD = 0.5
_LONGEST_PAUSE = timedelta(seconds=60)
_GOOD, _FAULT = range(200, 300), range(500, 600)


class Outcome(Enum):
    """How a delivery ended."""

    SENT = "sent"
    NO_NEWS = "no news"  # somebody told it already, or there was nothing to tell
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When a delivery may begin and must end, and what it does (world time)."""

    begins: datetime
    ends: datetime
    news: Callable[[datetime], bool]
    post: Callable[[], Future[int]]
    done: Callable[[datetime], None]


class Delivery:
    """The state of one delivery; `step` moves it on as far as `now` allows."""

    def __init__(self, terms: Terms, random: Random) -> None:
        self.terms = terms
        self._random = random
        self._asked = False
        self._posting: Future[int] | None = None
        self._next = terms.begins
        self._pause = _FIRST_PAUSE

    def step(self, now: datetime) -> Outcome | None:
        """Return how it ended; None while it goes on."""
        if now < self._next:
            return self._late(now)
        if not self._asked:
            self._asked = True
            if not self.terms.news(now):
                return Outcome.NO_NEWS
        if self._posting is None:
            self._posting = self.terms.post()
        if not self._posting.done():
            return self._late(now)
        return self._judge(self._posting.result(), now)

    def _late(self, now: datetime) -> Outcome | None:
        """Give up when the flush's time is over, also on a request under way."""
        if now < self.terms.ends:
            return None
        if self._posting is not None:
            self._posting.cancel()
        return Outcome.FAILED

    def _judge(self, status: int, now: datetime) -> Outcome | None:
        self._posting = None
        if status in _GOOD:
            self.terms.done(now)
            return Outcome.SENT
        if status != NO_ANSWER and status not in _FAULT:
            return Outcome.FAILED  # 4xx is never repeated within a flush
        self._next = now + self._pause * self._random.uniform(1 - _SPREAD, 1 + _SPREAD)
        self._pause = min(self._pause * _FACTOR, _LONGEST_PAUSE)
        return self._late(now)
