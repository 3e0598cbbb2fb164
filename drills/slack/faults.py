"""Faults: what goes wrong with which call, a planned number of times."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

ANY_METHOD = "*"


class FaultKind(Enum):
    """What happens to the call that meets the fault.

    "After" means that the workspace has carried the call out and the caller cannot know it.
    """

    CLOSED_BEFORE = "closed_before"
    CLOSED_AFTER = "closed_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    SERVER_ERROR = "server_error"
    SERVER_ERROR_AFTER = "server_error_after"
    FATAL_ERROR_AFTER = "fatal_error_after"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    SLOW = "slow"

    @property
    def committed(self) -> bool:
        """Say whether the call is carried out all the same."""
        return self in _COMMITTED


_COMMITTED = {
    FaultKind.CLOSED_AFTER,
    FaultKind.HANG_AFTER,
    FaultKind.SERVER_ERROR_AFTER,
    FaultKind.FATAL_ERROR_AFTER,
    FaultKind.SLOW,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault for the calls of one method (`*` is any): lets `skip` pass, then hits `times`.

    `seconds` is how long a slow call takes, or the Retry-After of a limited one; `status` is the
    HTTP status of a server error; `code` is the answer of a refused call.
    """

    method: str
    kind: FaultKind
    times: int = 1
    skip: int = 0
    seconds: float = 1.0
    status: int = 503
    code: str = "internal_error"

    def body(self) -> dict[str, object]:
        """Return the fault as `POST /control/faults` takes it."""
        return {
            "method": self.method,
            "kind": self.kind.value,
            "times": self.times,
            "skip": self.skip,
            "seconds": self.seconds,
            "status": self.status,
            "code": self.code,
        }


def read_fault(body: Mapping[str, object]) -> Fault:
    """Return the fault that a JSON object describes; raises ValueError naming what is wrong."""
    unknown = set(body) - {"method", "kind", "times", "skip", "seconds", "status", "code"}
    if unknown:
        message = f"unknown field of a fault: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    return Fault(
        method=str(body.get("method", ANY_METHOD)),
        kind=FaultKind(body.get("kind")),
        times=int(str(body.get("times", 1))),
        skip=int(str(body.get("skip", 0))),
        seconds=float(str(body.get("seconds", 1.0))),
        status=int(str(body.get("status", 503))),
        code=str(body.get("code", "internal_error")),
    )


class Faults:
    """The faults still to come, in the order in which they were planned."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []

    def plan(self, *faults: Fault) -> None:
        """Add faults; several for one method happen one after the other."""
        with self._lock:
            self._planned += faults

    def clear(self) -> None:
        """Forget all faults that have not happened."""
        with self._lock:
            self._planned = []

    def planned(self) -> tuple[Fault, ...]:
        """Return the faults that are still to come."""
        with self._lock:
            return tuple(self._planned)

    def meet(self, method: str) -> Fault | None:
        """Return the fault that this call meets, if any, and count it."""
        with self._lock:
            for place, fault in enumerate(self._planned):
                if fault.method in {method, ANY_METHOD}:
                    return self._count(place, fault)
        return None

    def _count(self, place: int, fault: Fault) -> Fault | None:
        if fault.skip:
            self._planned[place] = replace(fault, skip=fault.skip - 1)
            return None
        if fault.times > 1:
            self._planned[place] = replace(fault, times=fault.times - 1)
        else:
            del self._planned[place]
        return fault
