"""Reads an HTTP body within a deadline and a size: a dripping server must not hold a loop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from urllib3.response import BaseHTTPResponse

CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long one request may take, in real seconds, and how large its answer may be, in bytes.

    `read` bounds each wait for bytes; `total` bounds all of them together (the last wait may
    exceed it by at most `read`), with all pages and repeats of a read. A list is asked for in
    pages of `page` objects and holds at most `most`.
    """

    connect: float = 2.0
    read: float = 8.0
    total: float = 10.0
    size: int = 64 * 1024 * 1024
    page: int = 500
    most: int = 10_000

    @property
    def timeout(self) -> tuple[float, float]:
        """Return the pair that requests and urllib3 understand."""
        return (self.connect, self.read)


class Unfinished(Exception):
    """The body did not end within its limits."""


def read_all(
    body: BaseHTTPResponse,
    *,
    started: float,
    limits: Limits,
    monotonic: Callable[[], float] = time.monotonic,
) -> bytes:
    """Return the whole body; raises Unfinished, or what urllib3 raises when the line breaks.

    A body that did not end is closed: its connection is of no further use.
    """
    try:
        return _read(body, started=started, limits=limits, monotonic=monotonic)
    except BaseException:
        body.close()
        raise


def _read(
    body: BaseHTTPResponse, *, started: float, limits: Limits, monotonic: Callable[[], float]
) -> bytes:
    found = bytearray()
    # read1 returns what one look at the socket brings; read() would wait for a full chunk.
    while chunk := body.read1(CHUNK):
        found += chunk
        if len(found) > limits.size:
            message = f"the answer is larger than {limits.size} bytes"
            raise Unfinished(message)
        if monotonic() - started > limits.total:
            message = f"the answer took longer than {limits.total:g} s"
            raise Unfinished(message)
    return bytes(found)
