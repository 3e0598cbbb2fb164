"""A server of the test that fails in every way, and counts how often it was asked."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cluster.clients.bounded import Limits

# What the shared suites assert is then told as in a test module.
pytest.register_assert_rewrite("tests.contract.cluster.kubernetes_actions")
pytest.register_assert_rewrite("tests.contract.cluster.kubernetes_life")
pytest.register_assert_rewrite("tests.contract.cluster.kubernetes_reads")
pytest.register_assert_rewrite("tests.contract.cluster.kubernetes_writes")


@dataclass
class Faulty:
    """What the server does, and what it was asked: (method, path, headers, body)."""

    address: str = ""
    behave: Callable[["Handler"], None] = lambda _: None
    asked: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Notes the request and misbehaves."""

    protocol_version = "HTTP/1.1"
    faulty: Faulty

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.faulty.asked.append((self.command, self.path, headers, self.rfile.read(length)))
        self.faulty.behave(self)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  the names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, status: int, body: object = b"", **headers: str) -> None:
        """Send a whole answer."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Length": str(len(sent))} | given).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)

    def cut(self) -> None:
        """Close the connection where it is."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def hang(self) -> None:
        """Answer nothing until the test is over."""
        self.faulty.over.wait(10)
        self.close_connection = True

    def drip(self) -> None:
        """Send a byte now and then, for ever."""
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while not self.faulty.over.wait(0.05):
            try:
                self.wfile.write(b" ")
            except OSError:
                break
        self.close_connection = True


class Server(ThreadingHTTPServer):
    """Serves in threads that end with the test."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that went away is what the test is about."""


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    """Yield the faulty server."""
    made = Faulty()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"faulty": made}))
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.over.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def nobody() -> str:
    """Return an address at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def limits() -> Limits:
    """Return limits that a test can wait for."""
    return Limits(connect=0.5, read=0.3, total=0.6, size=10_000)
