"""A COMMIT whose answer was lost is read back: the truth is told, and nothing happens twice."""

import threading
import time
from collections.abc import Callable

import pytest

from incidents.errors import Unavailable
from incidents.journal import Appended
from incidents.ports import Store
from tests.appends import append
from tests.contract.storage.proxy import Fault, Proxy

Opener = Callable[..., Store]
LOSSES = [Fault.LOST, Fault.IN_FLIGHT, Fault.UNANSWERED]
ONCE = Appended(stream="incident-1", version=1, position=1)


@pytest.fixture
def store(proxied_url: str, open_stores: Opener) -> Store:
    """Open a store through the proxy, its connections in use already."""
    store = open_stores(proxied_url)
    store.journal.head()
    store.ready()
    return store


@pytest.mark.parametrize("fault", LOSSES, ids=lambda fault: fault.name.lower())
def test_a_lost_answer_is_read_back(store: Store, proxy: Proxy, fault: Fault) -> None:
    """The caller hears its first result, and the journal has the events once."""
    proxy.fault = fault

    assert store.journal.append(append()) == ONCE

    assert proxy.fault is Fault.NOTHING
    assert len(store.journal.read("incident-1")) == 1
    assert store.journal.verify() is None


@pytest.mark.parametrize("fault", LOSSES, ids=lambda fault: fault.name.lower())
def test_with_the_database_away_after_the_loss_the_caller_asks_later(
    store: Store, proxy: Proxy, fault: Fault
) -> None:
    """Unavailable means: send the same again. Whether it had happened shows then."""
    proxy.fault, proxy.fault_stays = fault, True
    with pytest.raises(Unavailable):
        store.journal.append(append())
    proxy.away = False

    answer = store.journal.append(append())

    assert (answer.stream, answer.version, answer.position) == ("incident-1", 1, 1)
    if fault is not Fault.IN_FLIGHT:
        assert answer.repeated is (fault is Fault.UNANSWERED)
    assert len(store.journal.read("incident-1")) == 1


def test_who_only_reads_commits_nothing(
    proxy: Proxy, proxied_url: str, open_stores: Opener
) -> None:
    """A COMMIT of the reader's or the listener's would be the next one, and take the fault."""
    proxy.fault = Fault.LOST

    open_stores(proxied_url).journal.head()

    assert proxy.fault is Fault.LOST


def test_a_keep_whose_answer_was_lost_is_not_acknowledged(store: Store, proxy: Proxy) -> None:
    """503 makes the sender repeat; a 2xx that was a guess would lose an alert."""
    proxy.fault = Fault.LOST

    with pytest.raises(Unavailable):
        store.inbox.submit(source="am", body=b"x").result(10)

    assert store.inbox.submit(source="am", body=b"y").result(10).repeated is False
    assert [one.body for one in store.inbox.pending()] == [b"y"]


def test_connections_that_died_meanwhile_are_replaced(store: Store, proxy: Proxy) -> None:
    """The database was restarted: nothing had been written, so nobody need hear of it."""
    proxy.cut()

    assert store.journal.append(append()) == ONCE
    store.ready()
    assert store.journal.head().position == 1
    assert store.texts.keep(["x"])


def test_a_database_that_hangs_is_said_to_be_away_and_does_not_hinder_the_end(
    store: Store, proxy: Proxy
) -> None:
    """Readiness answers within 2 s, and the process can stop."""
    proxy.stalled.set()

    began = time.monotonic()
    with pytest.raises(Unavailable):
        store.ready()
    answered = time.monotonic() - began
    store.close()

    assert answered < 3
    assert time.monotonic() - began < 12
    assert [one.name for one in threading.enumerate() if one.name.startswith("triaged-")] == []
