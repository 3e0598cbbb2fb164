"""What can be wrong between a client and the API server, switched on from outside."""

import threading
from dataclasses import dataclass, field, replace
from enum import Enum


class Kind(Enum):
    """How a request suffers; AFTER means that the write was done and the answer lies or is lost."""

    DOWN = "down"  # the connection is closed without an answer
    SLOW = "slow"  # answered after `seconds`
    HANG = "hang"  # never answered
    CONFLICT = "conflict"  # 409, nothing written
    TOO_MANY = "too many"  # 429, nothing done; to be asked again after `seconds`
    EXPIRED = "expired"  # 410, as for a continue token whose version was forgotten
    ERROR_BEFORE = "error before"  # 500, nothing written
    ERROR_AFTER = "error after"  # 500, written
    CUT_BEFORE = "cut before"  # connection closed, nothing written
    CUT_AFTER = "cut after"  # connection closed, written


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: for which Kubernetes verbs (empty: all), how often (None: until cleared).

    It lets `skip` requests pass first.
    """

    kind: Kind
    verbs: frozenset[str] = field(default_factory=frozenset)
    times: int | None = None
    skip: int = 0
    seconds: float = 0.0  # real seconds, for SLOW; whole ones for TOO_MANY


class Faults:
    """The faults that are on, shared by the rehearsal and the server's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Switch a fault on; the one added first that fits a request is the one it meets."""
        with self._lock:
            self._on.append(fault)

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._on.clear()

    def take(self, verb: str) -> Fault | None:
        """Return the fault that this request meets, counting it."""
        with self._lock:
            for index, fault in enumerate(self._on):
                if not fault.verbs or verb in fault.verbs:
                    return self._count(index, fault)
        return None

    def _count(self, index: int, fault: Fault) -> Fault | None:
        if fault.skip:
            self._on[index] = replace(fault, skip=fault.skip - 1)
            return None
        if fault.times is not None and fault.times > 1:
            self._on[index] = replace(fault, times=fault.times - 1)
        elif fault.times is not None:
            del self._on[index]
        return fault
