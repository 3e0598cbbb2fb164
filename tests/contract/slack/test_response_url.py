"""What becomes of an answer at a response URL, over real connections."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import structlog

from bot.chat.slack.answers import Caller, client
from bot.chat.slack.response_url import ResponseUrls
from bot.delivery.deliverer import PutOff, Unknown

SHOWN = {"text": "INC-1 is yours.", "blocks": []}


@dataclass(slots=True, kw_only=True)
class Answering:
    """A server that answers every request as it is told, and remembers them."""

    address: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    requests: list[tuple[str, str, object]] = field(default_factory=list)

    def respond(self, path: str = "/response/secret") -> bool:
        """Answer at an address of this server, which is the Slack that was configured."""
        caller = Caller(client("xoxb-1", f"{self.address}/api/", timeout=2))
        return caller.respond(f"{self.address}{path}", SHOWN)


@pytest.fixture
def server() -> Iterator[Answering]:
    """Serve on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # where a redirect that is followed would come
            self.do_POST()

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            sent = self.rfile.read(length)
            answering.requests.append((self.command, self.path, json.loads(sent or b"null")))
            self.send_response(answering.status)
            for name, value in answering.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answering.body)

        def log_message(self, *_: object) -> None:
            pass

    served = HTTPServer(("127.0.0.1", 0), Handler)
    answering = Answering(address=f"http://127.0.0.1:{served.server_port}")
    thread = threading.Thread(target=served.serve_forever, args=(0.01,))
    thread.start()
    yield answering
    served.shutdown()
    thread.join()
    served.server_close()


def test_an_answer_is_for_the_person_alone_and_leaves_the_card(server) -> None:
    """Slack would let a click's answer take the place of the message with the button."""
    assert server.respond()

    assert server.requests == [
        (
            "POST",
            "/response/secret",
            {"response_type": "ephemeral", "replace_original": False, **SHOWN},
        )
    ]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(404, b'{"ok": false, "error": "expired_url"}', id="expired"),
        pytest.param(404, b'{"ok": false, "error": "used_url"}', id="used-up"),
        pytest.param(403, b"action_prohibited", id="no-json"),
        pytest.param(200, b'{"ok": false, "error": "invalid_blocks"}', id="fine-in-http-only"),
    ],
)
def test_what_slack_refuses_was_not_shown(server, status, body) -> None:
    """Then there is the other way to tell the person."""
    server.status, server.body = status, body

    assert server.respond() is False


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(server, status) -> None:
    """It could lead anywhere in our network."""
    server.status, server.headers = status, {"location": f"{server.address}/inside"}

    assert server.respond() is False
    assert [path for _, path, _ in server.requests] == ["/response/secret"]


def test_a_limit_is_waited_for(server) -> None:
    """It was certainly not shown, so it can be said later."""
    server.status, server.headers = 429, {"retry-after": "7"}

    with pytest.raises(PutOff) as raised:
        server.respond()

    assert raised.value.seconds == 7


def test_an_error_of_slacks_leaves_it_open(server) -> None:
    """It may have been shown: nobody can tell."""
    server.status = 502

    with pytest.raises(Unknown):
        server.respond()


def test_nobody_there_is_certainly_not_shown() -> None:
    """A network that lets the Web API through may not let this through."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert Answering(address=f"http://127.0.0.1:{port}").respond() is False


def test_the_way_out_is_that_of_the_web_api(server) -> None:
    """Where a proxy is the only way out, an answer that ignores it reaches nobody."""
    slack = "http://slack.example"
    responses = ResponseUrls(api=f"{slack}/api/", proxy=server.address, timeout=2)

    assert responses.post(f"{slack}/response/secret", SHOWN)
    assert [path for _, path, _ in server.requests] == [f"{slack}/response/secret"]


def test_a_place_that_is_not_slacks_is_not_asked(server) -> None:
    """The address comes from outside: it must not open doors inside our network."""
    caller = Caller(client("xoxb-1", "https://slack.com/api/"))

    assert caller.respond(f"{server.address}/response/secret", SHOWN) is False
    assert server.requests == []


@pytest.mark.parametrize("status", [200, 302, 404, 429, 502])
def test_the_address_stands_in_no_line_and_no_error(server, status) -> None:
    """Whoever reads it could speak in our name for half an hour."""
    server.status, error = status, None

    with structlog.testing.capture_logs() as lines:
        try:
            server.respond()
        except (PutOff, Unknown) as raised:
            error = raised

    assert "secret" not in f"{lines} {error!r} {error} {error and error.__cause__!r}"
