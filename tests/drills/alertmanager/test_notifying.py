"""When the pair notifies, how often, and what it says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drills.alertmanager.config import Receiver as To
from drills.alertmanager.config import Webhook, one_webhook

# Any: the fixtures' classes live in conftest, which importlib mode lets nobody import.
Desk = Any
Receiver = Any
FULL = {"labels": {"alertname": "KVCacheFull", "model": "m"}, "annotations": {"summary": "full"}}


def over(alert: dict[str, object], at: str) -> dict[str, object]:
    """Return the alert with its end told."""
    return alert | {"endsAt": at}


def test_a_notification_is_a_version_4_body(desk: Desk, receiver: Receiver) -> None:
    """What triaged parses must be what Alertmanager writes, field for field."""
    desk.send(FULL | {"startsAt": "2026-03-01T12:00:00.120Z", "generatorURL": "http://p/graph"})
    desk.run(10)

    assert receiver.delivered == [
        {
            "receiver": "triaged",
            "status": "firing",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {"alertname": "KVCacheFull", "model": "m"},
                    "annotations": {"summary": "full"},
                    "startsAt": "2026-03-01T12:00:00.12Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": "http://p/graph",
                    "fingerprint": "a838df5dacdf13b8",
                }
            ],
            "groupLabels": {"alertname": "KVCacheFull", "model": "m"},
            "commonLabels": {"alertname": "KVCacheFull", "model": "m"},
            "commonAnnotations": {"summary": "full"},
            "externalURL": "http://alertmanager-0:9093",
            "version": "4",
            "groupKey": '{}:{alertname="KVCacheFull", model="m"}',
            "truncatedAlerts": 0,
        }
    ]


def test_a_group_waits_for_company(desk: Desk, receiver: Receiver) -> None:
    """group_wait gathers alerts of one problem into one notification."""
    desk.send(FULL)
    desk.run(4)
    desk.send({"labels": {"alertname": "KVCacheFull", "model": "m", "pod": "b"}})
    assert receiver.delivered == []
    desk.run(2)

    assert [len(one["alerts"]) for one in receiver.delivered] == [2]


def test_an_alert_older_than_group_wait_is_told_at_once(desk: Desk, receiver: Receiver) -> None:
    """An alert that waited elsewhere waits no longer here."""
    desk.send(FULL | {"startsAt": desk.stamp(-60)})
    desk.run(0.25)

    assert len(receiver.delivered) == 1


def test_the_second_member_stays_silent_behind_a_quick_answer(
    desk: Desk, receiver: Receiver
) -> None:
    """Gossip is why a pair normally delivers once."""
    desk.send(FULL)
    desk.run(50)

    assert [one["externalURL"] for one in receiver.attempts] == ["http://alertmanager-0:9093"]


def test_a_slow_answer_brings_a_second_copy(desk: Desk, receiver: Receiver) -> None:
    """Members deliver twice whenever the answer is slower than peer_timeout."""
    receiver.answers = iter([None])
    desk.send(FULL)
    desk.run(25)
    receiver.release()
    desk.run(30)

    assert [one["externalURL"] for one in receiver.delivered] == [
        "http://alertmanager-0:9093",
        "http://alertmanager-1:9093",
    ]


def test_without_gossip_both_deliver(configured: Callable[..., Desk], receiver: Receiver) -> None:
    """A partitioned pair prefers duplicates to misses; the demo's story rests on it."""
    desk = configured(gossip=False)
    desk.send(FULL)
    desk.run(6)

    assert sorted(one["externalURL"] for one in receiver.delivered) == [
        "http://alertmanager-0:9093",
        "http://alertmanager-1:9093",
    ]


@pytest.mark.parametrize(
    "failure", [pytest.param(503, id="503"), pytest.param(0, id="connection-cut")]
)
def test_a_passing_fault_is_retried_within_the_flush(
    desk: Desk, receiver: Receiver, failure: int
) -> None:
    """5xx and connection errors cost nothing but time."""
    receiver.answers = iter([failure] * 3)
    desk.send(FULL)
    desk.run(14)

    assert (len(receiver.attempts), len(receiver.delivered)) == (4, 1)


@pytest.mark.parametrize("refusal", [pytest.param(429, id="429"), pytest.param(400, id="400")])
def test_a_refusal_is_tried_again_only_at_the_next_flush(
    configured: Callable[..., Desk], receiver: Receiver, refusal: int
) -> None:
    """Answering 4xx for a passing fault delays an alert by group_interval."""
    desk = configured()
    receiver.answers = iter([refusal, refusal])
    desk.send(FULL)
    desk.run(50)
    assert (len(receiver.attempts), receiver.delivered) == (2, [])
    desk.run(30)

    assert len(receiver.delivered) == 1


