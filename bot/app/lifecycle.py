"""Lifecycle: threads that turn loops, and the order in which everything stops."""

import time
from collections.abc import Callable, Sequence
from threading import Event, Thread

import structlog

from bot.app.loops.loop import Loop
from bot.app.metrics import Metrics
from incidents.errors import Unavailable

log = structlog.get_logger()

BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0)


class Turning:
    """A thread that turns one loop until it is told to stop."""

    def __init__(
        self, loop: Loop, *, metrics: Metrics, may_run: Callable[[], bool], idle: float = 0.5
    ) -> None:
        self.loop = loop
        self._metrics = metrics
        self._may_run = may_run
        self._idle = idle
        self._stopping = Event()
        self._failures = 0
        # Daemonic: one that hangs is left at the deadline, and must not keep the process.
        self._thread = Thread(target=self._turn, name=f"loop-{loop.name}", daemon=True)

    @property
    def started(self) -> bool:
        """Return whether it was ever started."""
        return self._thread.ident is not None

    def start(self) -> None:
        """Start turning."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end after the thing it is doing."""
        self._stopping.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; return whether it came in time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _turn(self) -> None:
        while not self._stopping.is_set():
            if not self._may_run():
                self._stopping.wait(self._idle)
                continue
            self._once()

    def _once(self) -> None:
        started = time.monotonic()
        try:
            did = self.loop.once()
            self._note(started, did=did)
            if not did and not self._stopping.is_set():
                self.loop.wait()
        except Unavailable as error:
            self._failed("cannot go on for now", error)
        except Exception as error:  # noqa: BLE001  # a loop records, counts and goes on
            self._failed("loop failed", error)
        else:
            self._failures = 0

    def _note(self, started: float, *, did: bool) -> None:
        name = self.loop.name
        self._metrics.loop_last_turn.labels(name).set_to_current_time()
        if did:
            self._metrics.loop_turns.labels(name).inc()
            self._metrics.loop_seconds.labels(name).observe(time.monotonic() - started)

    def _failed(self, what: str, error: Exception) -> None:
        self._metrics.loop_failures.labels(self.loop.name).inc()
        unexpected = not isinstance(error, Unavailable)
        log.warning(what, loop=self.loop.name, error=repr(error), exc_info=unexpected)
        self._stopping.wait(BACK_OFF[min(self._failures, len(BACK_OFF) - 1)])
        self._failures += 1


def stop_all(turning: Sequence[Turning], *, deadline: float) -> Sequence[Turning]:
    """Stop the threads and wait so many real seconds; return those that hang even then."""
    for one in turning:
        one.stop()
    until = time.monotonic() + deadline
    hanging = [one for one in turning if not one.join(max(0.0, until - time.monotonic()))]
    for one in hanging:
        log.warning("loop left in the middle of something", loop=one.loop.name)
    return hanging


def ends_within(seconds: float, end: Callable[[], None]) -> bool:
    """Call `end` in a thread of its own; return whether it was done after so many real seconds."""
    thread = Thread(target=end, name="ending", daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()
