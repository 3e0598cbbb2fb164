"""The memory twin: the same promises without a database, for tests and trials."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

from incidents.journal import Aggregate, Append, Appended, Broken, Head, Hold, Recorded, Summary
from incidents.ports import Inbox, Journal, Leases, Outbox, Texts
from storage import chain as chains
from storage.admission import Admitted, Picture, admit, check_form
from storage.chain import Chain, Sealed
from storage.memory_inbox import MemoryInbox
from storage.memory_index import Index
from storage.memory_leases import MemoryLeases
from storage.memory_outbox import MemoryOutbox
from storage.memory_shelf import Shelf
from storage.memory_texts import MemoryTexts
from storage.writer import Hooks

Clock = Callable[[], datetime]


class MemoryStore:
    """A store that forgets everything when the process ends."""

    def __init__(
        self, *, chain: Chain | None = None, hooks: Hooks | None = None, clock: Clock | None = None
    ) -> None:
        chain = chain or Chain(bytes(32))
        self._clock = clock or _now
        self._shelf = Shelf(hooks or Hooks())
        inbox = MemoryInbox(self._shelf, self._clock)
        journal = MemoryJournal(self._shelf, chain, inbox)
        self.inbox: Inbox = inbox
        self.journal: Journal = journal
        self.texts: Texts = MemoryTexts(self._shelf, chain)
        self.outbox: Outbox = MemoryOutbox(self._shelf, journal.picture)
        self.leases: Leases = MemoryLeases(self._shelf, self._clock)

    def now(self) -> datetime:
        """Return the store's own real time, in UTC."""
        return self._clock()

    def ready(self) -> None:
        """Raise Unavailable when the store was closed."""
        self._shelf.commit("pulse", lambda: None)

    def close(self) -> None:
        """Refuse everything from now on; safe to call twice."""
        self._shelf.close()


class MemoryJournal:
    """The journal in memory."""

    def __init__(self, shelf: Shelf, chain: Chain, inbox: MemoryInbox) -> None:
        self._shelf, self._chain, self._inbox = shelf, chain, inbox
        self._rows: list[Sealed] = []
        self._streams: dict[str, list[Recorded]] = {}
        self._index = Index()
        self.picture = Picture()

    def append(self, request: Append) -> Appended:
        """Write all of it, or nothing."""
        check_form(request)
        with self._shelf.locked():
            admitted = admit(self.picture, request, chain=self._chain)
            if admitted.sealed:
                point = f"append {request.stream}-{request.expected + 1}"
                self._shelf.commit(point, lambda: self._enter(admitted))
            return admitted.answer

    def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the stream's events with a version greater than `after`, in order."""
        with self._shelf.locked():
            # Versions begin with 1 and have no gaps.
            return self._streams.get(stream, [])[max(after, 0) :]

    def follow(self, *, after: int, limit: int = 500) -> Sequence[Recorded]:
        """Return the next events of all streams by position."""
        with self._shelf.locked():
            return [row.event for row in self._rows[max(after, 0) :][:limit]]

    def wait(self, *, after: int, timeout: float) -> bool:
        """Wait at most `timeout` real seconds for an event behind position `after`."""
        return self._shelf.wait_until(lambda: self.picture.end.position > after, timeout=timeout)

    def hold(self, kind: str, key: str) -> Hold | None:
        """Return the hold as it stands, expired or not; None when it is free."""
        with self._shelf.locked():
            return self.picture.holds.get((kind, key))

    def holds(self, kind: str, keys: Collection[str]) -> Mapping[str, Hold]:
        """Return by key those of the holds that somebody has, expired or not."""
        with self._shelf.locked():
            found = {key: self.picture.holds.get((kind, key)) for key in keys}
        return {key: hold for key, hold in found.items() if hold is not None}

    def summary(self, stream: str) -> Summary | None:
        """Return the stream's summary; None when there is no such stream."""
        with self._shelf.locked():
            standing = self.picture.streams.get(stream)
            return standing.summary if standing else None

    def summaries(
        self,
        *,
        aggregate: Aggregate,
        incident: int | None = None,
        open_only: bool = False,
        limit: int | None = None,
    ) -> Sequence[Summary]:
        """Return summaries, newest first; `open_only` leaves out those with `closed_at`."""
        with self._shelf.locked():
            rows = self._index.newest(aggregate, open_only=open_only)
            found = (one for one in rows if incident in (None, one.incident))
            return list(islice(found, limit))

    def due(self, now: datetime, *, limit: int = 200) -> Sequence[Summary]:
        """Return the summaries whose `next_due` has come, earliest first."""
        with self._shelf.locked():
            streams = self._index.due(now, limit=limit)
            return [self.picture.streams[stream].summary for stream in streams]

    def last_incident(self) -> int:
        """Return the highest incident number so far; 0 when there is none."""
        with self._shelf.locked():
            return self._index.last

    def head(self) -> Head:
        """Return the desk-wide head of the chain."""
        with self._shelf.locked():
            return self._chain.head(self.picture.end)

    def verify(self, *, heads: Sequence[Head] = ()) -> Broken | None:
        """Recompute the chain, also against heads noted elsewhere; None when all of it holds."""
        with self._shelf.locked():
            rows, end = list(self._rows), self.picture.end
        return chains.verify(rows, chain=self._chain, end=end, noted=heads)

    def _enter(self, admitted: Admitted) -> None:
        self._rows.extend(admitted.sealed)
        for row in admitted.sealed:
            self._streams.setdefault(row.event.stream, []).append(row.event)
        self._index.put(admitted.request.summary)
        self._inbox.finish(admitted.request.inbox)


def _now() -> datetime:
    return datetime.now(UTC)
