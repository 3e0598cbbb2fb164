"""PostgreSQL: the advisory lock, the timeouts, NOTIFY and the database's own clock."""

import os
import socket
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any  # what create_engine takes
from weakref import WeakSet

import psycopg
from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    Table,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from storage.backend import Ring
from storage.listen import Listener
from storage.writer import closed

# Numbers of our own among the advisory locks of the database.
JOURNAL_LOCK = 0x7472_6961_6765
SCHEMA_LOCK = JOURNAL_LOCK + 1

# A replica that is frozen inside a transaction loses it after 2 s, so that whoever waits for its
# lock (4 s at most) goes on. Milliseconds.
TIMEOUTS = {
    "idle_in_transaction_session_timeout": 2_000,
    "lock_timeout": 4_000,
    "statement_timeout": 10_000,
}
# libpq's: a peer that no longer answers is given up, also in the middle of a COMMIT.
NETWORK = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class PostgreSQL:
    """A PostgreSQL database."""

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self._open: WeakSet[psycopg.Connection] = WeakSet()
        self._closed = False
        self._mine = uuid.uuid4().hex
        self.pen = self._engine("triaged pen", size=1)
        self.keeper = self._engine("triaged inbox", size=1)
        self.writer = self._engine("triaged writer", size=8)
        self.reader = self._engine("triaged reader", size=16, isolation="AUTOCOMMIT")

    def lock(self, connection: Connection) -> None:
        """Take the advisory lock; a statement of its own, so that the next one sees all before."""
        connection.execute(select(func.pg_advisory_xact_lock(JOURNAL_LOCK)))

    def lock_schema(self, connection: Connection) -> None:
        """Take the schema's advisory lock, waiting a minute at most, and lift the timeouts."""
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(select(func.pg_advisory_xact_lock(SCHEMA_LOCK)))

    def notify(self, connection: Connection, channel: str) -> datetime:
        """NOTIFY, and ask for the time on the same way; PostgreSQL delivers it at COMMIT."""
        query = select(func.clock_timestamp(), func.pg_notify(channel, self._mine))
        now: datetime = connection.execute(query).scalar_one()
        return now.astimezone(UTC)

    def now(self, connection: Connection) -> datetime:
        """Return the database's clock."""
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)

    def insert(self, table: Table) -> Insert:
        """Return an INSERT that knows ON CONFLICT."""
        return insert(table)

    def snapshot(self, connection: Connection) -> Connection:
        """Let all reads of the connection see one moment."""
        return connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def watch(self, ring: Ring) -> Listener:
        """LISTEN on a connection of its own."""
        engine = self._engine("triaged listen", size=0, isolation="AUTOCOMMIT")
        return Listener(engine, ring, mine=self._mine)

    def sever(self) -> None:
        """Shut the sockets down: whoever hangs on one gets an error, and connects no more."""
        self._closed = True
        for connection in list(self._open):
            with (
                suppress(psycopg.Error, OSError),
                socket.socket(fileno=os.dup(connection.fileno())) as same,
            ):
                same.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close every connection that nobody uses, and open none any more."""
        self._closed = True
        for engine in (self.pen, self.keeper, self.writer, self.reader):
            engine.dispose()

    def _engine(self, name: str, *, size: int, isolation: str = "READ COMMITTED") -> Engine:
        pool: dict[str, Any] = {"pool_size": size, "max_overflow": 0, "pool_timeout": 5}
        engine = create_engine(
            self._url,
            isolation_level=isolation,
            connect_args=self._arguments(name),
            hide_parameters=True,
            # The type is not used: the look-up is a transaction of its own on each new engine.
            use_native_hstore=False,
            **(pool if size else {"poolclass": NullPool, "pool_reset_on_return": None}),
        )
        event.listen(engine, "do_connect", self._connect)
        return engine

    def _arguments(self, name: str) -> dict[str, str | int]:
        given = self._url.query.get("options", "")
        timeouts = [f"-c {setting}={value}" for setting, value in TIMEOUTS.items()]
        options = " ".join((given if isinstance(given, str) else " ".join(given), *timeouts))
        return {"application_name": name, "options": options.strip(), **NETWORK}

    def _connect(
        self, dialect: Dialect, _: ConnectionPoolEntry, words: list[str], options: dict[str, Any]
    ) -> psycopg.Connection:
        """Connect, and remember it from the first moment: it may hang in its first statement."""
        if self._closed:
            raise closed()
        connection: psycopg.Connection = dialect.loaded_dbapi.connect(*words, **options)
        self._open.add(connection)
        return connection
