"""The stand-in on a free port, and real clients that know its address."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import uvicorn
from slack_sdk import WebClient

from drills.slack import serving
from drills.slack.app import build
from drills.slack.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A workspace that is being served."""

    workspace: Workspace
    address: str

    def client(self, **changes: object) -> WebClient:
        """Return a real client that repeats nothing by itself."""
        settings: dict[str, object] = {
            "token": self.workspace.bot_token,
            "base_url": f"{self.address}/api/",
            "retry_handlers": [],
            "timeout": 5,
        }
        return WebClient(**(settings | changes))  # type: ignore[arg-type] # a test names them


def running(server: uvicorn.Server) -> Iterator[str]:
    """Run a server in a thread, yield its address, stop it."""
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def slack() -> Iterator[Served]:
    """A fresh workspace, served on a free port of loopback."""
    workspace = Workspace(now=lambda: datetime.now(UTC))
    for address in running(serving.server(build(workspace))):
        workspace.address = address
        yield Served(workspace=workspace, address=address)


@pytest.fixture
def client(slack: Served) -> WebClient:
    """A real client with the bot's token."""
    return slack.client()
