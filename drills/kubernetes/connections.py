"""Answers that are none: a connection that is closed, and one that hangs."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Closed(Response):
    """Close the connection without a byte of answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort the transport; ASGI itself knows no way to say this.

        uvicorn's `receive` is a method of the request's cycle, which holds the transport. Under
        another server, and in tests without one, the caller sees ConnectionResetError.
        """
        del scope, send
        cycle = getattr(receive, "__self__", None)
        transport = getattr(cycle, "transport", None)
        if transport is None:
            raise ConnectionResetError
        transport.abort()
        await _disconnected(receive)


class Hanging(Response):
    """Answer nothing until the client goes away."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the disconnect."""
        del scope, send
        await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
