"""Serving: starts everything, waits for a signal, and stops in an order of its own."""

from collections.abc import Callable

import structlog

from bot.app.lifecycle import Turning, stop_all
from bot.app.loops.loop import Loop
from bot.app.main import App
from bot.app.server import Server
from bot.app.settings import address
from bot.app.stopping import Stopping

log = structlog.get_logger()

Started = Callable[[int], None]


def serve(app: App, *, stopping: Stopping, started: Started = lambda _: None) -> None:
    """Run until SIGTERM or SIGINT; call it in the main thread.

    `started` is called with the port once everything runs. Raises Unavailable when the address
    is taken. Order of stopping: not ready, Slack's sockets, loops (the step in hand is finished or
    in doubt), the server, the leases; the store is closed by whoever opened it.
    """
    host, port = address(app.opened.settings)
    server = Server(app.web, host=host, port=port)
    turning = [_turning(app, role, loop) for role, loop in app.work]
    stopping.begin()
    try:
        # First, since it alone can fail: nothing is led and nothing heard by then.
        bound = server.start()
        app.leader.renew()
        if app.sockets is not None:
            app.sockets.start()
        for one in turning:
            one.start()
        app.readiness.begin()
        started(bound)
        _stay(app, stopping)
    finally:
        stopping.bound()
        _stop(app, server, turning)


def _turning(app: App, role: str, loop: Loop) -> Turning:
    return Turning(loop, metrics=app.metrics, may_run=lambda: app.leader.leads(role))


def _stay(app: App, stopping: Stopping) -> None:
    pause = 0.0
    while not stopping.wait(pause):
        pause = app.leader.renew()
        app.metrics.slack_connected.set(int(app.sockets is not None and app.sockets.connected))


def _stop(app: App, server: Server, turning: list[Turning]) -> None:
    log.info("stopping")
    app.readiness.end()
    if app.sockets is not None:
        app.sockets.stop()
    stop_all([one for one in turning if one.started])
    server.stop()
    app.leader.give_back()
