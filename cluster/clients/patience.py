"""Asks again where that is safe: reads that were cut off once, or that the API server put off."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import urllib3
from kubernetes.client import ApiException

from cluster.clients.bounded import Limits, Unfinished

Made = TypeVar("Made")

TOO_MANY: Final = 429
PUT_OFF: Final = 5
"""How often a read lets itself be put off; a server that always says so is away."""

CUT: Final = (urllib3.exceptions.ProtocolError, ConnectionError)
"""The line broke in the middle; a timeout is none of these, since waiting again helps nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The time that one read has, with all its pages and repeats; `started` is `monotonic`'s."""

    started: float
    limits: Limits
    monotonic: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def read(self, ask: Callable[[], Made]) -> Made:
        """Return what `ask` does, asked again once after a cut and as often as it was put off.

        Raises Unfinished when the time is over, else what the last try raised.
        """
        cuts, put_off = 0, 0
        while True:
            self._still()
            try:
                return ask()
            except CUT:
                cuts += 1
                if cuts > 1:
                    raise
            except ApiException as error:
                put_off += 1
                self._wait(error, put_off)

    def _still(self) -> None:
        if self.monotonic() - self.started > self.limits.total:
            message = f"the answer took longer than {self.limits.total:g} s"
            raise Unfinished(message)

    def _wait(self, error: ApiException, put_off: int) -> None:
        """Wait as long as the server asks for; raises its answer where that is not to be done."""
        seconds = _retry_after(error)
        if error.status != TOO_MANY or seconds is None or put_off > PUT_OFF:
            raise error
        left = self.limits.total - (self.monotonic() - self.started)
        if seconds > left:
            raise error
        self.pause(seconds)


def _retry_after(error: ApiException) -> int | None:
    """Return the seconds of `Retry-After`; Kubernetes writes whole seconds and never a date."""
    written = str((error.headers or {}).get("Retry-After", "")).strip()
    return int(written) if written.isascii() and written.isdigit() else None
