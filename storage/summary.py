"""The table of summaries: how lists, search and the clock find a stream without folding any."""

from collections.abc import Collection, Mapping, Sequence
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
    bindparam,
    func,
    insert,
    select,
    update,
)

from incidents.journal import Aggregate, Summary
from storage.admission import Standing
from storage.columns import Moment, Words
from storage.schema import METADATA

SUMMARY = Table(
    "summary",
    METADATA,
    Column("stream", String, primary_key=True),
    Column("aggregate", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("incident", Integer),
    Column("state", String, nullable=False),
    Column("title", Words, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("severity", String),
    Column("key", Words),
    Column("closed_at", Moment),
    Column("next_due", Moment),
    Column("digest", String),
    Column("not_after", Moment),
    Column("mac", LargeBinary, nullable=False),
    Column("born", BigInteger, nullable=False),
    Column("rendered", Integer, nullable=False, server_default="0"),
)
_ = (
    Index("summary_newest", SUMMARY.c.aggregate, SUMMARY.c.born),
    Index("summary_of_incident", SUMMARY.c.incident, SUMMARY.c.aggregate, SUMMARY.c.born),
    Index(
        "summary_open",
        SUMMARY.c.aggregate,
        SUMMARY.c.born,
        postgresql_where=SUMMARY.c.closed_at.is_(None),
        sqlite_where=SUMMARY.c.closed_at.is_(None),
    ),
    Index(
        "summary_due",
        SUMMARY.c.next_due,
        SUMMARY.c.born,
        postgresql_where=SUMMARY.c.next_due.is_not(None),
        sqlite_where=SUMMARY.c.next_due.is_not(None),
    ),
    Index(
        "summary_behind",
        SUMMARY.c.born,
        postgresql_where=SUMMARY.c.version > SUMMARY.c.rendered,
        sqlite_where=SUMMARY.c.version > SUMMARY.c.rendered,
    ),
)
FIELDS = tuple(Summary.__dataclass_fields__)
# What is read all the time is built once: building costs as much as reading.
_SOME = select(SUMMARY).where(SUMMARY.c.stream.in_(bindparam("streams", expanding=True)))
_LAST = select(func.max(SUMMARY.c.incident))
_ONE = select(SUMMARY).where(SUMMARY.c.stream == bindparam("of_stream"))
_DUE = (
    select(SUMMARY)
    .where(SUMMARY.c.next_due <= bindparam("now"))
    .order_by(SUMMARY.c.next_due, SUMMARY.c.born)
    .limit(bindparam("most"))
)
_BEHIND = (
    select(SUMMARY)
    .where(SUMMARY.c.version > SUMMARY.c.rendered)
    .order_by(SUMMARY.c.born)
    .limit(bindparam("most"))
)


def standing(connection: Connection, streams: Collection[str]) -> dict[str, Standing]:
    """Return how those of the streams stand that exist."""
    rows = connection.execute(_SOME, {"streams": list(streams)})
    return {
        row["stream"]: Standing(summary=_summary(row), mac=bytes(row["mac"]), born=row["born"])
        for row in rows.mappings()
    }


def write(
    connection: Connection, standings: Mapping[str, Standing], *, new: Collection[str]
) -> None:
    """Write how the streams stand now; those in `new` had no row before."""
    born = [_row(standings[stream]) for stream in standings if stream in new]
    grown = [
        _row(standings[stream]) | {"of_stream": stream} for stream in standings if stream not in new
    ]
    if born:
        connection.execute(insert(SUMMARY), born)
    if grown:
        connection.execute(update(SUMMARY).where(SUMMARY.c.stream == bindparam("of_stream")), grown)


def one(connection: Connection, stream: str) -> Summary | None:
    """Return the stream's summary."""
    row = connection.execute(_ONE, {"of_stream": stream}).mappings().first()
    return None if row is None else _summary(row)


def newest(
    connection: Connection,
    *,
    aggregate: Aggregate,
    incident: int | None,
    open_only: bool,
    limit: int | None,
) -> Sequence[Summary]:
    """Return the summaries of the aggregate, newest stream first."""
    query = _newest(of_incident=incident is not None, open_only=open_only, most=limit is not None)
    wanted = {"of_aggregate": aggregate.value, "of_incident": incident, "most": limit}
    return [_summary(row) for row in connection.execute(query, wanted).mappings()]


@cache
def _newest(*, of_incident: bool, open_only: bool, most: bool) -> Select[tuple[object, ...]]:
    query = select(SUMMARY).where(SUMMARY.c.aggregate == bindparam("of_aggregate"))
    if of_incident:
        query = query.where(SUMMARY.c.incident == bindparam("of_incident"))
    if open_only:
        query = query.where(SUMMARY.c.closed_at.is_(None))
    query = query.order_by(SUMMARY.c.born.desc())
    return query.limit(bindparam("most")) if most else query


def due(connection: Connection, now: datetime, *, limit: int) -> Sequence[Summary]:
    """Return the summaries whose moment has come, earliest first."""
    rows = connection.execute(_DUE, {"now": now, "most": limit})
    return [_summary(row) for row in rows.mappings()]


def last_incident(connection: Connection) -> int:
    """Return the highest incident number so far; 0 when there is none."""
    return connection.execute(_LAST).scalar() or 0


def behind(connection: Connection, *, limit: int) -> Sequence[Summary]:
    """Return the summaries that have grown since they were rendered, oldest stream first."""
    return [_summary(row) for row in connection.execute(_BEHIND, {"most": limit}).mappings()]


def rendered(connection: Connection, stream: str, version: int) -> bool:
    """Note the rendered version; False when a newer one was rendered already."""
    mine = SUMMARY.c.stream == stream
    query = update(SUMMARY).where(mine, SUMMARY.c.rendered <= version).values(rendered=version)
    if connection.execute(query).rowcount:
        return True
    return connection.execute(select(SUMMARY.c.stream).where(mine)).first() is None


def _row(standing: Standing) -> dict[str, object]:
    row = {name: getattr(standing.summary, name) for name in FIELDS}
    return row | {
        "aggregate": standing.summary.aggregate.value,
        "mac": standing.mac,
        "born": standing.born,
    }


def _summary(row: RowMapping) -> Summary:
    values = {name: row[name] for name in FIELDS}
    return Summary(**values | {"aggregate": Aggregate(row["aggregate"])})