def test_what_fires_and_ends_while_we_are_down_is_never_told(
    desk: Desk, receiver: Receiver
) -> None:
    """The loss is Alertmanager's own rule, and the reason for a reconciler later."""
    receiver.answers = iter([503] * 500)
    desk.send(FULL)
    desk.run(10)
    desk.send(over(FULL, desk.stamp()))
    desk.run(120)
    receiver.answers = iter(())
    desk.run(300)

    assert receiver.delivered == []


def test_an_end_is_told_at_the_next_flush(desk: Desk, receiver: Receiver) -> None:
    """The incident hears of the resolve in the same group."""
    desk.send(FULL)
    desk.run(10)
    end = desk.stamp()
    desk.send(over(FULL, end))
    desk.run(60)

    last = receiver.delivered[-1]
    assert [one["status"] for one in receiver.delivered] == ["firing", "resolved"]
    assert last["alerts"][0]["endsAt"] == "2026-03-01T12:00:10Z"
    assert last["groupKey"] == receiver.delivered[0]["groupKey"]


def test_an_alert_that_fires_again_begins_anew(desk: Desk, receiver: Receiver) -> None:
    """Same fingerprint, new startsAt: another occurrence."""
    desk.send(FULL)
    desk.run(10)
    desk.send(over(FULL, desk.stamp()))
    desk.run(120)
    desk.send(FULL)
    desk.run(60)

    assert [one["status"] for one in receiver.delivered] == ["firing", "resolved", "firing"]
    starts = [one["alerts"][0]["startsAt"] for one in receiver.delivered]
    assert starts[0] == starts[1] < starts[2]


def test_an_alert_that_is_not_sent_again_ends_by_itself(desk: Desk, receiver: Receiver) -> None:
    """resolve_timeout: a dead Prometheus must not leave alerts firing for ever."""
    desk.send(FULL)
    desk.run(400)

    assert [one["status"] for one in receiver.delivered] == ["firing", "resolved"]


def test_nothing_new_is_told_again_after_repeat_interval_only(
    configured: Callable[..., Desk], receiver: Receiver
) -> None:
    """Repeats come, and they are no new occurrence."""
    base = one_webhook(
        Webhook(url="http://triaged.test/hook"),
        group_wait=timedelta(seconds=1),
        group_interval=timedelta(seconds=10),
        repeat_interval=timedelta(seconds=60),
    )
    desk = configured(base)
    desk.send(FULL | {"endsAt": desk.stamp(1000)})
    desk.run(59)
    assert len(receiver.delivered) == 1
    desk.run(20)

    assert [one["status"] for one in receiver.delivered] == ["firing", "firing"]


def test_beyond_max_alerts_the_tail_is_cut(
    configured: Callable[..., Desk], receiver: Receiver
) -> None:
    """The status of a truncated body says nothing about what was cut."""
    hook = Webhook(url="http://triaged.test/hook", max_alerts=2)
    desk = configured(one_webhook(hook, group_wait=timedelta(seconds=1)))
    desk.send(*({"labels": {"alertname": "A", "pod": str(number)}} for number in range(5)))
    desk.run(2)

    body = receiver.delivered[0]
    assert ([one["labels"]["pod"] for one in body["alerts"]], body["truncatedAlerts"]) == (
        ["0", "1"],
        3,
    )


def test_a_receiver_may_not_want_to_hear_of_ends(
    configured: Callable[..., Desk], receiver: Receiver
) -> None:
    """send_resolved false: silence, but the log knows that it is over."""
    hook = Webhook(url="http://triaged.test/hook", send_resolved=False)
    desk = configured(one_webhook(hook, group_wait=timedelta(seconds=1)))
    desk.send(FULL)
    desk.run(5)
    desk.send(over(FULL, desk.stamp()))
    desk.run(700)

    assert [one["status"] for one in receiver.delivered] == ["firing"]


def test_two_webhooks_of_a_receiver_are_told_apart(
    configured: Callable[..., Desk], receiver: Receiver
) -> None:
    """A failing neighbour neither stops nor doubles our own notification."""
    both = (Webhook(url="http://a.test/"), Webhook(url="http://b.test/"))
    config = one_webhook(both[0], group_wait=timedelta(seconds=1))
    desk = configured(replace(config, receivers=(To(name="triaged", webhooks=both),)))
    receiver.answers = iter([400])
    desk.send(FULL)
    desk.run(10)

    assert len(receiver.delivered) == 1
