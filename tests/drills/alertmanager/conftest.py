"""A pair on a clock that a test moves, and a receiver that answers as it is told."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drills.alertmanager.config import Config, Webhook, one_webhook
from drills.alertmanager.pair import Pair

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONFIG = one_webhook(
    Webhook(url="http://triaged.test/hook", token="t"),
    group_by=("alertname", "model"),
    group_wait=timedelta(seconds=5),
    group_interval=timedelta(seconds=60),
    repeat_interval=timedelta(hours=4),
)


class Receiver:
    """A webhook receiver: takes the next answer from `answers`, 200 when there is none.

    An answer of None is one that does not come until `release`.
    """

    def __init__(self) -> None:
        self.answers: Iterator[int | None] = iter(())
        self.attempts: list[dict[str, Any]] = []  # Any: a webhook's JSON
        self.delivered: list[dict[str, Any]] = []  # Any: a webhook's JSON
        self._held: list[Future[int]] = []

    def __call__(self, webhook: Webhook, body: bytes) -> Future[int]:
        """Take a post."""
        assert webhook.url
        code = next(self.answers, 200)
        future: Future[int] = Future()
        self.attempts.append(json.loads(body))
        if code is None:
            self._held.append(future)
            self.delivered.append(json.loads(body))
            return future
        if code == 200:
            self.delivered.append(json.loads(body))
        future.set_result(code)
        return future

    def release(self) -> None:
        """Answer what was held with 200."""
        for future in self._held:
            if not future.cancelled():
                future.set_result(200)
        self._held.clear()


class Desk:
    """A pair under test with its clock, and the words of the tests."""

    def __init__(self, receiver: Receiver, config: Config = CONFIG, *, gossip: bool = True) -> None:
        self.at = START
        self.receiver = receiver
        self.pair = Pair(config, now=lambda: self.at, post=receiver, gossip=gossip)

    def send(self, *alerts: dict[str, object], members: Sequence[int] = (0, 1)) -> list[str]:
        """Post alerts to the members; return the first member's complaints."""
        body = json.dumps(alerts).encode()
        complaints = [self.pair.members[index].receive(body) for index in members]
        return complaints[0]

    def run(self, seconds: float) -> None:
        """Let time pass, a quarter of a second at a time."""
        end = self.at + timedelta(seconds=seconds)
        while self.at < end:
            self.at += timedelta(seconds=0.25)
            self.pair.tick(self.at)

    def stamp(self, seconds: float = 0) -> str:
        """Write a moment relative to now."""
        return (self.at + timedelta(seconds=seconds)).isoformat()


@pytest.fixture
def receiver() -> Receiver:
    """Return a receiver that answers 200."""
    return Receiver()


@pytest.fixture
def desk(receiver: Receiver) -> Desk:
    """Return a pair that gossips."""
    return Desk(receiver)


@pytest.fixture
def configured(receiver: Receiver) -> Callable[..., Desk]:
    """Return how to make a pair of another configuration."""

    def make(config: Config = CONFIG, *, gossip: bool = True) -> Desk:
        return Desk(receiver, config, gossip=gossip)

    return make
