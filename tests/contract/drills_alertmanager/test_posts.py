"""Webhooks go over real HTTP, in threads, under a real deadline."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from drills.alertmanager.config import Webhook
from drills.alertmanager.posts import NO_ANSWER, HttpPost


class Door(ThreadingHTTPServer):
    """A receiver that notes headers, and is slow on /slow."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[dict[str, str]] = []
        self.opened = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self) -> None:
        """Take a post."""
        self.server.seen.append(dict(self.headers))
        if self.path == "/slow":
            self.server.opened.wait(5)
        self.send_response(503 if self.path == "/ill" else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def door() -> Iterator[Door]:
    """Yield a listening receiver."""
    server = Door()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.opened.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def post() -> Iterator[HttpPost]:
    """Yield a poster that loses patience soon."""
    made = HttpPost(timeout=0.3)
    yield made
    made.close()


def test_a_token_travels_as_bearer(door: Door, post: HttpPost) -> None:
    """The door admits nobody without it."""
    url = f"http://127.0.0.1:{door.server_address[1]}/hook"

    assert post(Webhook(url=url, token="t"), b"{}").result(5) == 200
    assert door.seen[0]["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("path", "code"),
    [pytest.param("ill", 503, id="503"), pytest.param("slow", NO_ANSWER, id="too-slow")],
)
def test_the_answer_is_the_status_or_none(door: Door, post: HttpPost, path: str, code: int) -> None:
    """Retries are decided by it."""
    url = f"http://127.0.0.1:{door.server_address[1]}/{path}"

    assert post(Webhook(url=url), b"{}").result(5) == code


def test_nobody_listening_is_no_answer(post: HttpPost) -> None:
    """A receiver that is down is a passing fault."""
    assert post(Webhook(url="http://127.0.0.1:9/hook"), b"{}").result(5) == NO_ANSWER


def test_a_slow_receiver_stops_nobody(door: Door) -> None:
    """The world's clock goes on while an answer is awaited."""
    post = HttpPost(timeout=5)
    url = f"http://127.0.0.1:{door.server_address[1]}"
    before = time.monotonic()
    slow = post(Webhook(url=f"{url}/slow"), b"{}")
    quick = post(Webhook(url=f"{url}/hook"), b"{}")
    wait([quick], 4)

    assert (quick.done(), slow.done(), time.monotonic() - before < 4) == (True, False, True)
    door.opened.set()
    post.close()
