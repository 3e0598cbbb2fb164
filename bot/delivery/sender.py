"""The sender: closes the difference between what is wanted outside and what is there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.delivery.deliverer import Deliverer, Hopeless, PutOff, Remote, Unknown
from incidents.journal import Item
from incidents.ports import Outbox

log = structlog.get_logger()

LOOK_AFTER = 2.0
BACK_OFF = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
MOST_TRIES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast one lane may go: seconds of real time between two deliveries of these kinds."""

    gap: float
    kinds: frozenset[str]


class Sender:
    """Sends what is ready, one thing a lane at a time; every moment here is real time."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        deliverers: Mapping[str, Deliverer],
        now: Callable[[], datetime],
        pace: Pace,
    ) -> None:
        self._outbox = outbox
        self._deliverers = deliverers
        self._now = now
        self._pace = pace
        self._lanes: dict[str, datetime] = {}
        self._methods: dict[str, datetime] = {}

    def once(self) -> bool:
        """Send what may be sent now; return whether anything became different outside."""
        now, busy, sent = self._now(), set[str](), False
        for item in self._outbox.ready(now):
            if item.lane in busy or not self._may(item, now):
                continue
            # What follows in this lane waits for its turn, so that its order is kept.
            busy.add(item.lane)
            sent = self._deliver(item) or sent
        return sent

    def _may(self, item: Item, now: datetime) -> bool:
        deliverer = self._deliverers.get(item.kind)
        if deliverer is None:
            return False
        if now < self._methods.get(deliverer.method(item), now):
            return False
        return item.kind not in self._pace.kinds or now >= self._lanes.get(item.lane, now)

    def _deliver(self, item: Item) -> bool:
        deliverer = self._deliverers[item.kind]
        try:
            found = self._look(deliverer, item)
            if found is not None:
                return self._is_there(item, item.attempted_digest or item.digest, found)
            self._outbox.attempt(item.key, digest=item.digest, at=self._now())
            remote = deliverer.send(item, self._ids)
        except PutOff as error:
            self._put_off(item, error)
            return False
        except Unknown as error:
            self._wait(item, LOOK_AFTER, str(error))
            return False
        except Hopeless as error:
            log.warning("cannot be delivered", key=item.key, because=str(error))
            self._outbox.give_up(item.key, because=str(error))
            return False
        return self._is_there(item, item.digest, remote)

    def _look(self, deliverer: Deliverer, item: Item) -> Remote | None:
        """Look outside for an attempt whose end nobody knows; None sends it (again)."""
        if item.attempted_digest is None:
            return None
        return deliverer.look(item, self._ids)

    def _is_there(self, item: Item, digest: str, remote: Remote) -> bool:
        if item.attempted_digest is None or digest == item.digest:
            self._lanes[item.lane] = self._now() + timedelta(seconds=self._pace.gap)
        self._outbox.sent(item.key, digest=digest, remote=remote)
        return True

    def _put_off(self, item: Item, error: PutOff) -> None:
        if error.method:
            self._methods[error.method] = self._now() + timedelta(seconds=error.seconds)
        self._wait(item, error.seconds, str(error))

    def _wait(self, item: Item, seconds: float, because: str) -> None:
        if item.attempts >= MOST_TRIES:
            log.warning("given up", key=item.key, because=because, tries=item.attempts)
            self._outbox.give_up(item.key, because=because)
            return
        pause = max(seconds, BACK_OFF[min(item.attempts, len(BACK_OFF) - 1)])
        log.info("put off", key=item.key, because=because, seconds=pause)
        until = self._now() + timedelta(seconds=pause)
        self._outbox.put_off(item.key, until=until, because=because)

    def _ids(self, key: str) -> Remote:
        item = self._outbox.get(key)
        return item.remote if item is not None else {}
