"""The stand-in on a free port, and real clients that know its address."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from drills.slack import serving
from drills.slack.app import build
from drills.slack.deliveries import ACK_WITHIN
from drills.slack.workspace import BOT_SCOPES, Workspace

PATIENCE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A workspace that is being served."""

    workspace: Workspace
    address: str

    def client(self, *, token: str | None = None, timeout: int = 5) -> WebClient:
        """Return a real client that repeats nothing by itself."""
        return WebClient(
            token=self.workspace.bot_token if token is None else token,
            base_url=f"{self.address}/api/",
            retry_handlers=[],
            timeout=timeout,
        )

    def control(self, path: str, **body: object) -> httpx.Response:
        """Post to the control door."""
        return httpx.post(f"{self.address}/control/{path}", json=body, timeout=PATIENCE)

    def state(self) -> dict[str, object]:
        """Return the workspace as the control door shows it."""
        return dict(httpx.get(f"{self.address}/control/state", timeout=PATIENCE).json())

    def hang_up(self, *sockets: SocketModeClient) -> None:
        """End connections from this side first: the client alone takes three seconds."""
        for socket in sockets:
            socket.auto_reconnect_enabled = False
        self.control("disconnect", reason="")
        for socket in sockets:
            # Closing while the socket notices by itself would raise in the SDK.
            _until(lambda socket=socket: not socket.is_connected())
            socket.close()

    def committed(self, method: str) -> list[bool]:
        """Return for each call of a method whether it was carried out."""
        return [call.committed for call in self.workspace.calls if call.method == method]


@dataclass(slots=True, kw_only=True)
class App:
    """An app with one real Socket Mode connection; `silent` keeps it from acknowledging."""

    socket: SocketModeClient
    heard: list[SocketModeRequest] = field(default_factory=list)
    silent: bool = False
    answer: dict[str, object] | None = None

    def hear(self, socket: SocketModeClient, request: SocketModeRequest) -> None:
        """Keep a request, and acknowledge it unless silent."""
        self.heard.append(request)
        if not self.silent:
            response = SocketModeResponse(envelope_id=request.envelope_id, payload=self.answer)
            socket.send_socket_mode_response(response)


def _until(fact: Callable[[], object]) -> None:
    """Wait until something is so; fail after five seconds."""
    end = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


@contextmanager
def _served() -> Iterator[Served]:
    workspace = Workspace(now=lambda: datetime.now(UTC))
    server = serving.server(build(workspace))
    thread = threading.Thread(target=server.run)
    thread.start()
    _until(lambda: server.started)
    workspace.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield Served(workspace=workspace, address=workspace.address)
    finally:
        server.should_exit = True
        thread.join()


def _connected(slack: Served) -> App:
    token = slack.workspace.app_token
    socket = SocketModeClient(
        app_token=token, web_client=slack.client(token=token), auto_reconnect_enabled=False
    )
    app = App(socket=socket)
    socket.socket_mode_request_listeners.append(app.hear)
    socket.connect()
    return app


@pytest.fixture(scope="session")
def shared() -> Iterator[Served]:
    """Serve one workspace to all tests; each begins with `slack`, which resets it."""
    with _served() as served:
        yield served


@pytest.fixture
def slack(shared: Served) -> Served:
    """Begin again, with every switch where it stands in a new workspace."""
    workspace = shared.workspace
    workspace.reset()
    workspace.scopes, workspace.revoked = BOT_SCOPES, False
    workspace.limits.tiers = workspace.limits.pacing = True
    workspace.create_race = timedelta(0)
    workspace.deliveries.ack_within = ACK_WITHIN
    return shared


@pytest.fixture
def client(slack: Served) -> WebClient:
    """Return a real client with the bot's token."""
    return slack.client()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Return the function that waits for something to become so."""
    return _until


@pytest.fixture
def connect(slack: Served) -> Iterator[Callable[[], App]]:
    """Return the function that connects an app; all are closed at the end."""
    apps: list[App] = []

    def connected() -> App:
        apps.append(_connected(slack))
        return apps[-1]

    yield connected
    slack.hang_up(*[app.socket for app in apps])


@pytest.fixture
def app(connect: Callable[[], App]) -> App:
    """Return an app with one connection."""
    return connect()


@pytest.fixture(scope="module")
def standing(shared: Served) -> Iterator[App]:
    """Connect one app for a whole module: ending a connection takes the SDK a second."""
    app = _connected(shared)
    yield app
    shared.hang_up(app.socket)


@pytest.fixture
def card(client: WebClient) -> dict[str, str]:
    """Return where a message with a button called `approve` stands."""
    button = {
        "type": "button",
        "action_id": "approve",
        "value": "digest",
        "text": {"type": "plain_text", "text": "Go"},
    }
    blocks = [{"type": "actions", "block_id": "ask", "elements": [button]}]
    posted = client.chat_postMessage(channel="#incidents", text="May I?", blocks=blocks)
    return {"channel": posted["channel"], "ts": posted["ts"]}
