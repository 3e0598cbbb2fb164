"""Hears that somebody wants the end: Ctrl-C, a closed terminal, a polite kill."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(Exception):
    """Somebody wants the end."""


@contextmanager
def heard() -> Iterator[Callable[[], bool]]:
    """Note the signals and give what tells whether one came; afterwards all is as before.

    They raise nothing: an exception between a start and the note of it would leave a process
    behind, and a second Ctrl-C must not cut the tidying short.
    """
    asked = Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
