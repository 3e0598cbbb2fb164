"""The host: serves all stand-ins of a world on loopback, one port each, in one thread."""

import asyncio
import socket
import threading
import time
from collections.abc import Mapping

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
_BACKLOG = 128
# A world must start at once and end within two seconds, whatever still hangs in a request.
_START_WITHIN = 10.0
_STOP_WITHIN = 1.5


class Door:
    """An address whose application can be exchanged while it is served.

    alive: whether the application's lifespan is run; such an application is never exchanged.
    protocol: another HTTP protocol of uvicorn, for a stand-in that breaks the rules on purpose.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        alive: bool = False,
        protocol: type[asyncio.Protocol] | None = None,
    ) -> None:
        self.app = app
        self.alive = alive
        self.protocol = protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a connection to the application of this moment."""
        await self.app(scope, receive, send)


class Host:
    """Binds a free port per door when it is made, and serves them between `start` and `stop`."""

    def __init__(self, doors: Mapping[str, Door]) -> None:
        self._sockets = {name: _free_port() for name in doors}
        self.addresses = {
            name: f"http://{LOOPBACK}:{bound.getsockname()[1]}"
            for name, bound in self._sockets.items()
        }
        self._servers = [
            (uvicorn.Server(_config(door)), self._sockets[name]) for name, door in doors.items()
        ]
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve; return when all doors answer. Raises RuntimeError when one does not."""
        # Made here: Python counts a thread that was made before a fork as ended. Daemonic: a
        # connection that cannot be ended must not keep the process.
        self._thread = threading.Thread(target=self._serve, name="stand-ins", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START_WITHIN
        while not all(server.started for server, _ in self._servers):
            if time.monotonic() > deadline or not self._thread.is_alive():
                message = "the stand-ins did not start"
                raise RuntimeError(message)
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving and free the ports."""
        for server, _ in self._servers:
            server.should_exit = True
        if self._thread is not None:
            self._thread.join(_STOP_WITHIN)
        for bound in self._sockets.values():
            bound.close()

    def _serve(self) -> None:
        asyncio.run(self._serve_all())

    async def _serve_all(self) -> None:
        await asyncio.gather(*(server.serve([bound]) for server, bound in self._servers))


def _free_port() -> socket.socket:
    # With the protocol named, asyncio switches Nagle's algorithm off; without it each answer to a
    # kept connection waits 40 ms for a delayed acknowledgement.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((LOOPBACK, 0))
    bound.listen(_BACKLOG)
    return bound


def _config(door: Door) -> uvicorn.Config:
    return uvicorn.Config(
        door,
        lifespan="on" if door.alive else "off",
        http=door.protocol or "auto",
        ws="websockets-sansio",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
