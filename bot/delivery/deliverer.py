"""The port of whoever delivers, and what can become of one request."""

from collections.abc import Callable, Mapping
from typing import Protocol

from incidents.errors import TriagedError
from incidents.journal import Item

Remote = Mapping[str, str]
"""The ids of something outside, as `{"channel": "C…", "ts": "…"}`."""

Find = Callable[[str], Remote]
"""Returns the ids under an outbox key; empty where it has not been sent."""


class PutOff(TriagedError):
    """It was certainly not delivered; try again after `seconds` of real time.

    `method` names the limit that was hit: nothing else of the same method is sent before.
    """

    def __init__(self, message: str, *, seconds: float, method: str = "") -> None:
        super().__init__(message)
        self.seconds = seconds
        self.method = method


class Hopeless(TriagedError):
    """It was certainly not delivered and stays wrong: a person must look."""


class Unknown(TriagedError):
    """Nobody can tell whether it was delivered: look before it is sent again."""


class Deliverer(Protocol):
    """Delivers one kind of thing to one service."""

    def method(self, item: Item) -> str:
        """Return the name of the request that would leave, for limits by method.

        Rows of one kind that have never been sent share one.
        """

    def look(self, item: Item, ids: Find) -> Remote | None:
        """Return the ids of an attempt that did arrive, None when it certainly did not.

        Raises PutOff when it cannot be told now.
        """

    def send(self, item: Item, ids: Find) -> Remote:
        """Deliver once and return the ids; raises PutOff, Hopeless or Unknown."""
