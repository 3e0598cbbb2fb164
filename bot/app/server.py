"""The web server: uvicorn in a thread, so that the process handles its own signals."""

import socket
import time
from threading import Thread

import uvicorn
from fastapi import FastAPI

from bot.app.punctual import Punctual
from incidents.errors import Unavailable

START_SECONDS = 10.0
DRAIN_SECONDS = 2
"""Longer than the door keeps anybody waiting; who sends slower is answered by the next process."""
LEAVE_SECONDS = 1
"""How long, after that, the server's thread is waited for; a page that hangs is left in it."""
BACKLOG = 2048


class Server:
    """Serves an application on one address; in a thread uvicorn leaves the signals alone."""

    def __init__(
        self, app: FastAPI, *, host: str, port: int, http: type[Punctual] = Punctual
    ) -> None:
        self._place = (host, port)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                # A slow sender holds a connection for a while, and never the door.
                timeout_keep_alive=15,
                timeout_graceful_shutdown=DRAIN_SECONDS,
                limit_concurrency=2000,
                ws="none",
                http=http,
                lifespan="off",
                backlog=BACKLOG,
                # A proxy on this machine names the caller; the environment adds nobody to it.
                forwarded_allow_ips=["127.0.0.1", "::1"],
            )
        )
        self._thread: Thread | None = None

    def start(self) -> int:
        """Start serving and return the port; raises Unavailable when the address is taken."""
        bound = _bound(*self._place)
        port: int = bound.getsockname()[1]
        self._thread = Thread(target=self._server.run, args=([bound],), name="uvicorn")
        self._thread.start()
        until = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                message = f"the server on port {port} did not start"
                raise Unavailable(message)
            time.sleep(0.005)
        return port

    def stop(self, *, drain: int = DRAIN_SECONDS) -> None:
        """Finish what is under way in so many seconds and end; safe twice, and before `start`."""
        self._server.config.timeout_graceful_shutdown = drain
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(drain + LEAVE_SECONDS)


def _bound(host: str, port: int) -> socket.socket:
    """Bind here and not in uvicorn, which says why it could not in a log and nowhere else."""
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )
        family, *_, place = found[0]
        # With the protocol named, asyncio switches Nagle's algorithm off.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(place)
            bound.listen(BACKLOG)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        message = f"cannot listen on {host}:{port}: {error.strerror}"
        raise Unavailable(message) from error
    return bound
