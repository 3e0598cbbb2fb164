"""One Alertmanager: alerts in, groups on timers, notifications out."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import cmp_to_key
from random import Random
from typing import Protocol

from drills.alertmanager import bodies, notified, posted
from drills.alertmanager import labels as label_sets
from drills.alertmanager.alerts import Alert, merged
from drills.alertmanager.config import Config, Receiver, Webhook, routed
from drills.alertmanager.deliveries import Delivery, Terms
from drills.alertmanager.groups import Group
from drills.alertmanager.notified import Entry, Place
from drills.alertmanager.posts import Post
from drills.alertmanager.silences import Silence, Silences

_SHORTEST = timedelta(seconds=10)  # notify.MinTimeout: the least time a flush may take
_CLEANING = timedelta(seconds=30)  # how often empty groups are dropped
_KEPT = timedelta(minutes=30)  # how long alerts that are over stay known (alerts.gc-interval)


class Peers(Protocol):
    """What a member knows of the others."""

    def wait(self, name: str) -> timedelta:
        """Return how long this member lets the ones before it go first."""

    def told(self, name: str, place: Place, entry: Entry) -> None:
        """Pass on that this member has notified."""

    def silenced(self, name: str, silence: Silence) -> None:
        """Pass on a silence."""


class Alertmanager:
    """A member of the pair; its clock is the world's and moves in `tick`.

    `external_url` is the only thing in a notification that tells the members apart.
    """

    def __init__(
        self,
        *,
        name: str,
        config: Config,
        external_url: str,
        peers: Peers,
        post: Post,
        now: Callable[[], datetime],
    ) -> None:
        self.name = name
        self.config = config
        self.external_url = external_url
        self.now = now
        self.started = now()
        self.silences = Silences()
        self.log = notified.Log()
        self._peers = peers
        self._post = post
        self._lock = threading.RLock()
        self._random = Random(name)  # noqa: S311 - spreads retries, as the real back-off does
        self._alerts: dict[str, Alert] = {}
        self._groups: dict[str, Group] = {}
        self._cleaned = self.started

    def receive(self, body: bytes) -> list[str]:
        """Take the body of POST /api/v2/alerts; return what is wrong with the alerts left out.

        Raises posted.Malformed when nothing could be read.
        """
        now = self.now()
        given = posted.alerts_of(body, now=now, resolve_timeout=self.config.resolve_timeout)
        with self._lock:
            for alert in given:
                if not alert.complaint():
                    self._put(alert, now)
        return [complaint for alert in given if (complaint := alert.complaint())]

    def alerts(self) -> list[Alert]:
        """Return the alerts that are not over, by fingerprint."""
        now = self.now()
        with self._lock:
            return [alert for _, alert in sorted(self._alerts.items()) if not alert.resolved(now)]

    def silence(self, silence: Silence) -> None:
        """Keep a silence and pass it on."""
        self.silences.put(silence)
        self._peers.silenced(self.name, silence)

    def tick(self, now: datetime) -> None:
        """Do what is due: flush groups, move deliveries on, clean up."""
        with self._lock:
            for group in list(self._groups.values()):
                if group.due(now):
                    self._flush(group, now)
                if group.busy:
                    group.step(now)
            if now - self._cleaned >= _CLEANING:
                self._clean(now)

    @property
    def busy(self) -> bool:
        """Whether any flush is under way."""
        with self._lock:
            return any(group.busy for group in self._groups.values())

    def _put(self, alert: Alert, now: datetime) -> None:
        known = self._alerts.get(alert.fingerprint)
        kept = alert if known is None else merged(known, alert, now)
        self._alerts[alert.fingerprint] = kept
        for options in routed(self.config.route, kept.labels):
            group = Group(options, options.group_labels(kept.labels), now)
            self._groups.setdefault(group.key, group).insert(kept, now)

    def _flush(self, group: Group, now: datetime) -> None:
        alerts = _in_order(
            one for one in group.alerts.values() if not self.silences.muting(one.labels, now)
        )
        hooks = self._receiver(group.options.receiver).webhooks if alerts else ()
        deliveries = [
            Delivery(self._terms(group, index, hook, alerts, now), self._random)
            for index, hook in enumerate(hooks)
        ]
        group.begin(tuple(group.alerts.values()), deliveries, now)
        group.step(now)

    def _terms(
        self, group: Group, index: int, hook: Webhook, alerts: Sequence[Alert], now: datetime
    ) -> Terms:
        """Say what one webhook is told of this flush; what fires is judged at its beginning."""
        place = (group.key, f"{group.options.receiver}/{index}")
        over = frozenset(one.fingerprint for one in alerts if one.resolved(now))
        firing = frozenset(one.fingerprint for one in alerts) - over
        wait = self._peers.wait(self.name)
        sent = [one for one in alerts if hook.send_resolved or one.fingerprint in firing]

        def news(at: datetime) -> bool:
            return notified.due(
                self.log.find(place),
                firing=firing,
                resolved=over,
                send_resolved=hook.send_resolved,
                repeat=group.options.repeat_interval,
                now=at,
            )

        def post() -> Future[int]:
            return self._post(hook, self._body(group, hook, sent, now)) if sent else _nothing()

        def done(at: datetime) -> None:
            entry = Entry(at=at, firing=firing, resolved=over)
            self.log.put(place, entry)
            self._peers.told(self.name, place, entry)

        ends = now + max(group.options.group_interval, _SHORTEST) + wait
        return Terms(begins=now + wait, ends=ends, news=news, post=post, done=done)

    def _body(self, group: Group, hook: Webhook, alerts: Sequence[Alert], now: datetime) -> bytes:
        return bodies.body(
            alerts,
            now=now,
            receiver=group.options.receiver,
            group_key=group.key,
            group_labels=group.labels,
            external_url=self.external_url,
            max_alerts=hook.max_alerts,
        )

    def _receiver(self, name: str) -> Receiver:
        return next(one for one in self.config.receivers if one.name == name)

    def _clean(self, now: datetime) -> None:
        self._cleaned = now
        self._groups = {key: it for key, it in self._groups.items() if it.alerts or it.busy}
        self._alerts = {key: it for key, it in self._alerts.items() if now - it.ends_at < _KEPT}


def _in_order(alerts: Iterable[Alert]) -> list[Alert]:
    def compare(one: Alert, other: Alert) -> int:
        return label_sets.compare(one.labels, other.labels)

    return sorted(alerts, key=cmp_to_key(compare))


def _nothing() -> Future[int]:
    """Count as told what a receiver does not want to hear, as the real one does."""
    answered: Future[int] = Future()
    answered.set_result(200)
    return answered
