"""Serving the stand-in with uvicorn, so that a fault can cut a connection without a byte."""

import asyncio

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

CUT = "drills.cut"
STOP_SECONDS = 1


class CuttableProtocol(H11Protocol):
    """HTTP that hands each request a way to close its own connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn does
        """Note the transport and offer it to the requests."""
        super().connection_made(transport)
        self.app = _offering(self.app, transport)


def server(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """Return a server for the stand-in, not yet running; port 0 takes any free one."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=CuttableProtocol,
        ws="websockets-sansio",
        log_level="warning",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return uvicorn.Server(config)


def _offering(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    async def offered(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[CUT] = transport.abort
        await app(scope, receive, send)

    return offered
