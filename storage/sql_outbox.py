"""The outbox of a database: each step is one small transaction."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from incidents.journal import Calm, Item, Summary, Wanted
from storage import outbox, outbox_rules, summary
from storage.outbox_rules import Row
from storage.writer import Reader, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlOutbox:
    """The outbox in a database."""

    writer: Writer
    reader: Reader

    def behind(self, *, limit: int = 50) -> Sequence[Summary]:
        """Return the summaries whose version is newer than the one rendered last."""
        return self.reader.read("outbox behind", lambda c: summary.behind(c, limit=limit))

    def want(self, stream: str, version: int, rows: Sequence[Wanted]) -> None:
        """Write the stream's wanted rows and the rendered version in one transaction.

        Nothing is written when a newer version was rendered already: a slow renderer is late.
        """

        def work(connection: Connection) -> None:
            if summary.rendered(connection, stream, version):
                _want(connection, stream, rows)

        self.writer.write(f"outbox want {stream}-{version}", work)

    def get(self, key: str) -> Item | None:
        """Return one row."""
        return self.reader.read("outbox get", lambda c: outbox.one(c, key))

    def of(self, stream: str) -> Sequence[Item]:
        """Return the stream's rows."""
        return self.reader.read("outbox of", lambda c: outbox.of_stream(c, stream))

    def ready(
        self,
        now: datetime,
        *,
        limit: int = 50,
        offset: int = 0,
        edits_only: Collection[str] = (),
    ) -> Sequence[Item]:
        """Return rows to be sent, by priority, then age."""
        page = outbox.Page(limit=limit, offset=offset, edits_only=frozenset(edits_only))
        return self.reader.read("outbox ready", lambda c: outbox.ready(c, now, page))

    def attempt(self, key: str, *, digest: str, at: datetime) -> None:
        """Commit that a request is about to leave; raises Rejected for an unknown key."""

        def step(row: Row, _: int) -> Row:
            return outbox_rules.attempt(row, digest=digest, at=at)

        self._change(f"outbox attempt {key}", key, step)

    def sent(
        self, key: str, *, digest: str, remote: Mapping[str, str], calm: Calm | None = None
    ) -> None:
        """Commit that `digest` is outside; raises Rejected when it was not attempted."""

        def step(row: Row, line: int) -> Row:
            found = dict(remote)
            return outbox_rules.sent(row, digest=digest, remote=found, line=line, calm=calm)

        self._change(f"outbox sent {key}", key, step)

    def put_off(self, key: str, *, until: datetime, because: str) -> None:
        """Commit that this row waits; counts an attempt."""

        def step(row: Row, _: int) -> Row:
            return outbox_rules.put_off(row, until=until)

        self._change(f"outbox put off {key}", key, step, because=because)

    def give_up(self, key: str, *, because: str) -> None:
        """Set the row aside, visibly: it will not be sent until its body changes."""

        def step(row: Row, _: int) -> Row:
            return outbox_rules.give_up(row, because=because)

        self._change(f"outbox give up {key}", key, step)

    def dead(self) -> Sequence[Item]:
        """Return the rows that were given up."""
        return self.reader.read("outbox dead", outbox.dead)

    def count_dead(self) -> int:
        """Return how many rows were given up."""
        return self.reader.read("outbox count dead", outbox.count_dead)

    def _change(
        self, point: str, key: str, step: Callable[[Row, int], Row], *, because: str | None = None
    ) -> None:
        def work(connection: Connection) -> None:
            row = outbox.require(connection, key)
            outbox.change(connection, step(row, outbox.next_line(connection)), because=because)

        self.writer.write(point, work)


def _want(connection: Connection, stream: str, wanted: Sequence[Wanted]) -> None:
    known = outbox.locked(connection, [one.key for one in wanted])
    line = outbox.next_line(connection)
    rows = {
        one.key: outbox_rules.want(known.get(one.key), one, stream=stream, line=line + offset)
        for offset, one in enumerate(wanted)
    }
    outbox.add(connection, (row for key, row in rows.items() if key not in known))
    for key in sorted(rows.keys() & known.keys()):
        if rows[key] != known[key]:
            outbox.change(connection, rows[key])
    if rows:
        outbox.order(connection, list(rows.values()))
