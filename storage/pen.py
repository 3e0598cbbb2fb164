"""The pen: one thread that writes everything waiting in one transaction."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar, Union

from incidents.errors import TriagedError, Unavailable

Q = TypeVar("Q")
R = TypeVar("R")

Answer = Union[R, TriagedError]  # noqa: UP007 - a generic alias needs it on Python 3.11


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may wait, and how much goes into one transaction."""

    batch: int = 500
    batch_bytes: int = 32 << 20
    waiting: int = 20_000
    waiting_bytes: int = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting(Generic[Q, R]):
    request: Q
    weight: int
    future: Future[R]


class Pen(Generic[Q, R]):
    """Groups requests; `write` gets a batch and returns an answer or an error for each.

    When `write` raises anything but Unavailable for a batch, each request is written alone, so
    that one bad request never takes its neighbours with it.
    """

    def __init__(
        self,
        name: str,
        *,
        write: Callable[[Sequence[Q]], Sequence[Answer[R]]],
        weigh: Callable[[Q], int],
        bounds: Bounds,
    ) -> None:
        self._name, self._write, self._weigh, self._bounds = name, write, weigh, bounds
        self._queue: deque[_Waiting[Q, R]] = deque()
        self._weight = 0
        self._open = True
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"triaged-{name}")
        self._thread.start()

    def submit(self, request: Q) -> Future[R]:
        """Queue the request; the future raises Unavailable when too much waits or all is closed."""
        future: Future[R] = Future()
        waiting = _Waiting(request=request, weight=self._weigh(request), future=future)
        with self._changed:
            because = self._refusal(waiting)
            if because is None:
                self._queue.append(waiting)
                self._weight += waiting.weight
                self._changed.notify()
        if because is not None:
            future.set_exception(Unavailable(f"{self._name}: {because}"))
        return future

    def close(self, *, timeout: float) -> bool:
        """Write what waits and end the thread; False when it still hangs after `timeout` s."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _refusal(self, waiting: _Waiting[Q, R]) -> str | None:
        if not self._open:
            return "the store is closed"
        full = len(self._queue) >= self._bounds.waiting
        heavy = self._queue and self._weight + waiting.weight > self._bounds.waiting_bytes
        return "too much is waiting to be written" if full or heavy else None

    def _run(self) -> None:
        while batch := self._next():
            running = [one for one in batch if one.future.set_running_or_notify_cancel()]
            if running:
                self._answer(running)

    def _next(self) -> list[_Waiting[Q, R]]:
        """Wait for requests and take a batch; empty when closed and drained."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or not self._open)
            batch: list[_Waiting[Q, R]] = []
            weight = 0
            while self._queue and len(batch) < self._bounds.batch:
                weight += self._queue[0].weight
                if batch and weight > self._bounds.batch_bytes:
                    break
                batch.append(self._queue.popleft())
            self._weight -= sum(one.weight for one in batch)
            return batch

    def _answer(self, batch: Sequence[_Waiting[Q, R]]) -> None:
        try:
            answers = self._write([one.request for one in batch])
        except Unavailable as error:
            for one in batch:
                # One error object per caller: a traceback belongs to one thread.
                one.future.set_exception(_copy(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, every caller must be answered
            if len(batch) == 1:
                batch[0].future.set_exception(error)
                return
            for one in batch:
                self._answer([one])
        else:
            for one, answer in zip(batch, answers, strict=True):
                _settle(one.future, answer)


def _settle(future: Future[R], answer: Answer[R]) -> None:
    if isinstance(answer, TriagedError):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _copy(error: Unavailable) -> Unavailable:
    copied = Unavailable(str(error))
    copied.__cause__ = error
    return copied
