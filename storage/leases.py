"""The table of leases: which replica runs the loops, by the store's own clock."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, Connection, String, Table, select, update

from storage.backend import Backend
from storage.columns import EPOCH, Moment
from storage.schema import METADATA
from storage.writer import Writer

LEASES = Table(
    "leases",
    METADATA,
    Column("name", String, primary_key=True),
    Column("holder", String),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease as it stands; `fence` grows whenever it changes hands, or is taken after its end."""

    holder: str | None
    fence: int
    expires_at: datetime


FREE = Lease(holder=None, fence=0, expires_at=EPOCH)


def next_lease(lease: Lease, *, holder: str, seconds: float, now: datetime) -> Lease | None:
    """Return the lease after this holder took or renewed it; None when another has it."""
    expires_at = now + timedelta(seconds=seconds)
    if now >= lease.expires_at:
        return Lease(holder=holder, fence=lease.fence + 1, expires_at=expires_at)
    return replace(lease, expires_at=expires_at) if lease.holder == holder else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlLeases:
    """Leases in a database."""

    backend: Backend
    writer: Writer

    def acquire(self, name: str, *, holder: str, seconds: float) -> int | None:
        """Take or renew the lease; return its fencing number, or None when another has it."""

        def work(connection: Connection) -> int | None:
            lease = self._locked(connection, name)
            now = self.backend.now(connection)
            mine = next_lease(lease, holder=holder, seconds=seconds, now=now)
            if mine is not None:
                _write(connection, name, mine)
            return None if mine is None else mine.fence

        return self.writer.write(f"lease acquire {name}", work)

    def release(self, name: str, *, holder: str) -> None:
        """Give the lease back if this holder has it."""

        def work(connection: Connection) -> None:
            lease = self._locked(connection, name)
            if lease.holder == holder:
                _write(connection, name, replace(lease, holder=None, expires_at=EPOCH))

        self.writer.write(f"lease release {name}", work)

    def _locked(self, connection: Connection, name: str) -> Lease:
        """Return the lease, its row locked until the transaction ends."""
        free = {"name": name, "fence": FREE.fence, "expires_at": FREE.expires_at}
        connection.execute(self.backend.insert(LEASES).on_conflict_do_nothing(), free)
        row = connection.execute(
            select(LEASES).where(LEASES.c.name == name).with_for_update()
        ).one()
        return Lease(holder=row.holder, fence=row.fence, expires_at=row.expires_at)


def _write(connection: Connection, name: str, lease: Lease) -> None:
    connection.execute(
        update(LEASES)
        .where(LEASES.c.name == name)
        .values(holder=lease.holder, fence=lease.fence, expires_at=lease.expires_at)
    )
