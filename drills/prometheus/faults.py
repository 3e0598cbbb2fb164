"""What can be wrong between a client and Prometheus, switched on from outside."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum


class Down(Enum):
    """How a Prometheus is away."""

    UNAVAILABLE = "unavailable"  # 503, as a proxy in front of it says
    CLOSED = "closed"  # the connection is closed without a byte
    HANGING = "hanging"  # nothing is answered until the client goes away


@dataclass(slots=True, kw_only=True)
class Faults:
    """What is wrong now; set from any thread, read at each request.

    slow: real time before a query is evaluated; it counts against the query's timeout.
    empty: queries and look-ups find nothing, as when nothing is scraped.
    warnings: stand in every successful answer.
    """

    down: Down | None = None
    slow: timedelta = field(default_factory=timedelta)
    empty: bool = False
    warnings: tuple[str, ...] = ()

    def clear(self) -> None:
        """Take every fault away."""
        self.down, self.slow, self.empty, self.warnings = None, timedelta(), False, ()
