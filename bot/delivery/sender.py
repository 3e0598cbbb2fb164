"""The sender: closes the difference between what is wanted outside and what is there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.delivery.calm import calm
from bot.delivery.deliverer import Deliverer, Hopeless, PutOff, Remote, Unknown
from bot.delivery.minute import Minute
from incidents.errors import Unavailable
from incidents.journal import Item
from incidents.ports import Outbox

log = structlog.get_logger()

LOOK_AFTER = timedelta(seconds=2)
"""A request whose end nobody knows may still be on its way for so long."""
BACK_OFF = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
MOST_UNKNOWN = 40
PAGE = 100
MOST = 50
"""So many lanes are served in a turn: then what is urgent by now goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast one lane may go: seconds of real time between two deliveries of these kinds.

    Each method of a lane keeps its own pace, so that edits of a headline, which come with every
    event, do not hold up the card that somebody waits for. `most` is about how many requests may
    leave in a minute, over all lanes; None for no bound.
    """

    gap: float
    kinds: frozenset[str]
    most: int | None = None


class Sender:
    """Sends what is ready, one thing a lane at a time; every moment here is real time.

    Used by one thread at a time.
    """

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
        self._lanes: dict[tuple[str, str], datetime] = {}
        self._methods: dict[str, datetime] = {}
        self._news: dict[str, datetime] = {}
        self._unsent: set[str] = set()
        self._minute = Minute(pace.most)

    def delivers(self, kind: str) -> bool:
        """Return whether there is somebody who delivers this kind."""
        return kind in self._deliverers

    def once(self) -> bool:
        """Send what may be sent now; return whether anything became different outside."""
        now, busy, sent = self._now(), set[str](), False
        for item in self._sendable(now, busy):
            busy.add(item.lane)
            sent = self._deliver(item) or sent
        return sent

    def _sendable(self, now: datetime, busy: set[str]) -> Iterator[Item]:
        """Yield what may be sent now, one thing a lane; the caller sends it and notes its lane.

        What only counts comes behind everything else.
        """
        counts = list[Item]()
        for item in self._ready(now, busy):
            if item.counts_only:
                counts.append(item)
            else:
                yield item
        for item in counts:
            # Asked again: what was sent meanwhile took room, or ran into a limit.
            if len(busy) < MOST and self._is_free(item, now, busy):
                yield item

    def _ready(self, now: datetime, busy: set[str]) -> Iterator[Item]:
        """Yield what may be sent now; the caller sends it, and keeps what only counts for later.

        What may not is passed over, however much there is: another lane's approval is behind it.
        Behind what the minute has no room for there is nothing that it has room for.
        """
        held = frozenset(kind for kind, until in self._news.items() if now < until)
        passed, more = 0, True
        while more:
            page = self._outbox.ready(now, limit=PAGE, offset=passed, edits_only=held)
            for item in page:
                full = not (item.counts_only or self._minute.has_room(item, now))
                if len(busy) == MOST or full:
                    return
                free = self._is_free(item, now, busy)
                if free:
                    yield item
                passed += not free or item.counts_only
            more = len(page) == PAGE

    def _is_free(self, item: Item, now: datetime, busy: set[str]) -> bool:
        room = self._minute.has_room(item, now)
        return room and item.lane not in busy and self._may(item, now)

    def _may(self, item: Item, now: datetime) -> bool:
        deliverer = self._deliverers.get(item.kind)
        if deliverer is None or self._is_limited(deliverer.method(item), item, now):
            return False
        if self._in_doubt(item) and item.attempted_at and now < item.attempted_at + LOOK_AFTER:
            return False
        lane = (item.lane, deliverer.method(item))
        return item.kind not in self._pace.kinds or now >= self._lanes.get(lane, now)

    def _is_limited(self, method: str, item: Item, now: datetime) -> bool:
        until = self._methods.get(method, now)
        if now < until and item.sent_digest is None:
            # None of its kind need be read again before, were there thousands of them.
            self._news[item.kind] = until
        return now < until

    def _in_doubt(self, item: Item) -> bool:
        """Return whether an attempt has left whose end nobody knows."""
        return item.attempted_digest is not None and item.key not in self._unsent

    def _deliver(self, item: Item) -> bool:
        deliverer = self._deliverers[item.kind]
        try:
            if self._in_doubt(item) and self._look(deliverer, item):
                return True
            return self._send(deliverer, item)
        except PutOff as error:
            self._put_off(item, error)
        except Unknown as error:
            self._unknown(item, error)
        except Hopeless as error:
            self._give_up(item, str(error))
        except Unavailable:
            raise
        except Exception as error:
            # One row that nobody can deliver must not stop the others.
            log.exception("delivery failed", key=item.key)
            self._unknown(item, Unknown(f"{type(error).__name__}: {error}"))
        return False

    def _look(self, deliverer: Deliverer, item: Item) -> bool:
        """Look outside for the attempt, and note it where it is found."""
        self._minute.leaves(self._now())
        found = deliverer.look(item, self._ids)
        if found is None:
            return False
        log.info("found outside", key=item.key)
        # The body may have grown since: then this row is ready again, and the newest is sent.
        self._sent(item, item.attempted_digest or item.digest, found)
        return True

    def _send(self, deliverer: Deliverer, item: Item) -> bool:
        self._unsent.discard(item.key)
        now = self._now()
        # Written before the request leaves: a crash in between must show up as doubt.
        self._outbox.attempt(item.key, digest=item.digest, at=now)
        self._minute.leaves(now)
        # An edit that only counts keeps the pace and sets none: what matters need not wait for it.
        if item.kind in self._pace.kinds and not item.counts_only:
            until = now + timedelta(seconds=self._pace.gap)
            self._lanes[item.lane, deliverer.method(item)] = until
        try:
            remote = deliverer.send(item, self._ids)
        except (PutOff, Hopeless):
            # Certainly not delivered. Forgotten in a crash, and then only looked for in vain.
            self._unsent.add(item.key)
            raise
        self._sent(item, item.digest, remote)
        return True

    def _sent(self, item: Item, digest: str, remote: Remote) -> None:
        rest = calm(item, self._now())
        self._outbox.sent(item.key, digest=digest, remote=remote, calm=rest)

    def _put_off(self, item: Item, error: PutOff) -> None:
        if error.method:
            self._methods[error.method] = self._now() + timedelta(seconds=error.seconds)
        self._wait(item, error.seconds, str(error))

    def _unknown(self, item: Item, error: Unknown) -> None:
        if item.attempts >= MOST_UNKNOWN:
            self._give_up(item, f"nobody can tell after {item.attempts} tries: {error}")
            return
        self._wait(item, LOOK_AFTER.total_seconds(), str(error))

    def _give_up(self, item: Item, because: str) -> None:
        log.warning("given up", key=item.key, because=because)
        self._outbox.give_up(item.key, because=because)

    def _wait(self, item: Item, seconds: float, because: str) -> None:
        pause = max(seconds, BACK_OFF[min(item.attempts, len(BACK_OFF) - 1)])
        log.info("put off", key=item.key, because=because, seconds=pause)
        until = self._now() + timedelta(seconds=pause)
        self._outbox.put_off(item.key, until=until, because=because)

    def _ids(self, key: str) -> Remote:
        item = self._outbox.get(key)
        return item.remote if item is not None else {}
