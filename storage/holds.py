"""The table of holds: rules across streams are rows, not hopes."""

from collections.abc import Collection, Mapping

from sqlalchemy import (
    Column,
    Connection,
    Row,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    tuple_,
)

from incidents.journal import Hold
from storage.admission import HoldKey
from storage.columns import Moment, Words
from storage.schema import METADATA

HOLDS = Table(
    "holds",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("stream", String, nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("expires_at", Moment),
)
TOGETHER = 500
"""So many keys are asked for in one question: databases bound how many it may hold."""
ONE = (HOLDS.c.kind == bindparam("of_kind"), HOLDS.c.key == bindparam("of_key"))
_ONE = select(HOLDS).where(*ONE)
_SOME = select(HOLDS).where(
    HOLDS.c.kind == bindparam("of_kind"), HOLDS.c.key.in_(bindparam("keys", expanding=True))
)
_STANDING = select(HOLDS).where(
    tuple_(HOLDS.c.kind, HOLDS.c.key).in_(bindparam("pairs", expanding=True))
)


def standing(connection: Connection, keys: Collection[HoldKey]) -> dict[HoldKey, Hold]:
    """Return those of the holds that somebody has, expired or not."""
    rows = connection.execute(_STANDING, {"pairs": list(keys)})
    return {(row.kind, row.key): _hold(row) for row in rows}


def one(connection: Connection, kind: str, key: str) -> Hold | None:
    """Return the hold as it stands."""
    row = connection.execute(_ONE, {"of_kind": kind, "of_key": key}).first()
    return None if row is None else _hold(row)


def some(connection: Connection, kind: str, keys: Collection[str]) -> Mapping[str, Hold]:
    """Return by key those of one kind that somebody has."""
    found = dict[str, Hold]()
    asked = list(keys)
    for place in range(0, len(asked), TOGETHER):
        wanted = {"of_kind": kind, "keys": asked[place : place + TOGETHER]}
        found |= {row.key: _hold(row) for row in connection.execute(_SOME, wanted)}
    return found


def write(connection: Connection, moved: Mapping[HoldKey, Hold | None]) -> None:
    """Leave the holds as given: None releases."""
    keys = [{"of_kind": kind, "of_key": key} for kind, key in moved]
    connection.execute(delete(HOLDS).where(*ONE), keys)
    taken = [
        {
            "kind": hold.kind,
            "key": hold.key,
            "stream": hold.stream,
            "taken_at": hold.taken_at,
            "expires_at": hold.expires_at,
        }
        for hold in moved.values()
        if hold is not None
    ]
    if taken:
        connection.execute(insert(HOLDS), taken)


def _hold(row: Row[tuple[object, ...]]) -> Hold:
    return Hold(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
