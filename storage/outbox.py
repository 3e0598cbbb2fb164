"""The tables of the outbox: what should be outside, what is, and what must come first."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    RowMapping,
    Select,
    String,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from incidents.errors import Rejected
from incidents.journal import Calm, Item
from storage.columns import Moment, Words
from storage.outbox_rules import Row
from storage.schema import METADATA

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("key", String, primary_key=True),
    Column("stream", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("lane", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("digest", String, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("after", Words, nullable=False),
    Column("remote", Words, nullable=False),
    Column("sent_digest", String),
    Column("attempted_digest", String),
    Column("attempted_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Moment),
    Column("put_off_because", Words),
    Column("dead", Words),
    Column("since", BigInteger),
    Column("gist", String),
    Column("sent_gist", String),
    Column("calm_until", Moment),
    Column("calm_edits", Integer),
)
# One row per key that must have been sent first: `ready` asks for it in SQL.
AFTER = Table(
    "outbox_after",
    METADATA,
    Column("key", String, primary_key=True),
    Column("first", String, primary_key=True),
)
OPEN = OUTBOX.c.since.is_not(None) & OUTBOX.c.dead.is_(None)
DEAD = OUTBOX.c.dead.is_not(None)
_ = (
    Index(
        "outbox_ready",
        OUTBOX.c.priority,
        OUTBOX.c.since,
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    ),
    Index(
        "outbox_since",
        OUTBOX.c.since,
        postgresql_where=OUTBOX.c.since.is_not(None),
        sqlite_where=OUTBOX.c.since.is_not(None),
    ),
    Index("outbox_dead", OUTBOX.c.key, postgresql_where=DEAD, sqlite_where=DEAD),
    Index("outbox_of_stream", OUTBOX.c.stream),
)
FIELDS = tuple(name for name in Item.__dataclass_fields__ if name != "calm")
_ONE = select(OUTBOX).where(OUTBOX.c.key == bindparam("of_key"))
_OF_STREAM = select(OUTBOX).where(OUTBOX.c.stream == bindparam("of_stream")).order_by(OUTBOX.c.key)
_LOCKED = (
    select(OUTBOX)
    .where(OUTBOX.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(OUTBOX.c.key)
    .with_for_update()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which of the rows that are ready: of the kinds in `edits_only` those sent before."""

    limit: int
    offset: int
    edits_only: frozenset[str]


def locked(connection: Connection, keys: Collection[str]) -> dict[str, Row]:
    """Return the rows, locked in the order of their keys until the transaction ends."""
    found = connection.execute(_LOCKED, {"keys": list(keys)}).mappings()
    return {row["key"]: _row(row) for row in found}


def require(connection: Connection, key: str) -> Row:
    """Return the row, locked; raises Rejected when there is none."""
    rows = locked(connection, [key])
    if key not in rows:
        message = f"outbox {key}: there is no such row"
        raise Rejected(message)
    return rows[key]


def next_line(connection: Connection) -> int:
    """Return a line number behind everything that waits."""
    last: int | None = connection.execute(select(func.max(OUTBOX.c.since))).scalar()
    return (last or 0) + 1


def add(connection: Connection, rows: Iterable[Row]) -> None:
    """Insert rows that are new."""
    values = [_values(row) for row in rows]
    if values:
        connection.execute(insert(OUTBOX), values)


def change(connection: Connection, row: Row, *, because: str | None = None) -> None:
    """Write a row that was locked; `because` says why it was put off."""
    values = _values(row) | {"put_off_because": because}
    connection.execute(update(OUTBOX).where(OUTBOX.c.key == row.item.key).values(values))


def order(connection: Connection, rows: Sequence[Row]) -> None:
    """Write what must have been sent before these rows."""
    connection.execute(delete(AFTER).where(AFTER.c.key.in_([row.item.key for row in rows])))
    pairs = [
        {"key": row.item.key, "first": first} for row in rows for first in sorted({*row.item.after})
    ]
    if pairs:
        connection.execute(insert(AFTER), pairs)


def one(connection: Connection, key: str) -> Item | None:
    """Return one row."""
    row = connection.execute(_ONE, {"of_key": key}).mappings().first()
    return None if row is None else _row(row).item


def of_stream(connection: Connection, stream: str) -> Sequence[Item]:
    """Return the stream's rows by key."""
    found = connection.execute(_OF_STREAM, {"of_stream": stream}).mappings()
    return [_row(row).item for row in found]


def ready(connection: Connection, now: datetime, page: Page) -> Sequence[Item]:
    """Return what is to be sent now, by priority, then age."""
    query = _ready(edits_only=bool(page.edits_only))
    wanted = {"now": now, "kinds": sorted(page.edits_only)}
    wanted |= {"most": page.limit, "passed": page.offset}
    return [_row(row).item for row in connection.execute(query, wanted).mappings()]


@cache
def _ready(*, edits_only: bool) -> Select[tuple[object, ...]]:
    """Build once what is read all the time: building costs more than reading."""
    first = OUTBOX.alias("first")
    missing = (
        select(AFTER.c.key)
        .outerjoin(first, first.c.key == AFTER.c.first)
        .where(AFTER.c.key == OUTBOX.c.key, first.c.sent_digest.is_(None))
    )
    in_time = or_(OUTBOX.c.not_before.is_(None), OUTBOX.c.not_before <= bindparam("now"))
    rested = or_(
        OUTBOX.c.gist.is_(None),
        OUTBOX.c.gist.is_distinct_from(OUTBOX.c.sent_gist),
        OUTBOX.c.calm_until.is_(None),
        OUTBOX.c.calm_until <= bindparam("now"),
    )
    query = (
        select(OUTBOX)
        .where(and_(OPEN, in_time, rested, ~exists(missing)))
        .order_by(OUTBOX.c.priority, OUTBOX.c.since, OUTBOX.c.key)
    )
    if edits_only:
        known = OUTBOX.c.sent_digest.is_not(None)
        strange = OUTBOX.c.kind.not_in(bindparam("kinds", expanding=True))
        query = query.where(or_(known, strange))
    return query.limit(bindparam("most")).offset(bindparam("passed"))


def dead(connection: Connection) -> Sequence[Item]:
    """Return the rows that were given up, by key."""
    return _items(connection, select(OUTBOX).where(DEAD).order_by(OUTBOX.c.key))


def count_dead(connection: Connection) -> int:
    """Return how many rows were given up."""
    return connection.execute(select(func.count()).select_from(OUTBOX).where(DEAD)).scalar_one()


def _items(connection: Connection, query: Select[tuple[object, ...]]) -> Sequence[Item]:
    return [_row(row).item for row in connection.execute(query).mappings()]


def _row(row: RowMapping) -> Row:
    values = {name: row[name] for name in FIELDS}
    read = {"after": tuple(json.loads(row["after"])), "remote": json.loads(row["remote"])}
    return Row(item=Item(**values | read, calm=_calm(row)), since=row["since"])


def _calm(row: RowMapping) -> Calm | None:
    until = row["calm_until"]
    return None if until is None else Calm(until=until, edits=row["calm_edits"])


def _values(row: Row) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(row.item, name) for name in FIELDS}
    calm = row.item.calm
    return values | {
        "after": json.dumps(row.item.after),
        "remote": json.dumps(dict(row.item.remote), sort_keys=True),
        "since": row.since,
        "calm_until": calm.until if calm else None,
        "calm_edits": calm.edits if calm else None,
    }
