"""Serving: starts everything, waits for a signal, and stops in an order of its own."""

import os
import signal
import threading
from collections.abc import Callable

import structlog

from bot.app.lifecycle import Turning, stop_all
from bot.app.loops.loop import Loop
from bot.app.main import App
from bot.app.server import Server
from bot.app.settings import address

log = structlog.get_logger()

HANDS = frozenset({"runs"})
RENEW_SECONDS = 3.0
LAST_RESORT_SECONDS = 45.0


def serve(app: App, *, started: Callable[[int], None] = lambda _: None) -> None:
    """Run until SIGTERM or SIGINT; call it in the main thread.

    Order of stopping: not ready, Slack's sockets, loops (the step in hand is finished or in
    doubt), the server, the lease; the store is closed by whoever opened it.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    host, port = address(app.opened.settings)
    server = Server(app.web, host=host, port=port)
    turning = [Turning(loop, metrics=app.metrics, may_run=_leads(app)) for loop in _mine(app)]
    try:
        app.leader.once()
        if app.sockets is not None:
            app.sockets.start()
        for one in turning:
            one.start()
        started(server.start())
        while not stopping.wait(RENEW_SECONDS):
            app.leader.once()
    finally:
        _stop(app, server, turning)


def _mine(app: App) -> list[Loop]:
    """Return the loops of this process's roles."""
    roles = app.opened.settings.roles
    wanted = {True: "hands", False: "desk"}
    return [loop for loop in app.loops if wanted[loop.name in HANDS] in roles]


def _leads(app: App) -> Callable[[], bool]:
    return lambda: app.leader.leads


def _stop(app: App, server: Server, turning: list[Turning]) -> None:
    log.info("stopping")
    last_resort = threading.Timer(LAST_RESORT_SECONDS, os._exit, (1,))
    last_resort.daemon = True
    last_resort.start()
    if app.sockets is not None:
        app.sockets.stop()
    stop_all([one for one in turning if one.started])
    server.stop()
    app.leader.give_back()
    last_resort.cancel()
