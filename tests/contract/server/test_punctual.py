"""Connections that send slowly, against the real server."""

import socket
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from bot.app.punctual import Punctual
from bot.app.server import Server

ASK = b"GET /hello HTTP/1.1\r\nHost: here\r\n"


class Impatient(Punctual):
    """Waits a quarter of a second for headers."""

    seconds = 0.25


@pytest.fixture
def port() -> Iterator[int]:
    """Serve one page, impatiently."""
    app = FastAPI()

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    server = Server(app, host="127.0.0.1", port=0, http=Impatient)
    yield server.start()
    server.stop()


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="says-nothing"),
        pytest.param(ASK, id="never-ends-its-headers"),
    ],
)
def test_a_connection_without_a_request_is_closed(port: int, begun: bytes) -> None:
    """Held open by the thousand, such connections would shut the door for everybody."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(begun)

        assert connection.recv(1000) == b""


def test_a_connection_that_asks_again_is_served_again(port: int) -> None:
    """Alertmanager keeps its connections; only what trickles is cut."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        answers = []
        for _ in range(2):
            connection.sendall(ASK + b"\r\n")
            answers.append(_answer(connection))
        connection.sendall(ASK)

        assert (answers, connection.recv(1000)) == ([b"HTTP/1.1 200 OK"] * 2, b"")


def _answer(connection: socket.socket) -> bytes:
    """Return the status line of a whole answer."""
    answer = b""
    while not answer.endswith(b'"hello"'):
        answer += connection.recv(1000)
    return answer.split(b"\r\n")[0]
