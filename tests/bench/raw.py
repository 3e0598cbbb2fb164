"""What a store can do without HTTP: grouped keeps by 64 writers, and a lone writer's commits."""

import json
import sqlite3
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

from incidents.journal import Kept
from incidents.ports import Inbox
from storage.open import open_store

WRITERS = 64
CHAIN_KEY = bytes(range(32))
INSERT = "INSERT INTO inbox (source, body, size, received_at) VALUES (?, ?, ?, ?)"
USAGE = "raw.py grouped|lone ADDRESS BODY-FILE COUNT"


def grouped(inbox: Inbox, body: bytes, *, count: int) -> float:
    """Return the seconds in which 64 writers get `count` bodies kept, each waiting for its own.

    A writer is a callback and not a thread: 64 threads would measure Python's switching.
    """
    left, running = count, WRITERS
    done = threading.Event()

    def submit() -> None:
        nonlocal left, running
        if left <= 0:
            running -= 1
            if not running:
                done.set()
            return
        left -= 1
        inbox.submit(source="bench", body=body).add_done_callback(again)

    def again(kept: Future[Kept]) -> None:
        kept.result()
        submit()

    started = time.perf_counter()
    for _ in range(WRITERS):
        submit()
    done.wait()
    return time.perf_counter() - started


def lone(path: str, body: bytes, *, count: int) -> float:
    """Return the seconds in which one connection of SQLite commits `count` rows, one by one."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        started = time.perf_counter()
        for _ in range(count):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(INSERT, ("bench", body, len(body), time.time_ns() // 1000))
            connection.execute("COMMIT")
        return time.perf_counter() - started


def main(how: str, address: str, body_file: str, number: str) -> None:
    """Measure one of them and print its rate, per second, as JSON."""
    count = int(number)
    body = Path(body_file).read_bytes()
    if how == "lone":
        seconds = lone(address.removeprefix("sqlite:///"), body, count=count)
    else:
        store = open_store(address, chain_key=CHAIN_KEY)
        try:
            seconds = grouped(store.inbox, body, count=count)
        finally:
            store.close()
    json.dump({"rate": count / seconds}, sys.stdout)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(USAGE)
    main(*sys.argv[1:])
