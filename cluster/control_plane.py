"""Whether the control plane is well enough to be written to; while it is not, all writes stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from cluster.clients.pulse import Pulse
from incidents.errors import Rejected, TriagedError, Unavailable
from incidents.policy import Degraded

OFTEN: Final = 5.0
"""So many real seconds an answer of `/readyz` counts: a claim that waits is tried every turn."""


class ControlPlane(Protocol):
    """Whoever knows how the control plane is."""

    def trouble(self) -> str | None:
        """Return why nothing should be written now, in words for people; None while all is well.

        Never raises: what cannot be told is no trouble by itself, and a write has its own errors.
        """


class Calm:
    """Where nobody looks: no trouble is known."""

    def trouble(self) -> None:
        """Return that there is none."""


class Probes(Protocol):
    """The API server as `Watched` asks it."""

    pulse: Pulse

    def ready(self) -> None:
        """Ask `/readyz`; raises Unavailable where it says no or nothing, Rejected for no right."""


@dataclass(slots=True, kw_only=True)
class Watched:
    """The control plane as our own requests and `/readyz` show it, by the bounds of the day."""

    server: Probes
    degraded: Callable[[], Degraded] = Degraded
    monotonic: Callable[[], float] = time.monotonic
    _asked: float | None = field(default=None)
    _said: str | None = field(default=None)

    def trouble(self) -> str | None:
        """Return what `/readyz` says, and else how our own requests went."""
        return self._unready() or self.server.pulse.trouble(self.degraded())

    def _unready(self) -> str | None:
        now = self.monotonic()
        if self._asked is None or now >= self._asked + OFTEN:
            self._said, self._asked = _asked(self.server), now
        return self._said


def _asked(server: Probes) -> str | None:
    try:
        server.ready()
    except Unavailable as error:
        return str(error)
    except (Rejected, TriagedError):
        # Who may not ask, or asks a server without that page, learns nothing by it.
        return None
    return None
