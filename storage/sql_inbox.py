"""The inbox of a database: keeps are grouped on a connection of their own, without the lock."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from sqlalchemy import Connection

from incidents.errors import Unavailable
from incidents.journal import Delivery, Kept
from storage import inbox, pulse
from storage.backend import INBOX, Backend
from storage.bell import Bell
from storage.inbox import Submission
from storage.pen import Bounds, Pen
from storage.writer import Reader, Writer

PULSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """Asks whether the store can commit now."""


Request = Submission | Pulse


class SqlInbox:
    """The inbox in a database."""

    def __init__(
        self, *, backend: Backend, keeper: Writer, writer: Writer, reader: Reader, bell: Bell
    ) -> None:
        self._backend, self._keeper = backend, keeper
        self._writer, self._reader, self._bell = writer, reader, bell
        self._pen: Pen[Request, Kept] = Pen(
            "inbox", write=self._keep, weigh=_weight, bounds=Bounds()
        )

    def submit(
        self, *, source: str, body: bytes, key: str | None = None, done: bool = False
    ) -> Future[Kept]:
        """Commit the bytes together with whatever else waits; the future raises Unavailable."""
        return self._pen.submit(Submission(source=source, body=body, key=key, done=done))

    def pulse(self) -> None:
        """Commit something small; raises Unavailable when that cannot be done within 2 s."""
        future = self._pen.submit(Pulse())
        try:
            future.result(PULSE_SECONDS)
        except TimeoutError as error:
            future.cancel()
            message = f"the store did not commit within {PULSE_SECONDS} s"
            raise Unavailable(message) from error

    def pending(self, *, limit: int = 500) -> Sequence[Delivery]:
        """Return deliveries that are neither done nor set aside, oldest first."""
        return self._reader.read("inbox pending", lambda c: inbox.pending(c, limit=limit))

    def get(self, inbox_id: int) -> Delivery | None:
        """Return one delivery, done or not."""
        return self._reader.read("inbox get", lambda c: inbox.one(c, inbox_id))

    def past(
        self, kinds: Collection[str], *, after: int = 0, limit: int = 500
    ) -> Sequence[Delivery]:
        """Return what was kept behind an id, done or not, in the order of its arrival."""
        return self._reader.read(
            "inbox past", lambda c: inbox.past(c, kinds, after=after, limit=limit)
        )

    def done(self, inbox_ids: Sequence[int]) -> None:
        """Mark deliveries done that needed no append."""

        def work(connection: Connection) -> None:
            inbox.finish(connection, inbox_ids, at=self._backend.now(connection))

        if inbox_ids:
            self._write("inbox done", work)

    def failed(self, inbox_id: int) -> int:
        """Count a failed attempt; return how many there were."""
        point = f"inbox failed {inbox_id}"
        return self._writer.write(point, lambda c: inbox.count_failure(c, inbox_id))

    def set_aside(self, inbox_id: int, *, because: str) -> None:
        """Take a delivery out of the line, visibly; `replay` puts it back."""
        point = f"inbox set aside {inbox_id}"
        self._write(point, lambda c: inbox.set_aside(c, inbox_id, because=because))

    def aside(self, *, limit: int = 200) -> Sequence[Delivery]:
        """Return the deliveries that were set aside, newest first."""
        return self._reader.read("inbox aside", lambda c: inbox.aside(c, limit=limit))

    def count_aside(self) -> int:
        """Return how many deliveries are set aside."""
        return self._reader.read("inbox count aside", inbox.count_aside)

    def replay(self, inbox_id: int) -> None:
        """Put a delivery back into the line; raises Rejected when it is not set aside."""

        def work(connection: Connection) -> None:
            inbox.put_back(connection, inbox_id)
            self._backend.notify(connection, INBOX)

        self._write(f"inbox replay {inbox_id}", work)
        self._bell.ring()

    def wait(self, *, timeout: float) -> bool:
        """Wait at most `timeout` real seconds for something pending."""
        return self._bell.wait_until(self._anything, timeout=timeout)

    def close(self, *, timeout: float) -> bool:
        """Keep what waits; False when the thread still hangs after `timeout` seconds."""
        return self._pen.close(timeout=timeout)

    def _anything(self) -> bool:
        return self._reader.read("inbox wait", inbox.waiting)

    def _write(self, point: str, work: Callable[[Connection], None]) -> None:
        self._writer.write(point, work)

    def _keep(self, batch: Sequence[Request]) -> Sequence[Kept]:
        submissions = [one for one in batch if isinstance(one, Submission)]
        if not submissions:
            self._keeper.write("pulse", pulse.beat)
            return [Kept(inbox_id=0) for _ in batch]

        def work(connection: Connection) -> Sequence[Kept]:
            return inbox.keep(connection, submissions, backend=self._backend)

        kept = iter(self._keeper.write("keep", work))
        self._bell.ring()
        # What could commit the neighbours answers the pulse too.
        return [next(kept) if isinstance(one, Submission) else Kept(inbox_id=0) for one in batch]


def _weight(request: Request) -> int:
    return len(request.body) if isinstance(request, Submission) else 0
