"""Crash points: a name immediately before and immediately after every COMMIT."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from incidents.errors import HoldConflict
from incidents.journal import Take
from incidents.ports import Store
from tests.appends import NOON, append, wanted

Opener = Callable[..., Store]
POINTS = [
    "keep",
    "texts keep",
    "append run-1-1",
    "outbox want run-1-1",
    "outbox attempt a",
    "outbox put off a",
    "outbox sent a",
    "outbox give up a",
    "inbox done",
    "inbox failed 1",
    "inbox set aside 2",
    "inbox replay 2",
    "lease acquire desk",
    "lease release desk",
    "texts erase",
    "pulse",
]


def test_every_commit_has_its_two_points(store_url: str, open_stores: Opener) -> None:
    """The crash harness kills at each of them; a commit without a point is never tried."""
    before: list[str] = []
    after: list[str] = []

    def check(point: str) -> None:
        after.append(point)
        assert before == after

    live(open_stores(store_url, before_commit=before.append, after_commit=check))

    assert before == after
    assert [one for one in before if one != "keep"] == POINTS[1:]


def test_what_writes_nothing_has_no_point(store_url: str, open_stores: Opener) -> None:
    """Killing where nothing happens takes the harness's time."""
    points: list[str] = []
    store = open_stores(store_url, before_commit=points.append)
    claim = (Take(kind="claim", key="x"),)
    store.journal.append(append(take=claim))

    store.journal.append(append())
    with suppress(HoldConflict):
        store.journal.append(append("incident-2", take=claim))

    assert points == ["append incident-1-1"]


def test_what_dies_before_commit_was_never_written(database_url: str, open_stores: Opener) -> None:
    """The point stands before the COMMIT, not somewhere near it."""

    class Crash(RuntimeError):
        """Stands for the kill."""

    def crash(point: str) -> None:
        raise Crash(point)

    store = open_stores(database_url, before_commit=crash)
    with pytest.raises(Crash):
        store.journal.append(append())
    with pytest.raises(Crash):
        store.texts.keep(["x"])

    assert store.journal.head().position == 0
    assert open_stores(database_url).journal.append(append()).position == 1


def live(store: Store) -> None:
    """Commit once through every port."""
    kept = [store.inbox.submit(source="am", body=b"x").result(5).inbox_id for _ in range(2)]
    digests = store.texts.keep(["ada"])
    store.journal.append(append("run-1"))
    store.outbox.want("run-1", 1, [wanted("a")])
    store.outbox.attempt("a", digest=wanted("a").digest, at=NOON)
    store.outbox.put_off("a", until=NOON, because="429")
    store.outbox.sent("a", digest=wanted("a").digest, remote={})
    store.outbox.give_up("a", because="x")
    store.inbox.done([kept[0]])
    store.inbox.failed(kept[0])
    store.inbox.set_aside(kept[1], because="x")
    store.inbox.replay(kept[1])
    store.leases.acquire("desk", holder="a", seconds=1)
    store.leases.release("desk", holder="a")
    store.texts.erase(digests)
    store.ready()
