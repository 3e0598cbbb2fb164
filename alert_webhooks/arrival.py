"""A body while it arrives: its bytes up to the cap, or its beginning and its digest."""

import hashlib
from dataclasses import dataclass

OVERSIZED = "oversized"
"""A delivery of the source `oversized:<kind>:<name>` is the beginning of a body above the cap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge:
    """A body above the cap: its first bytes, and the digest of all bytes up to the cap."""

    beginning: bytes
    digest: str


class Arrival:
    """Collects a body; above `cap` bytes it keeps the first `head` bytes and forgets the rest."""

    def __init__(self, *, cap: int, head: int) -> None:
        self._cap, self._head = cap, head
        self._chunks: list[bytes] = []
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def too_large(self) -> bool:
        """Return whether more than `cap` bytes came."""
        return self.size > self._cap

    @property
    def holds(self) -> int:
        """Return how many bytes are in memory."""
        return min(self.size, self._head) if self.too_large else self.size

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if self.size < self._cap:
            self._digest.update(chunk[: self._cap - self.size])
        self.size += len(chunk)
        if not self.too_large:
            self._chunks.append(chunk)
        elif sum(map(len, self._chunks)) != self._head:
            self._chunks = [b"".join((*self._chunks, chunk))[: self._head]]

    def end(self) -> bytes | TooLarge:
        """Return what came."""
        whole = b"".join(self._chunks)
        if not self.too_large:
            return whole
        return TooLarge(beginning=whole, digest=self._digest.hexdigest())
