"""Ports: what the core asks of the outside, each with its promise."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from incidents.journal import (
    Aggregate,
    Append,
    Appended,
    Broken,
    Calm,
    Delivery,
    Head,
    Hold,
    Item,
    Kept,
    Recorded,
    Summary,
    Wanted,
)

Clock = Callable[[], datetime]
"""Returns the moment, aware and in UTC."""


class Journal(Protocol):
    """The append-only journal with its holds and summaries."""

    def append(self, request: Append) -> Appended:
        """Write all of it in one transaction.

        A known append id returns the first result. Raises VersionConflict, HoldConflict or
        RequirementConflict when somebody was first, Unavailable when it could not be committed
        (a COMMIT whose answer was lost is read back first).
        """

    def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the stream's events with a version greater than `after`, in order."""

    def follow(self, *, after: int, limit: int = 500) -> Sequence[Recorded]:
        """Return the next events of all streams by position; what it passes never appears late."""

    def wait(self, *, after: int, timeout: float) -> bool:
        """Wait at most `timeout` real seconds for an event behind position `after`."""

    def hold(self, kind: str, key: str) -> Hold | None:
        """Return the hold as it stands, expired or not; None when it is free."""

    def holds(self, kind: str, keys: Collection[str]) -> Mapping[str, Hold]:
        """Return by key those of the holds that somebody has, expired or not."""

    def summary(self, stream: str) -> Summary | None:
        """Return the stream's summary; None when there is no such stream."""

    def summaries(
        self,
        *,
        aggregate: Aggregate,
        incident: int | None = None,
        open_only: bool = False,
        limit: int | None = None,
    ) -> Sequence[Summary]:
        """Return summaries, newest first; `open_only` leaves out those with `closed_at`.

        All of them unless `limit` says otherwise: the oldest may be the worst.
        """

    def due(self, now: datetime, *, limit: int = 200) -> Sequence[Summary]:
        """Return the summaries whose `next_due` has come, earliest first."""

    def last_incident(self) -> int:
        """Return the highest incident number so far; 0 when there is none."""

    def head(self) -> Head:
        """Return the desk-wide head of the chain."""

    def verify(self, *, heads: Sequence[Head] = ()) -> Broken | None:
        """Recompute the chain, also against heads noted elsewhere; None when all of it holds."""


class Texts(Protocol):
    """What people wrote and what alerts say, apart from the events so that it can be erased."""

    def keep(self, texts: Sequence[str]) -> Sequence[str]:
        """Commit the texts and return their keyed digests, in order."""

    def read(self, digests: Sequence[str]) -> Mapping[str, str]:
        """Return what is still there; an erased text is missing from the answer.

        Raises Rejected for a text that does not fit its digest any more.
        """

    def erase(self, digests: Sequence[str]) -> int:
        """Erase texts; return how many there were."""


class Inbox(Protocol):
    """Bytes from outside, kept before anything is answered."""

    def submit(
        self, *, source: str, body: bytes, key: str | None = None, done: bool = False
    ) -> Future[Kept]:
        """Commit the bytes together with whatever else waits; the future raises Unavailable.

        With `done` they are kept, and never in the line: nothing is to be done about them.
        """

    def pending(self, *, limit: int = 500) -> Sequence[Delivery]:
        """Return deliveries that are neither done nor set aside, oldest first."""

    def get(self, inbox_id: int) -> Delivery | None:
        """Return one delivery, done or not."""

    def past(
        self, kinds: Collection[str], *, after: int = 0, limit: int = 500
    ) -> Sequence[Delivery]:
        """Return what was kept behind an id, done or not, in the order of its arrival.

        `kinds` are the first words of sources. Of big bodies there are only as many as fit into
        memory, and always one: nothing is behind an empty answer.
        """

    def done(self, inbox_ids: Sequence[int]) -> None:
        """Mark deliveries done that needed no append."""

    def failed(self, inbox_id: int) -> int:
        """Count a failed attempt; return how many there were."""

    def set_aside(self, inbox_id: int, *, because: str) -> None:
        """Take a delivery out of the line, visibly; `replay` puts it back."""

    def aside(self, *, limit: int = 200) -> Sequence[Delivery]:
        """Return the deliveries that were set aside, newest first."""

    def count_aside(self) -> int:
        """Return how many deliveries are set aside, without reading them."""

    def replay(self, inbox_id: int) -> None:
        """Put a delivery back into the line; raises Rejected when it is not set aside."""

    def wait(self, *, timeout: float) -> bool:
        """Wait at most `timeout` real seconds for something pending."""


class Outbox(Protocol):
    """What should be outside and what is."""

    def behind(self, *, limit: int = 50) -> Sequence[Summary]:
        """Return the summaries whose version is newer than the one rendered last."""

    def want(self, stream: str, version: int, rows: Sequence[Wanted]) -> None:
        """Write the stream's wanted rows and the rendered version in one transaction.

        A row with a known key takes the new body; rows that are no longer wanted stay as sent.
        """

    def get(self, key: str) -> Item | None:
        """Return one row."""

    def of(self, stream: str) -> Sequence[Item]:
        """Return the stream's rows."""

    def ready(
        self,
        now: datetime,
        *,
        limit: int = 50,
        offset: int = 0,
        edits_only: Collection[str] = (),
    ) -> Sequence[Item]:
        """Return rows to be sent: wanted differs from sent, not dead, not before its moment.

        What differs only in what counts is not returned before its calm is over.

        Ordered by priority, then age; every key in `after` has been sent at least once. Of the
        kinds in `edits_only` there are only rows that have been sent before. `offset` passes
        over so many rows, for whoever may send none of the first.
        """

    def attempt(self, key: str, *, digest: str, at: datetime) -> None:
        """Commit that a request is about to leave."""

    def sent(
        self, key: str, *, digest: str, remote: Mapping[str, str], calm: Calm | None = None
    ) -> None:
        """Commit that `digest` is outside now, under the remote ids, and how long that rests."""

    def put_off(self, key: str, *, until: datetime, because: str) -> None:
        """Commit that this row waits; counts an attempt."""

    def give_up(self, key: str, *, because: str) -> None:
        """Set the row aside, visibly: it will not be sent until its body changes."""

    def dead(self) -> Sequence[Item]:
        """Return the rows that were given up."""

    def count_dead(self) -> int:
        """Return how many rows were given up, without reading them."""


class Leases(Protocol):
    """Which replica runs the loops; judged by the store's own clock, in real time."""

    def acquire(self, name: str, *, holder: str, seconds: float) -> int | None:
        """Take or renew the lease; return its fencing number, or None when another has it."""

    def release(self, name: str, *, holder: str) -> None:
        """Give the lease back if this holder has it."""


class Store(Protocol):
    """Everything that remembers, opened and closed together."""

    journal: Journal
    texts: Texts
    inbox: Inbox
    outbox: Outbox
    leases: Leases

    def now(self) -> datetime:
        """Return the store's own real time, in UTC."""

    def ready(self) -> None:
        """Raise Unavailable when the store cannot commit now."""

    def close(self) -> None:
        """Drain the pen and close every connection; safe to call twice."""
