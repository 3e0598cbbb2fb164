"""The table of events: append-only, in the order of their positions."""

from collections.abc import Iterator, Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    RowMapping,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    insert,
    select,
)

from incidents.journal import Recorded
from storage.chain import Sealed
from storage.columns import Moment
from storage.schema import METADATA

PAGE = 2000

EVENTS = Table(
    "events",
    METADATA,
    # Given out under the pen's lock from the head, so that positions have no gaps and no twins.
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("event_id", String, nullable=False),
    Column("append_id", String, nullable=False),
    Column("cause", String),
    Column("correlation", String),
    Column("kind", String, nullable=False),
    Column("schema", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("key_id", String, nullable=False),
    UniqueConstraint("stream", "version"),
)
FIELDS = tuple(Recorded.__dataclass_fields__)
RECORDED = tuple(EVENTS.c[name] for name in FIELDS)
# What is read all the time is built once: building costs as much as reading.
_OF_STREAM = (
    select(*RECORDED)
    .where(EVENTS.c.stream == bindparam("of_stream"), EVENTS.c.version > bindparam("after"))
    .order_by(EVENTS.c.version)
)
_BEHIND = (
    select(*RECORDED)
    .where(EVENTS.c.position > bindparam("after"))
    .order_by(EVENTS.c.position)
    .limit(bindparam("most"))
)


def write(connection: Connection, sealed: Sequence[Sealed]) -> None:
    """Insert the events."""
    rows = [
        {name: getattr(one.event, name) for name in FIELDS} | {"mac": one.mac, "key_id": one.key_id}
        for one in sealed
    ]
    connection.execute(insert(EVENTS), rows)


def of_stream(connection: Connection, stream: str, *, after: int) -> Sequence[Recorded]:
    """Return the stream's events behind the version `after`."""
    rows = connection.execute(_OF_STREAM, {"of_stream": stream, "after": after})
    return [_recorded(row) for row in rows.mappings()]


def behind(connection: Connection, *, after: int, limit: int) -> Sequence[Recorded]:
    """Return the next events of all streams behind the position `after`."""
    rows = connection.execute(_BEHIND, {"after": after, "most": limit})
    return [_recorded(row) for row in rows.mappings()]


def sealed(connection: Connection) -> Iterator[Sealed]:
    """Yield every event with its seal, page by page: the journal need not fit into memory."""
    after: int | None = None
    while True:
        query = select(EVENTS).order_by(EVENTS.c.position).limit(PAGE)
        page = query if after is None else query.where(EVENTS.c.position > after)
        rows = connection.execute(page).mappings().all()
        for row in rows:
            yield Sealed(event=_recorded(row), mac=bytes(row["mac"]), key_id=row["key_id"])
        if len(rows) < PAGE:
            return
        after = rows[-1]["position"]


def _recorded(row: RowMapping) -> Recorded:
    return Recorded(**{name: row[name] for name in FIELDS})
