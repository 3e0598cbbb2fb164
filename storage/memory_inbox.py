"""The inbox of the memory twin."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from itertools import accumulate, islice

from incidents.errors import Rejected, TriagedError
from incidents.journal import Delivery, Kept
from storage.inbox import PAGE_BYTES
from storage.memory_shelf import Shelf


class MemoryInbox:
    """The inbox in memory."""

    def __init__(self, shelf: Shelf, now: Callable[[], datetime]) -> None:
        self._shelf, self._now = shelf, now
        self._deliveries: dict[int, Delivery] = {}

    def submit(
        self, *, source: str, body: bytes, key: str | None = None, done: bool = False
    ) -> Future[Kept]:
        """Keep the bytes; the future is done already."""
        future: Future[Kept] = Future()
        try:
            kept = self._shelf.commit("keep", lambda: self._keep(source, body, key, done=done))
            future.set_result(kept)
        except TriagedError as error:
            future.set_exception(error)
        return future

    def pending(self, *, limit: int = 500) -> Sequence[Delivery]:
        """Return deliveries that are neither done nor set aside, oldest first."""
        with self._shelf.locked():
            return _page(self._pending()[:limit])

    def get(self, inbox_id: int) -> Delivery | None:
        """Return one delivery, done or not."""
        with self._shelf.locked():
            return self._deliveries.get(inbox_id)

    def past(
        self, kinds: Collection[str], *, after: int = 0, limit: int = 500
    ) -> Sequence[Delivery]:
        """Return what was kept behind an id, done or not, in the order of its arrival."""
        with self._shelf.locked():
            # Ids begin with 1 and have no gaps.
            behind = islice(self._deliveries.values(), after, None)
            found = (one for one in behind if one.source.partition(":")[0] in kinds)
            return _page(list(islice(found, limit)))

    def done(self, inbox_ids: Sequence[int]) -> None:
        """Mark deliveries done that needed no append."""
        if inbox_ids:
            self._shelf.commit("inbox done", lambda: self.finish(inbox_ids))

    def failed(self, inbox_id: int) -> int:
        """Count a failed attempt; return how many there were."""
        with self._shelf.locked():
            old = self._require(inbox_id)
            new = replace(old, attempts=old.attempts + 1)
            self._shelf.commit(f"inbox failed {inbox_id}", lambda: self._put(new))
        return new.attempts

    def set_aside(self, inbox_id: int, *, because: str) -> None:
        """Take a delivery out of the line, visibly; `replay` puts it back."""
        with self._shelf.locked():
            new = replace(self._require(inbox_id), set_aside=because)
            self._shelf.commit(f"inbox set aside {inbox_id}", lambda: self._put(new))

    def aside(self, *, limit: int = 200) -> Sequence[Delivery]:
        """Return the deliveries that were set aside, newest first."""
        with self._shelf.locked():
            found = [one for one in self._deliveries.values() if self._aside(one)]
        return found[::-1][:limit]

    def count_aside(self) -> int:
        """Return how many deliveries are set aside."""
        with self._shelf.locked():
            return sum(map(self._aside, self._deliveries.values()))

    def replay(self, inbox_id: int) -> None:
        """Put a delivery back into the line; raises Rejected when it is not set aside."""
        with self._shelf.locked():
            old = self._deliveries.get(inbox_id)
            if old is None or not self._aside(old):
                message = f"inbox {inbox_id}: it is not set aside"
                raise Rejected(message)
            new = replace(old, set_aside=None, attempts=0)
            self._shelf.commit(f"inbox replay {inbox_id}", lambda: self._put(new))

    def wait(self, *, timeout: float) -> bool:
        """Wait at most `timeout` real seconds for something pending."""
        return self._shelf.wait_until(lambda: bool(self.pending(limit=1)), timeout=timeout)

    def finish(self, inbox_ids: Sequence[int]) -> None:
        """Mark deliveries done within somebody's commit; done already, they keep their moment."""
        for inbox_id in inbox_ids:
            one = self._deliveries.get(inbox_id)
            if one is not None and one.done_at is None:
                self._put(replace(one, done_at=self._now()))

    def _keep(self, source: str, body: bytes, key: str | None, *, done: bool) -> Kept:
        for one in self._deliveries.values():
            if key is not None and (one.source, one.key) == (source, key):
                return Kept(inbox_id=one.inbox_id, repeated=True)
        inbox_id = len(self._deliveries) + 1
        self._put(
            Delivery(inbox_id=inbox_id, source=source, body=body, received_at=self._now(), key=key)
        )
        if done:
            self.finish([inbox_id])
        return Kept(inbox_id=inbox_id)

    def _pending(self) -> list[Delivery]:
        return [
            one
            for one in self._deliveries.values()
            if one.done_at is None and one.set_aside is None
        ]

    def _aside(self, delivery: Delivery) -> bool:
        return delivery.set_aside is not None and delivery.done_at is None

    def _require(self, inbox_id: int) -> Delivery:
        if inbox_id not in self._deliveries:
            message = f"inbox {inbox_id}: there is no such delivery"
            raise Rejected(message)
        return self._deliveries[inbox_id]

    def _put(self, delivery: Delivery) -> None:
        self._deliveries[delivery.inbox_id] = delivery


def _page(line: Sequence[Delivery]) -> Sequence[Delivery]:
    """Return as many of them as fit into memory, and always one."""
    weights = accumulate(len(one.body) for one in line)
    return [
        one
        for n, (one, weight) in enumerate(zip(line, weights, strict=True))
        if n == 0 or weight <= PAGE_BYTES
    ]
