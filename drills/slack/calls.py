"""The log of every call: what was asked, what was done, what was answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the Web API or of a response URL; `at` is real time.

    `status` and `result` are what the stand-in sent, None when it sent nothing. `committed` says
    whether the workspace carried the call out, which a fault may hide from the caller.
    """

    number: int
    at: datetime
    method: str
    arguments: Mapping[str, object]
    committed: bool
    status: int | None
    result: Mapping[str, object] | None
    fault: str | None = None

    def body(self) -> dict[str, object]:
        """Return the call as JSON for checkers."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "method": self.method,
            "arguments": dict(self.arguments),
            "committed": self.committed,
            "status": self.status,
            "result": None if self.result is None else dict(self.result),
            "fault": self.fault,
        }
