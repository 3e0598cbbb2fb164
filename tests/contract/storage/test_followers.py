"""Followers skip nothing, whoever writes and however late a commit is."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from incidents.journal import Recorded
from incidents.ports import Store
from tests.appends import append

Opener = Callable[..., Store]
WRITERS, EACH = 8, 25


def test_two_followers_see_every_event_of_eight_writers_in_order(
    database_url: str, open_stores: Opener
) -> None:
    """Positions given out without the lock made followers skip thousands of events."""
    stores = [open_stores(database_url) for _ in range(2)]

    with ThreadPoolExecutor(WRITERS + 2) as workers:
        followers = [workers.submit(follow, store, WRITERS * EACH) for store in stores]
        for number in range(WRITERS):
            workers.submit(write, stores[number % 2], f"incident-{number + 1}")
        seen = [follower.result(30) for follower in followers]

    everything = list(stores[0].journal.follow(after=0, limit=1000))
    assert seen == [everything, everything]
    assert [event.position for event in everything] == list(range(1, WRITERS * EACH + 1))
    for number in range(WRITERS):
        mine = [one.version for one in everything if one.stream == f"incident-{number + 1}"]
        assert mine == list(range(1, EACH + 1))
    assert stores[1].journal.verify() is None


def test_nobody_passes_a_commit_that_is_late(database_url: str, open_stores: Opener) -> None:
    """The slow writer was first: a follower that read past it would never come back."""
    reached, opened = threading.Event(), threading.Event()

    def late(_: str) -> None:
        reached.set()
        opened.wait(10)

    slow, quick = open_stores(database_url, before_commit=late), open_stores(database_url)
    with ThreadPoolExecutor(2) as workers:
        first = workers.submit(slow.journal.append, append("incident-1"))
        reached.wait(10)
        second = workers.submit(quick.journal.append, append("incident-2"))
        early = quick.journal.wait(after=0, timeout=0.3)
        opened.set()
        answers = [first.result(10), second.result(10)]

    assert early is False
    assert [answer.position for answer in answers] == [1, 2]
    seen = [event.stream for event in quick.journal.follow(after=0)]
    assert seen == ["incident-1", "incident-2"]


def follow(store: Store, count: int) -> list[Recorded]:
    """Read behind the last position until so many events were seen."""
    seen: list[Recorded] = []
    deadline = time.monotonic() + 20
    while len(seen) < count and time.monotonic() < deadline:
        after = seen[-1].position if seen else 0
        if store.journal.wait(after=after, timeout=1):
            seen.extend(store.journal.follow(after=after, limit=50))
    assert all(one.position < other.position for one, other in pairwise(seen))
    return seen


def write(store: Store, stream: str) -> None:
    """Append one event after another."""
    for version in range(EACH):
        store.journal.append(append(stream, version))
