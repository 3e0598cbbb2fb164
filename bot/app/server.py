"""The web server: uvicorn in a thread, so that the process handles its own signals."""

import time
from threading import Thread

import uvicorn
from fastapi import FastAPI

from bot.app.punctual import Punctual
from incidents.errors import Unavailable

START_SECONDS = 10.0
DRAIN_SECONDS = 5


class Server:
    """Serves an application on one address; in a thread uvicorn leaves the signals alone."""

    def __init__(
        self, app: FastAPI, *, host: str, port: int, http: type[Punctual] = Punctual
    ) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=host,
                port=port,
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
            )
        )
        self._thread = Thread(target=self._server.run, name="uvicorn")

    def start(self) -> int:
        """Start serving and return the port; raises Unavailable when the address is taken."""
        self._thread.start()
        until = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                message = f"cannot listen on {self._server.config.host}:{self._server.config.port}"
                raise Unavailable(message)
            time.sleep(0.005)
        port: int = self._server.servers[0].sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        """Finish what is under way and end; safe to call twice."""
        self._server.should_exit = True
        self._thread.join(DRAIN_SECONDS + 5)
