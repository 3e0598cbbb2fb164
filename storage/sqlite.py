"""SQLite: one writer that begins immediately, readers beside it, and PRAGMA data_version."""

import os
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from incidents.errors import Rejected, Unavailable
from storage.backend import INBOX, JOURNAL, Ring
from storage.schema import SCHEMA_REVISION
from storage.writer import closed

BUSY_SECONDS = 4.0
POLL_SECONDS = 0.15
OTHERS = stat.S_IRWXG | stat.S_IRWXO
OURS = {SCHEMA_REVISION.name, "events"}
"""Tables that every revision has; they come into being in one transaction."""


class SQLite:
    """A SQLite file; only one process writes much, and others may write a little."""

    def __init__(self, url: URL) -> None:
        self._path = _private(url)
        self._closed = False
        # One connection: in this process writers queue up instead of finding the file busy.
        self.writer = self._engine(size=1, begin="BEGIN IMMEDIATE", pragmas=("synchronous=FULL",))
        self.reader = self._engine(size=16, begin="BEGIN", pragmas=("query_only=ON",))
        self.pen = self.keeper = self.writer

    def lock(self, connection: Connection) -> None:
        """Do nothing: BEGIN IMMEDIATE has the lock."""

    def lock_schema(self, connection: Connection) -> None:
        """Do nothing: BEGIN IMMEDIATE has the lock."""

    def notify(self, connection: Connection, channel: str) -> datetime:  # noqa: ARG002 - the port's
        """Return the time: other processes see `PRAGMA data_version` change."""
        return self.now(connection)

    def now(self, _: Connection) -> datetime:
        """Return this machine's clock: the file is on it."""
        return datetime.now(UTC)

    def insert(self, table: Table) -> Insert:
        """Return an INSERT that knows ON CONFLICT."""
        return insert(table)

    def snapshot(self, connection: Connection) -> Connection:
        """Return the connection: a transaction of SQLite sees one moment."""
        return connection

    def watch(self, ring: Ring) -> "Versions":
        """Watch the file's version."""
        return Versions(self._path, ring)

    def sever(self) -> None:
        """Do nothing: no call of SQLite outlasts the busy timeout."""

    def close(self) -> None:
        """Close every connection that nobody uses, and open none any more."""
        self._closed = True
        self.reader.dispose()
        self.writer.dispose()

    def _engine(self, *, size: int, begin: str, pragmas: tuple[str, ...]) -> Engine:
        engine = create_engine(
            URL.create("sqlite", database=str(self._path)),
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=0,
            pool_timeout=5,
            hide_parameters=True,
            # BEGIN is ours: the driver would begin late, and never before a SELECT.
            connect_args={
                "timeout": BUSY_SECONDS,
                "isolation_level": None,
                "check_same_thread": False,
            },
        )

        def prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
            for pragma in ("journal_mode=WAL", *pragmas):
                connection.execute(f"PRAGMA {pragma}")

        def start(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        event.listen(engine, "do_connect", self._refuse)
        event.listen(engine, "connect", prepare)
        event.listen(engine, "begin", start)
        return engine

    def _refuse(self, *_: object) -> None:
        if self._closed:
            raise closed()


class Versions:
    """Rings when `PRAGMA data_version` says that another connection has committed."""

    def __init__(self, path: Path, ring: Ring) -> None:
        self._path, self._ring = path, ring
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="triaged-data-version")
        self._thread.start()

    def close(self, *, timeout: float) -> bool:
        """End the thread; False when it still hangs after `timeout` seconds. Safe to repeat."""
        self._stopped.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as connection:
            seen = None
            while not self._stopped.wait(POLL_SECONDS):
                version = connection.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    seen = version
                    self._ring(JOURNAL)
                    self._ring(INBOX)


def _private(url: URL) -> Path:
    """Return the file's path; it is ours, and readable by its owner alone before it is written."""
    if url.database in (None, "", ":memory:"):
        message = "sqlite: the address names no file; use memory: for a store without one"
        raise Rejected(message)
    path = Path(str(url.database)).absolute()
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        _check_ours(path)
        if path.stat().st_mode & OTHERS:
            path.chmod(0o600)
    except OSError as error:
        message = f"sqlite {path}: {error.strerror}"
        raise Rejected(message) from error
    return path


def _check_ours(path: Path) -> None:
    """Refuse a file in which somebody else keeps something, before anything of it is changed."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
            found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.OperationalError as error:
        message = f"sqlite {path}: {error}"
        raise Unavailable(message) from error
    except sqlite3.DatabaseError as error:
        message = f"sqlite {path}: {error}"
        raise Rejected(message) from error
    if found and not found >= OURS:
        message = (
            f"sqlite {path}: this database belongs to another program "
            f"(it holds {min(found)!r}): name another file"
        )
        raise Rejected(message)
