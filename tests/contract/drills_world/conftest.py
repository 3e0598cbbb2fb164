"""A stepped world over loopback, and a receiver for what its Alertmanagers tell."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from drills.alertmanager.config import Webhook
from drills.world import World

TOKEN = "let-me-in"

Body = dict[str, Any]  # Any: a webhook body is open JSON


@dataclass(slots=True)
class Receiver:
    """What came in, and the statuses that the next requests are answered with."""

    url: str
    got: list[Body] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    statuses: list[int] = field(default_factory=list)

    def about(self, alert: str) -> list[tuple[str, str]]:
        """Return who told what about an alert: (externalURL, status), in order of arrival."""
        return [
            (body["externalURL"], body["status"])
            for body in self.got
            if body["groupLabels"].get("alertname") == alert
        ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Serve a receiver that takes everything unless it is told otherwise."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            kept.got.append(json.loads(self.rfile.read(length)))
            kept.tokens.add(self.headers.get("Authorization", ""))
            self.send_response(kept.statuses.pop(0) if kept.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept = Receiver(url=f"http://127.0.0.1:{server.server_port}/webhooks/alertmanager")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def served() -> Iterator[World]:
    """Serve one world, for tests that change nothing in it or begin it anew."""
    world = World()
    world.start()
    yield world
    world.stop()


@pytest.fixture
def world(served: World, receiver: Receiver) -> World:
    """Return the story begun anew, stepped, with the receiver behind both Alertmanagers."""
    served.clock.set_rate(0)
    served.let_gossip(False)
    served.reset()
    served.call(Webhook(url=receiver.url, token=TOKEN))
    return served


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """Return a client that no proxy stands in front of."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def post(world: World, http: requests.Session) -> Callable[[str, object], requests.Response]:
    """Return what posts to the world's control."""

    def posted(path: str, body: object = None) -> requests.Response:
        return http.post(world.addresses.control + path, json=body, timeout=30)

    return posted
