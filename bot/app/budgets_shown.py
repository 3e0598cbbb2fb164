"""The budgets that the page shows: read once a minute, however many people look."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from threading import Lock

from bot.app import budgets
from bot.app.settings import PREFIX, Settings
from cluster.signals.answers import Prometheus
from incidents.budgets import Budget
from incidents.desk import Desk
from incidents.errors import Rejected, TriagedError
from incidents.objectives import Objectives

FRESH_SECONDS = 60.0

Found = tuple[datetime, Sequence[Budget]]


class Shown:
    """Reads the budgets and remembers them, also that they could not be read; safe in threads.

    With other objectives in force it reads again at once.
    """

    def __init__(
        self,
        *,
        desk: Desk,
        prometheus: Callable[[], Prometheus],
        promised: Callable[[], Objectives] = Objectives,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk, self._prometheus, self._monotonic = desk, prometheus, monotonic
        self._promised = promised
        self._lock = Lock()
        self._until = float("-inf")
        self._last: Found | TriagedError | None = None
        self._last_promised: Objectives | None = None

    def __call__(self) -> Found:
        """Return the budgets with their moment; raises TriagedError where they cannot be read."""
        with self._lock:
            promised = self._promised()
            old = promised != self._last_promised or self._monotonic() >= self._until
            if self._last is None or old:
                self._last, self._last_promised = self._read(promised), promised
                self._until = self._monotonic() + FRESH_SECONDS
            last = self._last
        if isinstance(last, TriagedError):
            raise type(last)(str(last))
        return last

    def _read(self, promised: Objectives) -> Found | TriagedError:
        try:
            at = self._desk.clock()
            return at, budgets.read(self._prometheus(), self._desk, at=at, promised=promised)
        except TriagedError as error:
            return error


def shown(
    desk: Desk, settings: Settings, *, promised: Callable[[], Objectives], closing: ExitStack
) -> Shown:
    """Return what reads the budgets at the configured Prometheus; nothing is asked yet."""
    made = list[Prometheus]()

    def prometheus() -> Prometheus:
        if not settings.prometheus_url:
            message = f"no Prometheus is configured: set {PREFIX}PROMETHEUS_URL"
            raise Rejected(message)
        if not made:
            # Imported here: the clients take a second to load, and few look at this page.
            from bot.app import reach  # noqa: PLC0415  # see above

            made.append(reach.prometheus(settings.prometheus_url, settings, closing=closing))
        return made[0]

    return Shown(desk=desk, prometheus=prometheus, promised=promised)
