"""The journal of a database: one pen per process, readers beside it."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from incidents.errors import Conflict, Unavailable
from incidents.journal import (
    Aggregate,
    Append,
    Appended,
    Broken,
    Head,
    Hold,
    Recorded,
    Summary,
)
from storage import chain, events, head, holds, summary
from storage.admission import check_form
from storage.backend import Backend
from storage.batch import Batch
from storage.bell import Bell
from storage.chain import START, Chain
from storage.faults import CommitLost
from storage.pen import Bounds, Pen
from storage.writer import Reader

APPEND_SECONDS = 10.0
# Small batches: what waits behind a batch is in the next one, and the lock is held for a moment.
BOUNDS = Bounds(batch=128, batch_bytes=16 << 20)


class SqlJournal:
    """The journal in a database."""

    def __init__(
        self, *, backend: Backend, chain: Chain, batch: Batch, reader: Reader, bell: Bell
    ) -> None:
        self._backend, self._chain = backend, chain
        self._batch, self._reader, self._bell = batch, reader, bell
        self._written = 0
        """The last position that this process has written; others may have gone on."""
        self._pen: Pen[Append, Appended] = Pen(
            "journal", write=self._write, weigh=_weight, bounds=BOUNDS
        )

    def append(self, request: Append) -> Appended:
        """Write all of it in one transaction, together with whatever else waits.

        Raises Conflict, Rejected, or Unavailable: then the same request may be sent again.
        """
        check_form(request)
        return _within(self._pen.submit(request), request)

    def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the stream's events with a version greater than `after`, in order."""
        return self._reader.read("read", partial(events.of_stream, stream=stream, after=after))

    def follow(self, *, after: int, limit: int = 500) -> Sequence[Recorded]:
        """Return the next events of all streams by position; what it passes never appears late."""
        # Positions are given out and committed under one lock: none is passed before it is there.
        return self._reader.read("follow", partial(events.behind, after=after, limit=limit))

    def wait(self, *, after: int, timeout: float) -> bool:
        """Wait at most `timeout` real seconds for an event behind position `after`."""
        return self._bell.wait_until(lambda: self._has_grown(after), timeout=timeout)

    def hold(self, kind: str, key: str) -> Hold | None:
        """Return the hold as it stands, expired or not; None when it is free."""
        return self._reader.read("hold", partial(holds.one, kind=kind, key=key))

    def holds(self, kind: str, keys: Collection[str]) -> Mapping[str, Hold]:
        """Return by key those of the holds that somebody has, expired or not."""
        return self._reader.read("holds", partial(holds.some, kind=kind, keys=keys))

    def summary(self, stream: str) -> Summary | None:
        """Return the stream's summary; None when there is no such stream."""
        return self._reader.read("summary", partial(summary.one, stream=stream))

    def summaries(
        self,
        *,
        aggregate: Aggregate,
        incident: int | None = None,
        open_only: bool = False,
        limit: int | None = None,
    ) -> Sequence[Summary]:
        """Return summaries, newest first; `open_only` leaves out those with `closed_at`."""
        work = partial(
            summary.newest,
            aggregate=aggregate,
            incident=incident,
            open_only=open_only,
            limit=limit,
        )
        return self._reader.read("summaries", work)

    def due(self, now: datetime, *, limit: int = 200) -> Sequence[Summary]:
        """Return the summaries whose `next_due` has come, earliest first."""
        return self._reader.read("due", partial(summary.due, now=now, limit=limit))

    def last_incident(self) -> int:
        """Return the highest incident number so far; 0 when there is none."""
        return self._reader.read("last incident", summary.last_incident)

    def head(self) -> Head:
        """Return the desk-wide head of the chain."""
        return self._chain.head(self._end())

    def verify(self, *, heads: Sequence[Head] = ()) -> Broken | None:
        """Recompute the chain, also against heads noted elsewhere; None when all of it holds."""

        def work(connection: Connection) -> Broken | None:
            moment = self._backend.snapshot(connection)
            with moment.begin():
                rows, end = events.sealed(moment), head.read(moment)
                return chain.verify(rows, chain=self._chain, end=end, noted=heads)

        return self._reader.read("verify", work)

    def close(self, *, timeout: float) -> bool:
        """Write what waits; False when the pen still hangs after `timeout` seconds."""
        return self._pen.close(timeout=timeout)

    def _has_grown(self, after: int) -> bool:
        return self._written > after or self._end().position > after

    def _end(self) -> chain.End:
        return self._reader.read("head", head.read) or START

    def _write(self, requests: Sequence[Append]) -> Sequence[Appended | Conflict]:
        try:
            answers = self._batch.write(requests)
        except CommitLost:
            # Read back under the lock, which the lost transaction held to its end: an append id
            # that is known by now was written by it, any other was not and is written again.
            answers = [_first(one) for one in self._batch.write(requests)]
        ends = [one.position for one in answers if isinstance(one, Appended)]
        self._written = max(self._written, *ends, 0)
        self._bell.ring()
        return answers


def _first(answer: Appended | Conflict) -> Appended | Conflict:
    return replace(answer, repeated=False) if isinstance(answer, Appended) else answer


def _within(future: Future[Appended], request: Append) -> Appended:
    try:
        return future.result(APPEND_SECONDS)
    except TimeoutError as error:
        future.cancel()
        message = f"append {request.stream}: no answer from the store within {APPEND_SECONDS} s"
        raise Unavailable(message) from error


def _weight(request: Append) -> int:
    return sum(len(event.body) for event in request.events)
