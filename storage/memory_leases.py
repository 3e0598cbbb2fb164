"""The leases of the memory twin."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from storage.columns import EPOCH
from storage.leases import FREE, Lease, next_lease
from storage.memory_shelf import Shelf


class MemoryLeases:
    """Leases in memory."""

    def __init__(self, shelf: Shelf, now: Callable[[], datetime]) -> None:
        self._shelf, self._now = shelf, now
        self._leases: dict[str, Lease] = {}

    def acquire(self, name: str, *, holder: str, seconds: float) -> int | None:
        """Take or renew the lease; return its fencing number, or None when another has it."""

        def work() -> int | None:
            lease = self._leases.get(name, FREE)
            mine = next_lease(lease, holder=holder, seconds=seconds, now=self._now())
            if mine is not None:
                self._leases[name] = mine
            return None if mine is None else mine.fence

        return self._shelf.commit(f"lease acquire {name}", work)

    def release(self, name: str, *, holder: str) -> None:
        """Give the lease back if this holder has it."""

        def work() -> None:
            lease = self._leases.get(name, FREE)
            if lease.holder == holder:
                self._leases[name] = replace(lease, holder=None, expires_at=EPOCH)

        self._shelf.commit(f"lease release {name}", work)
