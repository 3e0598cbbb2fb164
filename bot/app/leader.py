"""The leader: the one process whose loops run; correctness does not rest on it."""

import structlog

from bot.app.telemetry import Metrics
from incidents.errors import Unavailable
from incidents.ports import Leases

log = structlog.get_logger()

NAME = "loops"
SECONDS = 10.0
RENEW_EVERY = 3.0


class Leader:
    """Takes and renews the lease; `leads` is what this process knew last."""

    name = "leader"

    def __init__(self, *, leases: Leases, holder: str, metrics: Metrics) -> None:
        self._leases = leases
        self._holder = holder
        self._metrics = metrics
        self.leads = False

    def once(self) -> bool:
        """Take or renew the lease; a store that is away costs the lead."""
        try:
            fence = self._leases.acquire(NAME, holder=self._holder, seconds=SECONDS)
        except Unavailable:
            fence = None
        if (fence is not None) != self.leads:
            log.info("lead changed", leads=fence is not None, holder=self._holder, fence=fence)
        self.leads = fence is not None
        self._metrics.leader.set(int(self.leads))
        return False

    def give_back(self) -> None:
        """Give the lease back, so that the next one need not wait for its end."""
        self.leads = False
        try:
            self._leases.release(NAME, holder=self._holder)
        except Unavailable as error:
            log.info("lease not given back", because=str(error))
