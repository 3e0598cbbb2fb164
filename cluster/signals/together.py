"""Many questions at once: in parallel, within one deadline, and each asked once for seconds."""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

from cluster.signals.answers import Prometheus, Row, Track, Trouble
from cluster.signals.promql import Promql
from cluster.signals.reading import NoData, Why

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

BUCKET: Final = timedelta(seconds=5)
KEPT: Final = 5.0
"""Real seconds for which an answer is given again, counted from when it was asked for."""
WORKERS: Final = 8
MOST: Final = 4096
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def bucket(at: datetime) -> datetime:
    """Return the beginning of the five seconds in which the moment lies."""
    return at - (at - EPOCH) % BUCKET


class Once(Generic[Key, Value]):
    """Answers that are kept for seconds; whoever asks meanwhile waits for the one that is coming.

    Of more than MOST answers the oldest are forgotten.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: dict[Key, tuple[float, Future[Value]]] = {}

    def future(self, key: Key) -> tuple[Future[Value], bool]:
        """Return the answer to come, and whether the caller is the one who has to find it."""
        with self._lock:
            now = self._monotonic()
            found = self._kept.get(key)
            if found and now - found[0] < KEPT:
                return found[1], False
            self._forget(now)
            coming = Future[Value]()
            self._kept[key] = (now, coming)
            return coming, True

    def _forget(self, now: float) -> None:
        """Drop the oldest while they are over or too many; a dict remembers in which order."""
        while self._kept:
            key, (since, _) = next(iter(self._kept.items()))
            if now - since < KEPT and len(self._kept) < MOST:
                return
            del self._kept[key]


class Remembered:
    """A Prometheus that is asked the same thing about the same moment once in a few seconds."""

    def __init__(
        self, prometheus: Prometheus, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._prometheus = prometheus
        self._once = Once[tuple[Promql, datetime], tuple[Row, ...] | Trouble](monotonic)

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        """Return the vector at this moment."""
        coming, mine = self._once.future((query, at))
        if mine:
            fulfil(coming, lambda: self._prometheus.instant(query, at=at))
        return coming.result()

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        """Return the matrix over both ends; it is not kept."""
        return self._prometheus.range(query, start=start, end=end, step=step)


class Crew:
    """At most `most` threads; each works while there is work, and then it ends.

    They are daemons: a server that hangs must not keep the process from stopping.
    """

    def __init__(self, most: int = WORKERS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._tasks = deque[Callable[[], None]]()
        self._working = 0

    def submit(self, task: Callable[[], None]) -> None:
        """Let a thread do it, now or when one is free."""
        with self._lock:
            self._tasks.append(task)
            if self._working == self._most:
                return
            self._working += 1
        threading.Thread(target=self._work, name="signals", daemon=True).start()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            if self._tasks:
                return self._tasks.popleft()
            self._working -= 1
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """There was no answer within the deadline."""

    after: timedelta


class Together(Generic[Key, Value]):
    """Finds many answers in parallel threads, each once for all who ask."""

    def __init__(
        self, crew: Crew | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._crew = crew or Crew()
        self._once = Once[Key, Value | Late](monotonic)

    def ask(
        self, questions: Mapping[Key, Callable[[], Value]], *, deadline: timedelta
    ) -> Mapping[Key, Value | Late]:
        """Return the answers that are there before the deadline has passed, and who is late."""
        until = self._monotonic() + deadline.total_seconds()
        late = Late(after=deadline)
        coming = {key: self._coming(key, find, until, late) for key, find in questions.items()}
        return {key: self._result(each, until, late) for key, each in coming.items()}

    def _coming(
        self, key: Key, find: Callable[[], Value], until: float, late: Late
    ) -> "Future[Value | Late]":
        coming, mine = self._once.future(key)
        if mine:

            def work() -> None:
                # Nobody waits any more: a server that is slow is not asked what nobody reads.
                fulfil(coming, find if self._monotonic() < until else lambda: late)

            self._crew.submit(work)
        return coming

    def _result(self, coming: "Future[Value | Late]", until: float, late: Late) -> Value | Late:
        try:
            return coming.result(max(0.0, until - self._monotonic()))
        except TimeoutError:
            return late


class Reads:
    """Reads of several shapes, in parallel threads and within one deadline from its making on.

    Each is started, and waited for where its answer is needed: `start` returns how to wait.
    """

    def __init__(
        self,
        *,
        deadline: timedelta,
        crew: Crew | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deadline = deadline
        self._crew = crew or Crew()
        self._monotonic = monotonic
        self._until = monotonic() + deadline.total_seconds()

    def start(self, signal: str, read: Callable[[], Value]) -> Callable[[], Value | NoData]:
        """Begin to read a signal; what is not back in time is NoData with the reason TIMEOUT.

        Waiting raises what reading raised.
        """
        coming = Future[Value | NoData]()

        def work() -> None:
            late = self._monotonic() >= self._until
            fulfil(coming, (lambda: self._late(signal)) if late else read)

        self._crew.submit(work)
        return lambda: self._wait(signal, coming)

    def _wait(self, signal: str, coming: Future[Value | NoData]) -> Value | NoData:
        try:
            return coming.result(max(0.0, self._until - self._monotonic()))
        except TimeoutError:
            return self._late(signal)

    def _late(self, signal: str) -> NoData:
        detail = f"no answer within {self._deadline.total_seconds():g} s"
        return NoData(signal=signal, why=Why.TIMEOUT, detail=detail)


def fulfil(coming: Future[Value], find: Callable[[], Value]) -> None:
    """Find the answer and give it to everybody who waits, a bug included."""
    try:
        found = find()
    except BaseException as error:  # noqa: BLE001  raised again where somebody waits for it
        coming.set_exception(error)
    else:
        coming.set_result(found)
