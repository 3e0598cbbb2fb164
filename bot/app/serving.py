"""Serving: starts everything, waits for a signal, and stops in an order of its own."""

import math
import time
from collections.abc import Callable, Mapping

import structlog

from bot.app.lifecycle import Turning, ends_within, stop_all
from bot.app.loops.loop import Loop
from bot.app.main import App
from bot.app.server import DRAIN_SECONDS, Server
from bot.app.settings import address
from bot.app.stopping import Stopping

log = structlog.get_logger()

STOP_SECONDS = 5.0
"""From the signal to the end of the process, whoever outside hangs or keeps a connection open."""
ENDING_SECONDS = 1.0
"""Of it, for what comes after the server: the leases and the store."""
SOCKETS_SECONDS = 1.0
LOOPS_SECONDS = 2.0
"""What is in hand then is left: it waits for somebody outside who does not answer."""
HURRIED_SECONDS = 1
"""The server's time to drain after all that, and at least."""

Started = Callable[[int], None]


def serve(app: App, *, stopping: Stopping, started: Started = lambda _: None) -> None:
    """Run until a stop is asked for.

    Call it in the main thread. `started` is called with the port once everything runs. Raises
    Unavailable when the address is taken. Order of stopping: not ready, Slack's sockets, loops (the
    step in hand is finished or in doubt), the server, the leases; the store is closed by whoever
    opened it. A thread that hangs is left as a kill would leave it: it can write nothing once the
    store is closed, and what it had in hand is looked for by the next process.
    """
    host, port = address(app.opened.settings)
    server = Server(app.web, host=host, port=port)
    turning = [_turning(app, role, loop) for role, loop in app.work]
    reloading = Turning(app.reloading, metrics=app.metrics, may_run=lambda: True)
    stopping.begin()
    try:
        # First, since it alone can fail: nothing is led and nothing heard by then.
        bound = server.start()
        app.leader.renew()
        if app.sockets is not None:
            app.sockets.start()
        for one in (reloading, *turning):
            one.start()
        app.readiness.begin()
        started(bound)
        _stay(app, stopping)
    finally:
        stopping.bound()
        reloading.stop()
        _stop(app, server, dict(zip(turning, (role for role, _ in app.work), strict=True)))


def _turning(app: App, role: str, loop: Loop) -> Turning:
    return Turning(loop, metrics=app.metrics, may_run=lambda: app.leader.leads(role))


def _stay(app: App, stopping: Stopping) -> None:
    pause = 0.0
    while not stopping.wait(pause):
        pause = app.leader.renew()
        app.metrics.slack_connected.set(int(app.sockets is not None and app.sockets.connected))


def _stop(app: App, server: Server, turning: Mapping[Turning, str]) -> None:
    began = time.monotonic()
    log.info("stopping")
    app.readiness.end()
    if app.sockets is not None:
        ends_within(SOCKETS_SECONDS, app.sockets.stop)
    hanging = stop_all([one for one in turning if one.started], deadline=LOOPS_SECONDS)
    server.stop(drain=drain_after(time.monotonic() - began))
    # A request in hand may still arrive: nobody shall look for it before the lease has run out.
    app.leader.give_back(but={turning[one] for one in hanging})


def drain_after(spent: float) -> int:
    """Return the seconds that the server has to drain when so many of the stop are gone."""
    left = math.floor(STOP_SECONDS - ENDING_SECONDS - spent)
    return max(HURRIED_SECONDS, min(DRAIN_SECONDS, left))
