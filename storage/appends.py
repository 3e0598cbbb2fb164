"""The table of appends: which append id had which result."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    bindparam,
    insert,
    select,
)

from incidents.journal import Append, Appended
from storage.schema import METADATA

APPENDS = Table(
    "appends",
    METADATA,
    Column("append_id", String, primary_key=True),
    Column("stream", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
)
_KNOWN = select(APPENDS).where(APPENDS.c.append_id.in_(bindparam("append_ids", expanding=True)))


def known(connection: Connection, append_ids: Collection[str]) -> Mapping[str, Appended]:
    """Return the first results of those append ids that are known."""
    rows = connection.execute(_KNOWN, {"append_ids": list(append_ids)})
    return {
        row.append_id: Appended(stream=row.stream, version=row.version, position=row.position)
        for row in rows
    }


def write(connection: Connection, results: Sequence[tuple[Append, Appended]]) -> None:
    """Insert the results."""
    rows = [
        {
            "append_id": request.append_id,
            "stream": answer.stream,
            "version": answer.version,
            "position": answer.position,
        }
        for request, answer in results
    ]
    connection.execute(insert(APPENDS), rows)
