"""The ear on PostgreSQL: LISTEN on a direct connection, and a ring every second besides."""

import selectors
import socket
import threading
import time

import psycopg
import structlog
from sqlalchemy import Engine, exc

from incidents.errors import Unavailable
from storage.backend import INBOX, JOURNAL, Ring

POLL_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Listener:
    """Rings at the NOTIFY of another process, and every second in case that one was missed.

    `mine` is the payload of this process: its own commits have rung before.
    """

    def __init__(self, engine: Engine, ring: Ring, *, mine: str) -> None:
        self._engine, self._ring, self._mine = engine, ring, mine
        self._wake, self._asleep = socket.socketpair()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="triaged-listen")
        self._thread.start()

    def close(self, *, timeout: float) -> bool:
        """End the thread; False when it still hangs after `timeout` seconds. Safe to repeat."""
        if not self._stopped:
            self._stopped = True
            self._wake.send(b"x")
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        self._wake.close()
        self._asleep.close()
        return True

    def _run(self) -> None:
        while not self._stopped:
            try:
                self._listen()
            except (exc.SQLAlchemyError, psycopg.Error, Unavailable) as error:
                # The waiters look for themselves meanwhile: each ring is a poll.
                log.warning("listening to the database failed", because=type(error).__name__)
                self._ring_all()
                self._pause()

    def _listen(self) -> None:
        with self._engine.connect() as connection:
            direct = connection.connection.driver_connection
            if not isinstance(direct, psycopg.Connection):
                message = f"LISTEN needs psycopg, not {type(direct).__name__}"
                raise TypeError(message)
            direct.execute(f"LISTEN {JOURNAL}")
            direct.execute(f"LISTEN {INBOX}")
            with selectors.DefaultSelector() as selector:
                selector.register(direct.fileno(), selectors.EVENT_READ)
                selector.register(self._asleep, selectors.EVENT_READ)
                poll = time.monotonic()
                while not self._stopped:
                    if time.monotonic() >= poll:
                        # The first time for whatever was committed before LISTEN.
                        self._ring_all()
                        poll = time.monotonic() + POLL_SECONDS
                    selector.select(max(poll - time.monotonic(), 0))
                    self._hear(direct)

    def _hear(self, connection: psycopg.Connection) -> None:
        connection.pgconn.consume_input()
        heard = set[str]()
        while found := connection.pgconn.notifies():
            if found.extra != self._mine.encode():
                heard.add(found.relname.decode())
        for channel in sorted(heard):
            self._ring(channel)

    def _ring_all(self) -> None:
        for channel in (JOURNAL, INBOX):
            self._ring(channel)

    def _pause(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._asleep, selectors.EVENT_READ)
            selector.select(POLL_SECONDS)
