"""From an HTTP request to an incident, over each store."""

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx
import pytest
import structlog

from incidents.incident import Status
from incidents.ports import Store
from tests.alert_webhooks.bodies import READABLE, UNREADABLE, alert, body, resolved
from tests.bot.intake.desks import Office
from tests.contract.door.conftest import Served

MIB = 1 << 20


def test_fifty_posts_of_one_body_at_once_open_one_incident(served: Served) -> None:
    """Two Alertmanagers with retries, or somebody with a loop: one problem, one incident."""
    with ThreadPoolExecutor(16) as people:
        answers = list(people.map(lambda _: post(served, body(alert())), range(50)))
    served.office.work()

    assert {one.status_code for one in answers} == {200}
    assert len({one.json()["kept"] for one in answers}) == 50
    assert [len(one.alerts) for one in served.office.incidents] == [1]
    assert served.office.store.inbox.pending() == []


def test_an_incident_ends_and_the_next_begins(served: Served) -> None:
    """Resolve and re-fire, from bytes to states."""
    post(served, body(alert()))
    served.office.work()
    post(served, body(resolved()))
    served.office.work()
    served.office.calm()
    served.office.now += served.office.policy.gathering.reopen
    post(served, body(alert(startsAt="2026-01-10T13:00:00Z")))
    served.office.work()

    assert [one.status for one in served.office.incidents] == [
        Status.RESOLVED,
        Status.INVESTIGATING,
    ]


def test_no_hostile_body_is_a_server_error_or_lost(served: Served) -> None:
    """NUL, half surrogates, ten megabytes and 100 000 brackets reach every store."""
    bodies = [*READABLE.values(), *(raw for raw, _ in UNREADABLE.values())]

    statuses = [post(served, raw).status_code for raw in bodies]
    kept = [one.body for one in served.office.store.inbox.pending(limit=1000)]
    served.office.work()

    assert [one for one in statuses if one >= 500] == []
    assert kept == bodies
    assert len(served.office.aside) == len(UNREADABLE)
    assert served.office.store.inbox.pending() == []


def test_a_body_above_the_cap_is_refused_twice_and_told_once(served: Served) -> None:
    """The sender sees why, although it was still sending."""
    big = b"x" * (17 * MIB)

    answers = [post(served, big) for _ in range(2)]
    served.office.work()

    assert [one.status_code for one in answers] == [413, 413]
    assert len(served.office.incidents) == 1
    [kept] = served.office.store.inbox.aside()
    assert (kept.source, kept.body) == ("oversized:alertmanager:prod", b"x" * (64 << 10))


def test_a_wrong_token_keeps_nothing(served: Served) -> None:
    """The door is the only thing between the network and the desk."""
    answer = post(served, body(alert()), Authorization="Bearer wrong")

    assert answer.status_code == 401
    assert served.office.store.inbox.pending() == []


def test_what_is_set_aside_can_be_replayed_after_a_restart(served: Served) -> None:
    """A parser that was repaired must find the bytes again."""
    post(served, b"not yet JSON")
    served.office.work()
    served.office.restart()

    served.office.store.inbox.replay(1)
    served.office.work()

    assert [inbox_id for inbox_id, _ in served.office.aside] == [1]
    assert [len(one.alerts) for one in served.office.incidents] == [1]


@pytest.mark.parametrize("store_url", ["sqlite", "postgresql"], indirect=True)
def test_two_desks_at_once_open_one_incident(
    served: Served, store_url: str, open_stores: Callable[[str], Store]
) -> None:
    """While a lease changes hands two replicas may read the same deliveries."""
    for number in range(30):
        post(served, body(alert(fingerprint=f"{number:x}")))
    # A store of its own for each, as replicas have: one store writes one after the other.
    desks = [served.office, *(Office(store=open_stores(store_url)) for _ in range(2))]
    ready = Barrier(len(desks))

    def work(desk: Office) -> None:
        ready.wait(10)
        desk.work()

    with structlog.testing.capture_logs() as lines, ThreadPoolExecutor(len(desks)) as people:
        list(people.map(work, desks))

    # Whoever loses decides anew; a store that lets two write at once fails the deliveries instead.
    assert lines == []
    assert [len(one.alerts) for one in Office(store=served.office.store).incidents] == [30]
    assert (served.office.aside, served.office.store.inbox.pending()) == ([], [])
    assert served.office.store.journal.verify() is None


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_store_that_is_locked_answers_503_within_two_seconds(
    served: Served, tmp_path: Path
) -> None:
    """Never 4xx and never 2xx: Alertmanager then tries again, and nothing is lost."""
    with sqlite3.connect(tmp_path / "triaged.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        answer = post(served, body(alert()))
        took = time.monotonic() - began
        other.execute("ROLLBACK")
    again = post(served, body(alert()))
    served.office.work()

    assert (answer.status_code, again.status_code) == (503, 200)
    assert took < 2
    assert len(served.office.incidents) == 1


def post(served: Served, raw: bytes, **headers: str) -> httpx.Response:
    """Post a body to the door."""
    return served.client.post("/webhooks/alertmanager", content=raw, headers=headers)
