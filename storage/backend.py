"""What a store's database must offer; `postgresql` and `sqlite` differ here and nowhere else."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = postgresql.Insert | sqlite.Insert
"""An INSERT with ON CONFLICT; both databases spell it alike."""

JOURNAL, INBOX = "triaged_journal", "triaged_inbox"
"""The channels: what a commit may be news for."""

Ring = Callable[[str], None]
"""Rings for one channel."""


class Watch(Protocol):
    """A thread that hears of other processes' commits."""

    def close(self, *, timeout: float) -> bool:
        """End the thread; False when it still hangs after `timeout` seconds. Safe to repeat."""


class Backend(Protocol):
    """A database: four engines, a lock, a clock and a way to hear of commits."""

    pen: Engine
    """Appends: one connection."""
    keeper: Engine
    """Inbox keeps: one connection of their own where the database allows it."""
    writer: Engine
    """All other writes."""
    reader: Engine
    """Reads."""

    def lock(self, connection: Connection) -> None:
        """Take the lock under which appends are written, until the transaction ends."""

    def lock_schema(self, connection: Connection) -> None:
        """Take the lock under which the schema changes, and as much time as that needs."""

    def notify(self, connection: Connection, channel: str) -> datetime:
        """Tell other processes, when the transaction commits; return the store's time.

        Our own waiters are told by us.
        """

    def now(self, connection: Connection) -> datetime:
        """Return the store's own real time, in UTC."""

    def insert(self, table: Table) -> Insert:
        """Return an INSERT that knows ON CONFLICT."""

    def snapshot(self, connection: Connection) -> Connection:
        """Return the connection so that all its reads see one moment."""

    def watch(self, ring: Ring) -> Watch:
        """Start to ring a channel whenever another process may have committed news for it."""

    def sever(self) -> None:
        """Cut all connections, so that whoever hangs on one comes back; open none any more."""

    def close(self) -> None:
        """Close every connection that nobody uses; safe to call twice."""
