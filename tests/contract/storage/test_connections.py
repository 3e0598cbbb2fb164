"""Every connection that a store opens is set as promised; the database and the kernel say so."""

import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar  # Any: a connection of either driver

import psycopg
from sqlalchemy import Pool, event

from incidents.ports import Store
from tests.appends import append, wanted

Opener = Callable[..., Store]
Answer = TypeVar("Answer")
Named = tuple[str, Mapping[str, str | int]]
"""The engine's name, and what it was asked for."""
ENGINES = {"triaged pen", "triaged inbox", "triaged writer", "triaged reader", "triaged listen"}
TIMEOUTS = {
    "lock_timeout": "4s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "2s",
}
NETWORK = {
    "TCP_USER_TIMEOUT": 5000,
    "SO_KEEPALIVE": 1,
    "TCP_KEEPIDLE": 5,
    "TCP_KEEPINTVL": 2,
    "TCP_KEEPCNT": 3,
}
SYNCHRONOUS_FULL = 2
"""https://sqlite.org/pragma.html#pragma_synchronous"""


@contextmanager
def asked(question: Callable[[Any], Answer]) -> Iterator[list[Answer]]:
    """Ask every connection that a pool hands out; gather the answers."""
    answers: list[Answer] = []

    def ask(connection: object, *_: object) -> None:
        answers.append(question(connection))

    event.listen(Pool, "checkout", ask)
    try:
        yield answers
    finally:
        event.remove(Pool, "checkout", ask)


def use(store: Store) -> None:
    """Do something with each part of a store."""
    store.ready()
    store.inbox.submit(source="am", body=b"x").result(10)
    store.journal.append(append())
    store.journal.wait(after=0, timeout=10)
    store.journal.verify()
    store.texts.keep(["x"])
    store.outbox.want("incident-1", 1, [wanted("a")])
    store.leases.acquire("desk", holder="a", seconds=1)
    store.inbox.done([1])


def all_are_asked(answers: Sequence[Named]) -> None:
    """Wait for the ear: it listens on a thread of its own; without it the test fails by itself."""
    pause = threading.Event()
    for _ in range(1000):
        if {name for name, _ in answers} >= ENGINES:
            return
        pause.wait(0.01)


def test_postgresql_ends_what_waits_or_works_too_long(
    postgresql_url: str, open_stores: Opener
) -> None:
    """One statement that hangs would hold the pen, and with it every append, for ever."""
    with asked(timeouts) as answers:
        use(open_stores(postgresql_url))
        all_are_asked(answers)

    assert {name for name, _ in answers} == ENGINES
    assert [one for one in answers if one[1] != TIMEOUTS] == []


def test_a_peer_that_falls_silent_is_given_up(proxied_url: str, open_stores: Opener) -> None:
    """By its default the kernel would wait a quarter of an hour in the middle of a COMMIT."""
    with asked(network) as answers:
        use(open_stores(proxied_url))
        all_are_asked(answers)

    assert {name for name, _ in answers} == ENGINES
    assert [one for one in answers if one[1] != NETWORK] == []


def test_whatever_writes_to_sqlite_waits_for_the_disk(sqlite_url: str, open_stores: Opener) -> None:
    """An alert that was acknowledged must outlive a power cut; all others cannot write."""
    with asked(durability) as answers:
        use(open_stores(sqlite_url))

    assert {one["query_only"] for one in answers} == {0, 1}
    assert {one["journal_mode"] for one in answers} == {"wal"}
    writing = {one["synchronous"] for one in answers if not one["query_only"]}
    assert writing == {SYNCHRONOUS_FULL}


def timeouts(connection: psycopg.Connection) -> Named:
    """Return the engine's name and the server's timeouts for it."""
    shown = {name: _shown(connection, name) for name in TIMEOUTS}
    return _shown(connection, "application_name"), shown


def network(connection: psycopg.Connection) -> Named:
    """Return the engine's name and what the kernel knows of its socket."""
    name = _shown(connection, "application_name")
    with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as same:
        return name, {option: _option(same, option) for option in NETWORK}


def durability(connection: sqlite3.Connection) -> Mapping[str, object]:
    """Return what decides whether a COMMIT outlives a power cut."""
    pragmas = ("query_only", "journal_mode", "synchronous")
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas}


def _shown(connection: psycopg.Connection, setting: str) -> str:
    # The pool's own transaction has not begun, and must find none.
    [row] = connection.execute(f"SHOW {setting}".encode()).fetchall()
    connection.rollback()
    return str(row[0])


def _option(one: socket.socket, name: str) -> int:
    level = socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP
    return one.getsockopt(level, getattr(socket, name))
