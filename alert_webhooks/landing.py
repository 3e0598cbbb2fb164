"""Landing: answers of another thread reach the event loop together, with one wake-up for all."""

import asyncio
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Landed(Generic[T]):
    waiting: asyncio.Future[T]
    answer: Future[T]


class Landing(Generic[T]):
    """Waits for futures of a thread that answers many at once; belongs to one event loop.

    `asyncio.wrap_future` wakes the loop once for each of them, and at each of these wake-ups the
    two threads wait for each other.
    """

    def __init__(self) -> None:
        self._landed: deque[_Landed[T]] = deque()
        self._lock = Lock()
        self._woken = False

    def of(self, answer: Future[T]) -> asyncio.Future[T]:
        """Return what waits for the answer; when it is cancelled, so is the answer."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()
        landed = _Landed(waiting=waiting, answer=answer)
        waiting.add_done_callback(lambda _: _give_up(landed))
        answer.add_done_callback(lambda _: self._land(landed, loop))
        return waiting

    def _land(self, landed: _Landed[T], loop: asyncio.AbstractEventLoop) -> None:
        """Queue the answer; called in whichever thread answers."""
        with self._lock:
            # A loop that has ended waits for nothing any more.
            if loop.is_closed():
                return
            self._landed.append(landed)
            woken, self._woken = self._woken, True
        if not woken:
            loop.call_soon_threadsafe(self._take_in)

    def _take_in(self) -> None:
        with self._lock:
            landed, self._landed = self._landed, deque()
            self._woken = False
        for one in landed:
            if not one.waiting.done():
                _settle(one)


def _give_up(landed: _Landed[T]) -> None:
    if landed.waiting.cancelled():
        landed.answer.cancel()


def _settle(landed: _Landed[T]) -> None:
    error = landed.answer.exception()
    if error is None:
        landed.waiting.set_result(landed.answer.result())
    else:
        landed.waiting.set_exception(error)
