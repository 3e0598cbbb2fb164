"""The table of the head: one row, where the desk-wide chain ends."""

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    select,
    update,
)

from incidents.errors import Rejected
from storage.chain import End
from storage.schema import METADATA

HEAD = Table(
    "head",
    METADATA,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("key_id", String, nullable=False),
)
_ROW = select(HEAD)


def read(connection: Connection) -> End | None:
    """Return the end of the chain; None when somebody has taken the row away."""
    row = connection.execute(_ROW).first()
    return None if row is None else End(position=row.position, mac=bytes(row.mac))


def require(connection: Connection) -> End:
    """Return the end of the chain; raises Rejected when the row is missing."""
    end = read(connection)
    if end is None:
        message = "the head of the journal is missing: verify the journal before anything else"
        raise Rejected(message)
    return end


def key_id(connection: Connection) -> str | None:
    """Return the id of the key that sealed the head; None before the first event."""
    return connection.execute(select(HEAD.c.key_id)).scalar() or None


def write(connection: Connection, end: End, *, key_id: str) -> None:
    """Move the end of the chain."""
    row = {"position": end.position, "mac": end.mac, "key_id": key_id}
    connection.execute(update(HEAD).values(row))
