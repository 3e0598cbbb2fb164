"""A load generator on loopback: so many requests over so many connections, in its own process."""

import argparse
import asyncio
import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
DEADLINE_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class Load:
    """What is left to send, and what came back; times in seconds."""

    request: bytes
    left: int
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)


class Sender(asyncio.Protocol):
    """One connection that sends the next request when the answer to the last one is there."""

    def __init__(self, load: Load, ended: asyncio.Future[None]) -> None:
        self._load, self._ended = load, ended
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Count the answer once it is whole, and go on."""
        self._answer += data
        if not _whole(self._answer):
            return
        self._load.latencies.append(time.perf_counter() - self._sent_at)
        self._load.statuses[int(self._answer[9:12])] += 1
        self._answer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the others go on: a server that stops closes what is idle."""
        if not self._ended.done():
            self._ended.set_result(None)

    def _send(self) -> None:
        if self._load.left <= 0:
            self._transport.close()
            return
        self._load.left -= 1
        self._sent_at = time.perf_counter()
        self._transport.write(self._load.request)


async def post(load: Load, *, port: int, connections: int) -> float:
    """Send everything; return the seconds from the first request to the last answer."""
    loop = asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(connections)]
    started = time.perf_counter()
    for end in ends:
        await loop.create_connection(partial(Sender, load, end), "127.0.0.1", port)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.gather(*ends)
    return time.perf_counter() - started


def request(body: bytes, *, token: str, path: str = "/webhooks/alertmanager") -> bytes:
    """Return one request as Alertmanager words it."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Alertmanager/0.28.1\r\n"
        f"Content-Length: {len(body)}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\n\r\n"
    )
    return head.encode() + body


def main() -> None:
    """Send what the arguments say and print what came back as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--body", type=Path, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--connections", type=int, default=64)
    given = parser.parse_args()
    load = Load(request=request(given.body.read_bytes(), token=given.token), left=given.requests)
    seconds = asyncio.run(post(load, port=given.port, connections=given.connections))
    said = {"seconds": seconds, "statuses": load.statuses, "latencies": load.latencies}
    json.dump(said, sys.stdout)


def _whole(answer: bytes) -> bool:
    head, mark, body = answer.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return bool(mark) and len(body) >= (int(length[1]) if length else 0)


if __name__ == "__main__":
    main()
