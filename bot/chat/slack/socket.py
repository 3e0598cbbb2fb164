"""Socket Mode: every envelope is committed to the inbox before Bolt acknowledges it."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import structlog
from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.chat.slack.answers import client as web_client
from bot.chat.slack.listeners import Answer, listening
from bot.chat.slack.payloads import is_our_message
from bot.chat.slack.watched import Watched
from incidents.errors import Unavailable
from incidents.ports import Inbox

log = structlog.get_logger()

SOURCE = "slack:socket"
COMMIT_SECONDS = 2.0
"""Slack waits three seconds for the acknowledgement; the rest is for the way there."""
LOOK_EVERY = 0.5
BACK_OFF = (1.0, 2.0, 5.0, 15.0, 30.0)
PING_SECONDS = 3.0
THREADS = 5
STOP_SECONDS = 10.0


class SlackSockets:
    """The connections over which Slack tells us what people press and type.

    Each envelope goes to any one of them, so several keep listening while one is renewed.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str,
        base_url: str,
        inbox: Inbox,
        answer: Answer,
        connections: int = 2,
    ) -> None:
        self._app = listening(answer, bot_token=bot_token, base_url=base_url)
        self._web = web_client(app_token, base_url)
        self._inbox = inbox
        self._count = connections
        self._sockets: tuple[_Socket, ...] = ()
        self._stopping = threading.Event()
        self._keeper = threading.Thread(
            target=self._keep_connected, name="slack-sockets", daemon=True
        )

    @property
    def connected(self) -> bool:
        """Return whether at least one connection stands."""
        return any(one.is_connected() for one in self._sockets)

    def start(self) -> None:
        """Begin to connect, once; Slack being away is no error, it is tried again and again."""
        self._sockets = tuple(_Socket(self._web, self._hear) for _ in range(self._count))
        self._keeper.start()

    def stop(self) -> None:
        """Close every connection and end every thread; safe to call twice, or before `start`."""
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join(STOP_SECONDS)
        closing, self._sockets = self._sockets, ()
        if closing:
            with ThreadPoolExecutor(max_workers=len(closing)) as pool:
                list(pool.map(_Socket.end, closing))

    def _keep_connected(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            failures = 0 if self._reconnect() else failures + 1
            pause = BACK_OFF[min(failures, len(BACK_OFF)) - 1] if failures else LOOK_EVERY
            self._stopping.wait(pause)

    def _reconnect(self) -> bool:
        """Connect whatever is not connected; return whether all of them are."""
        for one in self._sockets:
            if one.is_connected():
                continue
            try:
                one.connect_to_new_endpoint()
            except (OSError, SlackClientError) as error:
                log.warning("Slack's socket is not connected", because=str(error))
                return False
        return all(one.is_connected() for one in self._sockets)

    def _hear(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        """Commit, then let Bolt answer; what could not be committed is not acknowledged."""
        started = time.time()
        if not self._keep(request):
            return
        response = run_bolt_app(self._app, request)
        try:
            send_response(client, request, response, started)
        except SlackClientError as error:
            log.warning("kept, not acknowledged", envelope=request.envelope_id, because=str(error))

    def _keep(self, request: SocketModeRequest) -> bool:
        """Return whether the envelope was committed in time."""
        body = json.dumps(
            {"type": request.type, "envelope": request.envelope_id, "payload": request.payload}
        )
        # The outbox knows what we have sent: to be told of it is done as soon as it is kept.
        kept = self._inbox.submit(
            source=SOURCE,
            body=body.encode("ascii"),
            key=_key(request),
            done=is_our_message(request.payload),
        )
        try:
            kept.result(COMMIT_SECONDS)
        except (Unavailable, TimeoutError) as error:
            # Slack shows the person an error, and sends an event again.
            log.warning("envelope not kept", envelope=request.envelope_id, because=repr(error))
            return False
        return True


class _Socket(SocketModeClient):
    """One connection; it is watched from outside and never reconnects by itself."""

    def __init__(
        self, web: WebClient, hear: Callable[[BaseSocketModeClient, SocketModeRequest], None]
    ) -> None:
        super().__init__(
            app_token=web.token or "",
            web_client=web,
            auto_reconnect_enabled=False,
            ping_interval=PING_SECONDS,
            concurrency=THREADS,
        )
        self.socket_mode_request_listeners.append(hear)

    def connect(self) -> None:
        """Connect, and watch for the end of what is read."""
        super().connect()
        session = self.current_session
        if session is not None and session.sock is not None:
            # The SDK calls recv, send, shutdown and close of it, and nothing else.
            session.sock = cast("ssl.SSLSocket", Watched(session.sock))

    def issue_new_wss_url(self) -> str:
        """Return a new address; never sleep on a limit, as the original does: `end` would wait."""
        try:
            return str(self.web_client.apps_connections_open(app_token=self.app_token)["url"])
        except SlackApiError as error:
            message = f"apps.connections.open: {error.response.get('error', 'no answer')}"
            raise SlackClientError(message) from error

    def end(self) -> None:
        """Close the connection and end its threads."""
        self.current_session_state.terminated = True
        session = self.current_session
        if session is not None and session.sock is not None:
            # Wakes the thread that reads: it would go on waiting for three seconds.
            session.sock.shutdown(socket.SHUT_RDWR)
        # Wakes the thread that waits for the next message.
        self.closed = True
        self.message_queue.put(None)
        self.close()


def _key(request: SocketModeRequest) -> str:
    """Return the sender's own id: a repeated event has a new envelope and the same event id."""
    return str(request.payload.get("event_id") or request.envelope_id)
