"""The stand-in says what a real Alertmanager says, in the same bodies and as often."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from drills.alertmanager.config import Config, Receiver, Route, Webhook, one_webhook
from drills.alertmanager.matchers import parse

pytestmark = pytest.mark.server

Start = Callable[..., Any]  # Any: Both lives in conftest, which importlib mode lets nobody import
FULL = {
    "labels": {"alertname": "KVCacheFull", "model": "llama-3-70b", "pod": "decode-0"},
    "annotations": {"summary": 'KV cache "full" & <hot> é', "runbook_url": "http://r/x"},
    "generatorURL": "http://prometheus/graph?g0.expr=vllm&g0.tab=1",
}
SECOND = {
    "labels": FULL["labels"] | {"pod": "decode-1"},
    "annotations": {"runbook_url": "http://r/x"},
}


def over(alert: dict[str, Any]) -> dict[str, Any]:  # Any: an alert's JSON
    """Return the alert with its end told."""
    return alert | {"endsAt": datetime.now(UTC).isoformat()}


def test_a_story_is_told_alike(both: Start) -> None:
    """Fires, a second one joins, both resolve, one fires again."""
    desk = both()
    desk.send(FULL)
    desk.told(1)
    desk.send(SECOND)
    desk.told(2)
    desk.send(over(FULL), over(SECOND))
    desk.told(3)
    desk.send(FULL)
    real, ours = desk.told(4)

    assert [one["status"] for one in real] == ["firing", "firing", "resolved", "firing"]
    assert ours == real


def test_an_alert_of_a_world_in_the_past_fires_and_ends(both: Start) -> None:
    """A rehearsal's clock is behind: open ends let a real Alertmanager ring for it all the same."""
    desk = both()
    desk.send(FULL | {"startsAt": "2026-01-01T10:00:00Z"})
    desk.told(1)
    desk.send(FULL | {"startsAt": "2026-01-01T10:00:00Z", "endsAt": "2026-01-01T10:09:00Z"})
    real, ours = desk.told(2)
    ends = [hook.bodies[-1]["alerts"][0]["endsAt"] for hook in desk.hooks]

    assert [one["status"] for one in real] == ["firing", "resolved"]
    assert ours == real
    assert ends == ["2026-01-01T10:09:00Z", "2026-01-01T10:09:00Z"]


def test_the_request_is_alike(both: Start) -> None:
    """The door sees the same token and agent."""
    desk = both()
    desk.send(FULL)
    desk.told(1)
    names = ("Authorization", "User-Agent", "Content-Type")
    real, ours = ({n: hook.headers[0][n] for n in names} for hook in desk.hooks)

    assert ours == real


def test_a_cut_body_is_alike(both: Start) -> None:
    """max_alerts cuts the same tail, in the same order of alerts."""
    desk = both(max_alerts=3)
    pods = ("job-less", "b", "a", "c")
    mixed = [
        {"labels": {"alertname": "A", "model": "m", "pod": pod, **more}}
        for pod, more in zip(pods, ({}, {"job": "z"}, {"job": "y"}, {"x": "1"}), strict=True)
    ]
    desk.send(*mixed)
    real, ours = desk.told(1)

    assert ours == real
    assert ours[0]["truncatedAlerts"] == 1


def test_keys_of_odd_labels_and_child_routes_are_alike(both: Start) -> None:
    """A groupKey is compared as text by whoever keeps it."""

    def tree(webhook: Webhook) -> Config:
        base = one_webhook(webhook, receiver="root", group_by=())
        child = Route(
            receiver="child",
            matchers=(parse('team=~"a|b"'), parse('severity!="none"')),
            group_by=("...",),
            group_wait=base.route.group_wait,
        )
        receivers = (*base.receivers, Receiver(name="child", webhooks=(webhook,)))
        return replace(base, route=replace(base.route, routes=(child,)), receivers=receivers)

    desk = both(tree)
    old = "2026-01-01T00:00:00Z"  # older than group_wait: told at once
    odd = {"alertname": 'KV "x" \\ é\n\t&<b>\u200b', "team": "b", "severity": "page"}
    desk.send({"labels": odd, "startsAt": old})
    real, ours = desk.told(1)

    assert ours == real


@pytest.mark.parametrize(
    ("answers", "attempts"),
    [
        pytest.param((503, 503), 3, id="503-is-retried-in-the-flush"),
        pytest.param((429,), 2, id="429-waits-for-the-next-flush"),
    ],
)
def test_failures_are_met_alike(both: Start, answers: tuple[int, ...], attempts: int) -> None:
    """One delivery after the fault, and the same number of attempts."""
    desk = both()
    desk.answer(*answers)
    desk.send(FULL)
    real, ours = desk.told(1)

    assert ours == real
    assert [hook.attempts for hook in desk.hooks] == [attempts, attempts]


def test_two_members_deliver_once_and_a_slow_answer_twice(both: Start) -> None:
    """Gossip and peer_timeout, with two real members beside our two."""
    desk = both(members=2)
    time.sleep(3)  # the real ones find each other, and settle
    desk.send(FULL)
    desk.told(1)
    time.sleep(3)
    once = [len(hook.bodies) for hook in desk.hooks]
    for hook in desk.hooks:
        hook.delay = 4.0
    desk.send(SECOND)
    real, ours = desk.told(3)

    assert once == [1, 1]
    assert ours == real
    assert [len({one["externalURL"] for one in hook.bodies[1:3]}) for hook in desk.hooks] == [2, 2]


@pytest.mark.parametrize(
    "alert",
    [
        pytest.param({"labels": {}}, id="no-labels"),
        pytest.param({"labels": {"a-b": "c"}}, id="bad-name"),
        pytest.param({"labels": {"a": "b"}, "startsAt": "2999-01-01T00:00:00Z"}, id="future"),
        pytest.param(
            {
                "labels": {"a": "b"},
                "startsAt": "2026-01-02T00:00:00Z",
                "endsAt": "2026-01-01T00:00:00Z",
            },
            id="ends-before-it-starts",
        ),
        pytest.param({"labels": {"a": "b", "empty": ""}}, id="empty-label-is-dropped"),
    ],
)
def test_alerts_are_refused_alike(both: Start, alert: dict[str, object]) -> None:
    """What the real one refuses must not ring in the rehearsal."""
    real, ours = both().send(alert)

    assert ours == real
