"""Socket Mode: up to ten connections, each envelope to any one of them.

The protocol is docs.slack.dev, Socket Mode: `hello`, envelopes, acknowledgements with the same
`envelope_id` on the same connection, `disconnect`.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Mapping

from starlette.applications import Starlette
from starlette.websockets import WebSocket, WebSocketDisconnect

from drills.slack import answers
from drills.slack.deliveries import Envelope
from drills.slack.workspace import Workspace

MOST_CONNECTIONS = 10
CONNECTION_SECONDS = 3600
TICK_SECONDS = 0.1
REFUSED_TICKET = 4001


class Hub:
    """The open connections of the app, and the loop that sends what is due over them."""

    def __init__(self, workspace: Workspace) -> None:
        self.connections: list[WebSocket] = []
        self._workspace = workspace
        self._due = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self, _app: Starlette) -> AsyncIterator[None]:
        """Send envelopes for as long as the app is served."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._due.set)

        self._workspace.on_envelope(wake)
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._workspace.off_envelope(wake)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection from its ticket to its end."""
        if not self._workspace.tickets.enter(socket.query_params.get("ticket", "")):
            await socket.close(REFUSED_TICKET)
            return
        await socket.accept()
        if len(self.connections) >= MOST_CONNECTIONS:
            await self._part(socket, "too_many_websockets")
            return
        self.connections.append(socket)
        try:
            await socket.send_text(json.dumps(self._hello()))
            await self._listen(socket)
        except (WebSocketDisconnect, RuntimeError):
            # Starlette raises RuntimeError when the other side went away while we were sending.
            pass
        finally:
            if socket in self.connections:
                self.connections.remove(socket)

    async def disconnect(self, reason: str) -> int:
        """Tell every connection to go away and return how many were told.

        A `warning` leaves them open; an empty reason closes them without a word, as a broken
        network does.
        """
        told = list(self.connections)
        for socket in told:
            if reason == "warning":
                await socket.send_text(json.dumps(_disconnect(reason)))
                continue
            self.connections.remove(socket)
            await self._part(socket, reason)
        return len(told)

    async def _part(self, socket: WebSocket, reason: str) -> None:
        if reason:
            await socket.send_text(json.dumps(_disconnect(reason)))
        await socket.close()

    def _hello(self) -> dict[str, object]:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {
                "host": "rehearsal",
                "build_number": 1,
                "approximate_connection_time": CONNECTION_SECONDS,
            },
            "connection_info": {"app_id": self._workspace.identity.app},
        }

    async def _listen(self, socket: WebSocket) -> None:
        while True:
            frame = json.loads(await socket.receive_text())
            if isinstance(frame, Mapping) and "envelope_id" in frame:
                self._acknowledge(frame)

    def _acknowledge(self, frame: Mapping[str, object]) -> None:
        payload = frame.get("payload")
        answer = payload if isinstance(payload, Mapping) else None
        with self._workspace.lock:
            name, now = str(frame["envelope_id"]), self._workspace.now()
            envelope = self._workspace.deliveries.acknowledge(name, answer, now)
            if envelope is not None:
                answers.acknowledged(self._workspace, envelope)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), TICK_SECONDS)
            self._due.clear()
            await self._send_due()

    async def _send_due(self) -> None:
        with self._workspace.lock:
            now = self._workspace.now()
            for envelope in self._workspace.deliveries.expire(now):
                answers.failed(self._workspace, envelope)
            due = self._workspace.deliveries.due(now)
        for envelope in due:
            await self._send(envelope)

    async def _send(self, envelope: Envelope) -> None:
        deliveries = self._workspace.deliveries
        if not self.connections:
            with self._workspace.lock:
                lost = deliveries.unsendable(envelope, self._workspace.now())
                answers.failed(self._workspace, lost)
            return
        socket = random.choice(self.connections)  # noqa: S311 (chance, not secrecy)
        with self._workspace.lock:
            deliveries.sent(envelope, self._workspace.now())
        # A connection that broke meanwhile: nobody acknowledges, and time does the rest.
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await socket.send_text(json.dumps(envelope.frame()))


def _disconnect(reason: str) -> dict[str, object]:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "rehearsal"}}
