"""Pours deliveries over a desk at a steady rate, whether it keeps up or not, in its own process."""

import argparse
import asyncio
import json
import re
import sys
import time
from collections import Counter
from pathlib import Path

from tests.bench.generator import request

CONNECTIONS = 64
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

Lines = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def pour(bodies: list[bytes], *, port: int, token: str, seconds: float) -> dict[str, object]:
    """Send each body at its moment; return statuses, latencies and when the last one had left.

    The latency counts from the moment at which it was due, so that waiting is not left out.
    """
    free: asyncio.Queue[Lines] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    statuses, latencies = Counter[int](), list[float]()
    began = time.perf_counter()

    async def send(number: int, body: bytes) -> float:
        due = began + number * seconds / len(bodies)
        await asyncio.sleep(due - time.perf_counter())
        reader, writer = await free.get()
        writer.write(request(body, token=token))
        await writer.drain()
        sent = time.perf_counter()
        statuses[await _status(reader)] += 1
        latencies.append(time.perf_counter() - due)
        free.put_nowait((reader, writer))
        return sent

    sent = await asyncio.gather(*(send(number, body) for number, body in enumerate(bodies)))
    return {"statuses": statuses, "latencies": latencies, "began": began, "last": sent[-1]}


async def _status(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    found = LENGTH.search(head)
    if found is not None:
        await reader.readexactly(int(found[1]))
    return int(head[9:12])


def main() -> None:
    """Send the bodies of a folder, in the order of their names, and print what came back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--bodies", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    bodies = [file.read_bytes() for file in sorted(given.bodies.iterdir())]
    said = asyncio.run(pour(bodies, port=given.port, token=given.token, seconds=given.seconds))
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
