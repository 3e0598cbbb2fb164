"""The table of the inbox: bytes from outside, exactly as they came."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from incidents.errors import Rejected
from incidents.journal import Delivery, Kept
from storage.backend import INBOX as CHANNEL
from storage.backend import Backend
from storage.columns import Moment, Serial, Words
from storage.schema import METADATA

PAGE_BYTES = 64 << 20

INBOX = Table(
    "inbox",
    METADATA,
    Column("inbox_id", Serial, primary_key=True),
    Column("source", String, nullable=False),
    Column("key", Words),
    Column("body", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("set_aside", Words),
    Column("done_at", Moment),
)
KEYED = INBOX.c.key.is_not(None)
ASIDE = INBOX.c.set_aside.is_not(None) & INBOX.c.done_at.is_(None)
PENDING = INBOX.c.done_at.is_(None) & INBOX.c.set_aside.is_(None)
_ = (
    Index(
        "inbox_key",
        INBOX.c.source,
        INBOX.c.key,
        unique=True,
        postgresql_where=KEYED,
        sqlite_where=KEYED,
    ),
    Index("inbox_pending", INBOX.c.inbox_id, postgresql_where=PENDING, sqlite_where=PENDING),
    Index("inbox_aside", INBOX.c.inbox_id, postgresql_where=ASIDE, sqlite_where=ASIDE),
)
DELIVERY = tuple(INBOX.c[name] for name in Delivery.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Bytes that wait to be kept; `done` where nothing is to be done about them."""

    source: str
    body: bytes
    key: str | None
    done: bool


def keep(
    connection: Connection, submissions: Sequence[Submission], *, backend: Backend
) -> Sequence[Kept]:
    """Insert those without a key in one statement; a known key answers what was kept first."""
    received_at = backend.notify(connection, CHANNEL)
    rows = [_row(one, received_at=received_at) for one in submissions]
    plain = [row for row in rows if row["key"] is None]
    ids: Iterator[int] = iter(())
    if plain:
        query = insert(INBOX).returning(INBOX.c.inbox_id, sort_by_parameter_order=True)
        ids = iter(connection.execute(query, plain).scalars().all())
    return [
        Kept(inbox_id=next(ids))
        if row["key"] is None
        else _keep_keyed(connection, row, backend=backend)
        for row in rows
    ]


def pending(connection: Connection, *, limit: int) -> Sequence[Delivery]:
    """Return what is in the line, oldest first, and of big bodies only as many as fit."""
    return _page(connection, PENDING, limit=limit)


def past(
    connection: Connection, kinds: Collection[str], *, after: int, limit: int
) -> Sequence[Delivery]:
    """Return what was kept behind an id, done or not, and of big bodies only as many as fit."""
    named = (INBOX.c.source.startswith(f"{kind}:", autoescape=True) for kind in sorted(kinds))
    wanted = or_(INBOX.c.source.in_(sorted(kinds)), *named)
    return _page(connection, wanted & (INBOX.c.inbox_id > after), limit=limit)


def waiting(connection: Connection) -> bool:
    """Tell whether anything is in the line."""
    return bool(connection.execute(select(exists().where(PENDING))).scalar())


def one(connection: Connection, inbox_id: int) -> Delivery | None:
    """Return one delivery, done or not."""
    found = _deliveries(connection, select(*DELIVERY).where(INBOX.c.inbox_id == inbox_id))
    return found[0] if found else None


def aside(connection: Connection, *, limit: int) -> Sequence[Delivery]:
    """Return what was set aside, newest first."""
    query = select(*DELIVERY).where(ASIDE).order_by(INBOX.c.inbox_id.desc()).limit(limit)
    return _deliveries(connection, query)


def count_aside(connection: Connection) -> int:
    """Return how many deliveries are set aside."""
    return connection.execute(select(func.count()).select_from(INBOX).where(ASIDE)).scalar_one()


def finish(connection: Connection, inbox_ids: Collection[int], *, at: datetime) -> None:
    """Mark deliveries done; those that were done already keep their moment."""
    query = update(INBOX).where(INBOX.c.inbox_id.in_(inbox_ids), INBOX.c.done_at.is_(None))
    connection.execute(query.values(done_at=at))


def count_failure(connection: Connection, inbox_id: int) -> int:
    """Count a failed attempt; raises Rejected when there is no such delivery."""
    query = (
        update(INBOX)
        .where(INBOX.c.inbox_id == inbox_id)
        .values(attempts=INBOX.c.attempts + 1)
        .returning(INBOX.c.attempts)
    )
    attempts: int | None = connection.execute(query).scalar()
    if attempts is None:
        raise _unknown(inbox_id)
    return attempts


def set_aside(connection: Connection, inbox_id: int, *, because: str) -> None:
    """Take a delivery out of the line; raises Rejected when there is no such delivery."""
    query = update(INBOX).where(INBOX.c.inbox_id == inbox_id).values(set_aside=because)
    if not connection.execute(query).rowcount:
        raise _unknown(inbox_id)


def put_back(connection: Connection, inbox_id: int) -> None:
    """Put a delivery back into the line, its failures forgotten; raises Rejected if it is in it."""
    query = update(INBOX).where(INBOX.c.inbox_id == inbox_id, ASIDE)
    if not connection.execute(query.values(set_aside=None, attempts=0)).rowcount:
        message = f"inbox {inbox_id}: it is not set aside"
        raise Rejected(message)


def _row(submission: Submission, *, received_at: datetime) -> Mapping[str, object]:
    return {
        "source": submission.source,
        "key": submission.key,
        "body": submission.body,
        "size": len(submission.body),
        "received_at": received_at,
        "done_at": received_at if submission.done else None,
    }


def _keep_keyed(connection: Connection, row: Mapping[str, object], *, backend: Backend) -> Kept:
    query = backend.insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.inbox_id)
    inbox_id: int | None = connection.execute(query, dict(row)).scalar()
    if inbox_id is not None:
        return Kept(inbox_id=inbox_id)
    same = (INBOX.c.source == row["source"], INBOX.c.key == row["key"])
    first: int = connection.execute(select(INBOX.c.inbox_id).where(*same)).scalar_one()
    return Kept(inbox_id=first, repeated=True)


def _page(connection: Connection, wanted: ColumnElement[bool], *, limit: int) -> Sequence[Delivery]:
    sizes = select(INBOX.c.inbox_id, INBOX.c.size).where(wanted).order_by(INBOX.c.inbox_id)
    chosen: list[int] = []
    weight = 0
    for inbox_id, size in connection.execute(sizes.limit(limit)):
        weight += size
        if chosen and weight > PAGE_BYTES:
            break
        chosen.append(inbox_id)
    query = select(*DELIVERY).where(INBOX.c.inbox_id.in_(chosen)).order_by(INBOX.c.inbox_id)
    return _deliveries(connection, query) if chosen else []


def _deliveries(connection: Connection, query: Select[tuple[object, ...]]) -> Sequence[Delivery]:
    return [_delivery(row) for row in connection.execute(query)]


def _delivery(row: Row[tuple[object, ...]]) -> Delivery:
    return Delivery(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


def _unknown(inbox_id: int) -> Rejected:
    message = f"inbox {inbox_id}: there is no such delivery"
    return Rejected(message)
