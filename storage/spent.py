"""The table of what budgets have spent: one row per append that carried the key."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Column, Connection, Index, Table, insert, select

from storage.columns import Moment, Words
from storage.schema import METADATA

SPENT = Table(
    "spent",
    METADATA,
    Column("key", Words, nullable=False),
    Column("at", Moment, nullable=False),
)
_ = Index("spent_of_key", SPENT.c.key, SPENT.c.at)


def since(connection: Connection, keys: Collection[str], at: datetime) -> dict[str, list[datetime]]:
    """Return when the keys were spent after that moment."""
    query = select(SPENT.c.key, SPENT.c.at).where(SPENT.c.key.in_(keys), SPENT.c.at > at)
    spent: dict[str, list[datetime]] = {key: [] for key in keys}
    for row in connection.execute(query):
        spent[row.key].append(row.at)
    return spent


def write(connection: Connection, spent: Sequence[tuple[str, datetime]]) -> None:
    """Insert what was spent."""
    connection.execute(insert(SPENT), [{"key": key, "at": at} for key, at in spent])
