"""The relay: stands between the Alertmanagers and a desk that dies, and remembers every answer."""

import hashlib
import http.client
import http.server
import json
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import ClassVar
from urllib.parse import urlsplit

from tests.crash.orphans import end_with_parent
from tests.rehearsing import get, post

DOWN, BROKEN = 503, 502
PATIENCE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A relay that runs in a process of its own."""

    address: str
    pid: int

    @property
    def webhook(self) -> str:
        """Return where the Alertmanagers notify."""
        return f"{self.address}/webhooks/alertmanager"

    def lead_to(self, desk: str | None) -> None:
        """Pass deliveries on to this address; None answers 503 to all."""
        post(f"{self.address}/control/desk", {"address": desk})

    def forget(self) -> None:
        """Forget what was delivered."""
        post(f"{self.address}/control/forget", {})

    def acknowledged(self) -> list[str]:
        """Return the SHA-256 of every body that was answered with 2xx, oldest first."""
        found: list[str] = get(f"{self.address}/control/acknowledged")
        return found

    def stop(self) -> None:
        """End the process."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def start() -> Relay:
    """Start a relay; call it while this process has one thread, because it forks."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    pid = os.fork()
    if not pid:
        _serve(listening)
    listening.close()
    return Relay(address=f"http://127.0.0.1:{port}", pid=pid)


def _serve(listening: socket.socket) -> None:
    end_with_parent()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.serve_forever()
    os._exit(1)


class _Handler(http.server.BaseHTTPRequestHandler):
    # One delivery at a time: the points of a story come in the same order in every run.
    turn: ClassVar[Lock] = Lock()
    desk: ClassVar[str | None] = None
    good: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self._answer(200, _Handler.good)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/control/desk":
            _Handler.desk = json.loads(body)["address"]
            self._answer(200, {})
        elif self.path == "/control/forget":
            _Handler.good = []
            self._answer(200, {})
        else:
            with _Handler.turn:
                self._pass_on(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's
        """Say nothing."""

    def _pass_on(self, body: bytes) -> None:
        if _Handler.desk is None:
            self._answer(DOWN, {})
            return
        parts = urlsplit(_Handler.desk)
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
        headers = {name: self.headers[name] for name in ("Content-Type", "Authorization")}
        try:
            connection.request("POST", self.path, body=body, headers=headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            status = BROKEN
        finally:
            connection.close()
        if status // 100 == 2:
            _Handler.good.append(hashlib.sha256(body).hexdigest())
        self._answer(status, {})

    def _answer(self, status: int, said: list[str] | Mapping[str, object]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
