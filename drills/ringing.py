"""Who is rung: alerts go to the Alertmanagers, and theirs go to the desk."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from datetime import datetime, timedelta

from starlette.types import ASGIApp

from drills.alertmanager import app
from drills.alertmanager.config import Config, Receiver, Route, Webhook
from drills.alertmanager.pair import Pair
from drills.alertmanager.posts import HttpPost
from drills.prometheus.alerts import PostableAlert
from drills.prometheus.sender import Sender

# What our Alertmanager snippet recommends: one problem, one group.
GROUP_BY = ("alertname", "namespace", "model_name")
GROUP_WAIT = timedelta(seconds=15)
GROUP_INTERVAL = timedelta(minutes=1)
REPEAT_INTERVAL = timedelta(hours=4)

_RECEIVER = "triaged"

# How long, in real seconds, a stepped world waits for the answer to a notification.
_PATIENCE = 10.0
_LOOK_EVERY = 0.1


class PendingPosts:
    """Posts over HTTP, and knows which of them are not answered yet."""

    def __init__(self) -> None:
        self._http = HttpPost(timeout=_PATIENCE)
        self._pending: list[Future[int]] = []
        self._closed = False

    def __call__(self, webhook: Webhook, body: bytes) -> Future[int]:
        """Post in a thread."""
        future = self._http(webhook, body)
        self._pending = [each for each in self._pending if not each.done()] + [future]
        return future

    def wait(self) -> bool:
        """Wait until all posts are answered or failed, or `close` was called.

        Returns whether there were any and all are done.
        """
        pending, self._pending = self._pending, []
        patient_until = time.monotonic() + _PATIENCE
        waiting = set(pending)
        while waiting and not self._closed and time.monotonic() < patient_until:
            waiting = wait(waiting, timeout=_LOOK_EVERY).not_done
        return bool(pending) and not waiting

    def close(self) -> None:
        """Let go of what was not begun, and of who waits."""
        self._closed = True
        self._http.close()


class Ringing:
    """The alerts' way out of a rehearsal: Prometheus' sender, and two Alertmanagers.

    gossip: whether the two know of each other. Without, both tell the desk everything, as on the
    two sides of a network partition: the harder case, so it is the default.
    """

    def __init__(
        self,
        addresses: tuple[str, str],
        *,
        now: Callable[[], datetime],
        real: Sequence[str] = (),
        gossip: bool = False,
    ) -> None:
        self._addresses = addresses
        self._now = now
        self._sender = Sender(real or addresses)
        self._posts = PendingPosts()
        self._webhooks: tuple[Webhook, ...] = ()
        self._gossip = gossip
        self._pair = self._new_pair()

    def begin(self) -> tuple[ASGIApp, ASGIApp]:
        """Return a fresh pair as applications; who they notify stays."""
        self._pair = self._new_pair()
        first, second = self._pair.members
        return app.build(first), app.build(second)

    def call(self, webhook: Webhook) -> None:
        """Point both at a receiver, from now on."""
        self._webhooks = (webhook,)
        for member in self._pair.members:
            member.config = self._config()

    def let_gossip(self, gossip: bool) -> None:  # noqa: FBT001  it is the value that is set
        """Let the two know of each other, or not, from now on."""
        self._gossip = self._pair.gossip = gossip

    def ring(self, alerts: Sequence[PostableAlert]) -> None:
        """Post alerts to the Alertmanagers, as Prometheus does."""
        self._sender.send(alerts)

    def tick(self, at: datetime) -> None:
        """Let the pair do what is due."""
        self._pair.tick(at)

    def settle(self) -> None:
        """Return when what the pair began to tell is told, or has failed."""
        while self._posts.wait():
            self._pair.tick(self._now())

    def facts(self) -> Mapping[str, object]:
        """Return where the pair notifies; never the token."""
        urls = [webhook.url for webhook in self._webhooks]
        return {"webhook": urls[0] if urls else None, "gossip": self._gossip}

    def close(self) -> None:
        """End the posts."""
        self._posts.close()

    def _new_pair(self) -> Pair:
        return Pair(
            self._config(),
            now=self._now,
            post=self._posts,
            gossip=self._gossip,
            external_urls=self._addresses,
        )

    def _config(self) -> Config:
        route = Route(
            receiver=_RECEIVER,
            group_by=GROUP_BY,
            group_wait=GROUP_WAIT,
            group_interval=GROUP_INTERVAL,
            repeat_interval=REPEAT_INTERVAL,
        )
        receiver = Receiver(name=_RECEIVER, webhooks=self._webhooks)
        return Config(route=route, receivers=(receiver,))
