"""The leader: the one process that does a role's work; correctness does not rest on it."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence

import structlog

from bot.app.metrics import Metrics
from incidents.errors import Unavailable
from incidents.ports import Leases

log = structlog.get_logger()

SECONDS = 6.0
"""How long a lease lasts: with RENEW_EVERY, what a killed leader leaves behind waits for 8 s."""
RENEW_EVERY = 2.0
FOLLOW_EVERY = 1.0

Monotonic = Callable[[], float]


class Leader:
    """Takes and renews one lease a role, in real time; a role is led by one process at a time.

    Each role has a lease of its own, so that desk and hands may be two processes.
    """

    def __init__(
        self,
        *,
        leases: Leases,
        roles: Sequence[str],
        holder: str,
        metrics: Metrics,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._leases = leases
        self._holder = holder
        self._metrics = metrics
        self._monotonic = monotonic
        self._until = dict.fromkeys(roles, float("-inf"))
        self._led = dict.fromkeys(roles, False)

    def leads(self, role: str) -> bool:
        """Return whether this process does the role's work now.

        A lease that could not be renewed in its time counts no more, whatever hangs.
        """
        return self._monotonic() < self._until[role]

    def renew(self) -> float:
        """Take or renew the leases; return in how many seconds to come again."""
        for role in self._until:
            self._until[role] = self._acquire(role)
        self._note()
        return RENEW_EVERY if all(self._led.values()) else FOLLOW_EVERY

    def give_back(self, *, but: Collection[str] = ()) -> None:
        """Give the leases back, so that the next process need not wait for their end.

        `but` names roles with something in hand that may still arrive outside: theirs run out.
        """
        for role in self._until:
            self._until[role] = float("-inf")
            if role in but:
                continue
            try:
                self._leases.release(role, holder=self._holder)
            except Unavailable as error:
                log.info("lease not given back", role=role, because=str(error))
        self._note()

    def _acquire(self, role: str) -> float:
        # Counted from before the question: the store may have taken its time to answer.
        asked = self._monotonic()
        try:
            fence = self._leases.acquire(role, holder=self._holder, seconds=SECONDS)
        except Unavailable as error:
            log.warning("lease not renewed", role=role, because=str(error))
            return self._until[role]
        return float("-inf") if fence is None else asked + SECONDS

    def _note(self) -> None:
        leads: Mapping[str, bool] = {role: self.leads(role) for role in self._until}
        for role, now in leads.items():
            if now != self._led[role]:
                log.info("lead changed", role=role, leads=now, holder=self._holder)
            self._led[role] = now
            self._metrics.leader.labels(role).set(int(now))
