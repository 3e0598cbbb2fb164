"""The log of calls: what checkers read to see what was really asked of the cluster."""

import threading
from dataclasses import asdict, dataclass

from drills.kubernetes.objects import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; `code` is 0 when the connection was closed without an answer."""

    verb: str
    path: str
    query: str
    body: object
    dry_run: bool
    user_agent: str
    code: int
    written: bool  # whether the cluster changed


class Calls:
    """All calls since the last reset, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Note one call."""
        with self._lock:
            self._calls.append(call)

    def all(self) -> list[Call]:
        """Return them."""
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._calls.clear()

    def body(self) -> Object:
        """Return them as JSON: `{"calls": [...]}`."""
        return {"calls": [asdict(call) for call in self.all()]}
