"""An HTTP connection whose headers must arrive in time; uvicorn itself waits for ever."""

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Punctual(H11Protocol):
    """Closes a connection that has begun to speak, or only connected, and says no request.

    Between two requests `timeout_keep_alive` holds; bodies are bounded by the door.
    """

    seconds: ClassVar[float] = 10.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._late = self.loop.call_later(self.seconds, self._close)

    def data_received(self, data: bytes) -> None:
        """Stop waiting once a request has begun; wait again while only a part of one is there."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._late.cancel()
        elif self._late.cancelled():
            self._late = self.loop.call_later(self.seconds, self._close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._late.cancel()
        super().connection_lost(exc)

    def _close(self) -> None:
        self.transport.close()
