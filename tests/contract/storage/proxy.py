"""A TCP proxy in front of PostgreSQL that loses what it is told to lose."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path


class Fault(Enum):
    """What happens to the next COMMIT."""

    NOTHING = "nothing"
    LOST = "the connection is cut before COMMIT arrives"
    IN_FLIGHT = "COMMIT is passed on and the connection is cut at once"
    UNANSWERED = "COMMIT happened, and the connection is cut instead of answering"


class Proxy:
    """Passes bytes between 127.0.0.1 and the server's socket."""

    def __init__(self, server: Path) -> None:
        self.fault = Fault.NOTHING
        # With `fault_stays` nobody connects again after the fault, until `away` is False.
        self.fault_stays = False
        self.away = False
        self._closing = False
        self.stalled = threading.Event()
        self._server = server
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [_thread(self._accept)]

    def cut(self) -> None:
        """Cut every connection."""
        for pair in self._pairs:
            _close(*pair)
        self._pairs.clear()

    def close(self) -> None:
        """Cut everything and end the threads."""
        self._closing = True
        self.stalled.clear()
        # Closing alone would not wake the thread that accepts.
        _close(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._closing:
                client, _ = self._listener.accept()
                if self.away:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                self._pairs.append((client, server))
                self._threads.append(_thread(lambda c=client, s=server: self._upward(c, s)))  # type: ignore[misc] # bound at once
                self._threads.append(_thread(lambda c=client, s=server: self._downward(c, s)))  # type: ignore[misc] # bound at once

    def _upward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while sent := client.recv(65536):
                if b"COMMIT\0" in sent and self.fault in (Fault.LOST, Fault.IN_FLIGHT):
                    passed_on = sent if self.fault is Fault.IN_FLIGHT else b""
                    self._lose()
                    _close(client)
                    server.sendall(passed_on)
                    break
                if not self.stalled.is_set():
                    server.sendall(sent)
        _close(client, server)

    def _downward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while answer := server.recv(65536):
                if b"COMMIT\0" in answer and self.fault is Fault.UNANSWERED:
                    self._lose()
                    break
                client.sendall(answer)
        _close(client, server)

    def _lose(self) -> None:
        self.away = self.fault_stays
        self.fault = Fault.NOTHING


def _thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
