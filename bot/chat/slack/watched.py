"""A socket that says when the other side has ended it."""

import socket

import structlog

log = structlog.get_logger()


class Watched:
    """Wraps a connected socket for the SDK's reader.

    Where a connection ends without a closing frame the SDK reads nothing, again and again, at
    full speed, and holds the lock without which nobody can close it (seen with slack_sdk 3.47).
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._leaving = False

    def recv(self, size: int) -> bytes:
        """Return what has come; raises ConnectionResetError when nothing will come any more."""
        found = self._sock.recv(size)
        if not found and not self._leaving:
            message = "the other side has ended the connection"
            raise ConnectionResetError(message)
        return found

    def send(self, sent: bytes) -> int:
        """Send all of it: the SDK does not look at how much has gone."""
        self._sock.sendall(sent)
        return len(sent)

    def shutdown(self, how: int) -> None:
        """End the connection from this side: whoever reads wakes up with nothing."""
        self._leaving = True
        try:
            self._sock.shutdown(how)
        except OSError as error:
            log.debug("socket was closed by the other side", because=str(error))

    def close(self) -> None:
        """Close the socket."""
        self._leaving = True
        self._sock.close()
