"""An HTTP connection whose headers must arrive in time and fit; uvicorn itself waits for ever."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 << 10


class Punctual(HttpToolsProtocol):
    """Closes a connection that has begun to speak, or only connected, and says no request.

    Between two requests `timeout_keep_alive` holds; bodies are bounded by the door.
    """

    seconds: ClassVar[float] = 10.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._head = 0
        self._late = self.loop.call_later(self.seconds, self._close)

    def data_received(self, data: bytes) -> None:
        """Count what came while headers are open: the parser itself has no limit for them."""
        self._head += len(data)
        super().data_received(data)
        if not self._late.cancelled() and self._head > HEAD_BYTES:
            self._close()

    def on_message_begin(self) -> None:
        """Wait for the headers of the next request."""
        super().on_message_begin()
        if self._late.cancelled():
            self._head = 0
            self._late = self.loop.call_later(self.seconds, self._close)

    def on_headers_complete(self) -> None:
        """Stop waiting: a request has begun."""
        self._late.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._late.cancel()
        super().connection_lost(exc)

    def _close(self) -> None:
        self.transport.close()
