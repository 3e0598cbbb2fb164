"""The ear on PostgreSQL: LISTEN on a direct connection, and a ring every second besides."""

import selectors
import socket
import threading

import psycopg
import structlog
from sqlalchemy import Engine, exc

from incidents.errors import Unavailable
from storage.backend import Ring
from storage.batch import CHANNEL as JOURNAL
from storage.sql_inbox import CHANNEL as INBOX

POLL_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Listener:
    """Rings at every NOTIFY, and every second for the case that one was missed."""

    def __init__(self, engine: Engine, ring: Ring) -> None:
        self._engine, self._ring = engine, ring
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
                self._ring()
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
                while not self._stopped:
                    # Rung first: whatever was committed before LISTEN is seen now.
                    self._ring()
                    selector.select(POLL_SECONDS)
                    _drain(direct)

    def _pause(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._asleep, selectors.EVENT_READ)
            selector.select(POLL_SECONDS)


def _drain(connection: psycopg.Connection) -> None:
    connection.pgconn.consume_input()
    while connection.pgconn.notifies():
        pass
