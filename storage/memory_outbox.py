"""The outbox of the memory twin."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from incidents.errors import Rejected
from incidents.journal import Calm, Item, Summary, Wanted
from storage import outbox_rules
from storage.admission import Picture
from storage.memory_shelf import Shelf
from storage.outbox_rules import Row


class MemoryOutbox:
    """The outbox in memory."""

    def __init__(self, shelf: Shelf, picture: Picture) -> None:
        self._shelf, self._picture = shelf, picture
        self._rows: dict[str, Row] = {}
        self._rendered: dict[str, int] = {}

    def behind(self, *, limit: int = 50) -> Sequence[Summary]:
        """Return the summaries whose version is newer than the one rendered last."""
        with self._shelf.locked():
            summaries = [standing.summary for standing in self._picture.streams.values()]
            return [one for one in summaries if one.version > self._rendered.get(one.stream, 0)][
                :limit
            ]

    def want(self, stream: str, version: int, rows: Sequence[Wanted]) -> None:
        """Write the stream's wanted rows and the rendered version, unless a newer one stands."""
        with self._shelf.locked():
            if version >= self._rendered.get(stream, 0):
                point = f"outbox want {stream}-{version}"
                self._shelf.commit(point, lambda: self._want(stream, version, rows))

    def get(self, key: str) -> Item | None:
        """Return one row."""
        with self._shelf.locked():
            row = self._rows.get(key)
            return row.item if row else None

    def of(self, stream: str) -> Sequence[Item]:
        """Return the stream's rows by key."""
        return [item for item in self._items() if item.stream == stream]

    def ready(
        self,
        now: datetime,
        *,
        limit: int = 50,
        offset: int = 0,
        edits_only: Collection[str] = (),
    ) -> Sequence[Item]:
        """Return rows to be sent, by priority, then age."""
        with self._shelf.locked():
            rows = sorted(
                (row.item.priority, row.since, row.item.key)
                for row in self._rows.values()
                if row.since is not None
                and self._sendable(row.item, now)
                and (row.item.kind not in edits_only or row.item.sent_digest is not None)
            )
            return [self._rows[key].item for _, _, key in rows[offset:][:limit]]

    def attempt(self, key: str, *, digest: str, at: datetime) -> None:
        """Commit that a request is about to leave; raises Rejected for an unknown key."""
        with self._shelf.locked():
            step = outbox_rules.attempt(self._require(key), digest=digest, at=at)
            self._change(f"outbox attempt {key}", step)

    def sent(
        self, key: str, *, digest: str, remote: Mapping[str, str], calm: Calm | None = None
    ) -> None:
        """Commit that `digest` is outside; raises Rejected when it was not attempted."""
        with self._shelf.locked():
            row, found, line = self._require(key), dict(remote), self._line()
            step = outbox_rules.sent(row, digest=digest, remote=found, line=line, calm=calm)
            self._change(f"outbox sent {key}", step)

    def put_off(self, key: str, *, until: datetime, because: str) -> None:  # noqa: ARG002 - kept for the operator by the databases only
        """Commit that this row waits; counts an attempt."""
        with self._shelf.locked():
            step = outbox_rules.put_off(self._require(key), until=until)
            self._change(f"outbox put off {key}", step)

    def give_up(self, key: str, *, because: str) -> None:
        """Set the row aside, visibly: it will not be sent until its body changes."""
        with self._shelf.locked():
            step = outbox_rules.give_up(self._require(key), because=because)
            self._change(f"outbox give up {key}", step)

    def dead(self) -> Sequence[Item]:
        """Return the rows that were given up, by key."""
        return [item for item in self._items() if item.dead is not None]

    def count_dead(self) -> int:
        """Return how many rows were given up."""
        with self._shelf.locked():
            return sum(row.item.dead is not None for row in self._rows.values())

    def _want(self, stream: str, version: int, wanted: Sequence[Wanted]) -> None:
        if stream in self._picture.streams:
            self._rendered[stream] = version
        line = self._line()
        for offset, one in enumerate(wanted):
            self._rows[one.key] = outbox_rules.want(
                self._rows.get(one.key), one, stream=stream, line=line + offset
            )

    def _sendable(self, item: Item, now: datetime) -> bool:
        in_time = item.not_before is None or item.not_before <= now
        resting = item.counts_only and item.calm is not None and item.calm.until > now
        in_order = all(self._was_sent(key) for key in item.after)
        return item.dead is None and in_time and not resting and in_order

    def _was_sent(self, key: str) -> bool:
        return key in self._rows and self._rows[key].item.sent_digest is not None

    def _change(self, point: str, row: Row) -> None:
        self._shelf.commit(point, lambda: self._rows.update({row.item.key: row}))

    def _items(self) -> list[Item]:
        with self._shelf.locked():
            return [self._rows[key].item for key in sorted(self._rows)]

    def _line(self) -> int:
        return max((row.since or 0 for row in self._rows.values()), default=0) + 1

    def _require(self, key: str) -> Row:
        if key not in self._rows:
            message = f"outbox {key}: there is no such row"
            raise Rejected(message)
        return self._rows[key]
