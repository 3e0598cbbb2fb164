"""The table of the pulse: one row that is written to see whether the store can commit."""

from sqlalchemy import Column, Connection, Integer, Table, update

from storage.schema import METADATA

PULSE = Table(
    "pulse",
    METADATA,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("beats", Integer, nullable=False),
)


def beat(connection: Connection) -> None:
    """Write one beat."""
    connection.execute(update(PULSE).values(beats=(PULSE.c.beats + 1) % 1_000_000))
