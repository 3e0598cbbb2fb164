"""The inbox keeps bytes before anything is answered, and loses none."""

import threading

import pytest

from incidents.errors import Rejected
from incidents.journal import Delivery, Kept
from incidents.ports import Store
from tests.appends import append

MIB = 1 << 20
HOSTILE = [
    pytest.param(b"", id="empty"),
    pytest.param(b'{"a": "\\u0000"} \x00', id="nul"),
    pytest.param(b"\xed\xa0\x80 \xff\xfe", id="no-utf-8"),
    pytest.param(b"[" * 100_000, id="deep"),
    pytest.param(bytes(range(256)) * (10 * MIB // 256), id="10-mib"),
]


def keep(store: Store, body: bytes = b"x", *, key: str | None = None) -> Kept:
    """Keep bytes and wait until they are committed."""
    return store.inbox.submit(source="alertmanager", body=body, key=key).result(10)


@pytest.mark.parametrize("body", HOSTILE)
def test_any_bytes_come_back_byte_for_byte(store: Store, body: bytes) -> None:
    """An acknowledged alert is never lost, whatever stands in it."""
    kept = keep(store, body)

    [delivery] = store.inbox.pending()
    assert delivery == Delivery(
        inbox_id=kept.inbox_id,
        source="alertmanager",
        body=body,
        received_at=delivery.received_at,
    )
    assert store.inbox.get(kept.inbox_id) == delivery


def test_deliveries_are_stamped_by_the_stores_clock(store: Store) -> None:
    """Clocks of replicas differ; the store's clock decides between them."""
    before = store.now()
    kept = keep(store)

    delivery = store.inbox.get(kept.inbox_id)
    assert delivery is not None
    assert before <= delivery.received_at <= store.now()


def test_deliveries_wait_in_the_order_of_their_arrival(store: Store) -> None:
    """Resolved must not be read before firing."""
    for n in range(5):
        keep(store, b"%d" % n)

    assert [one.body for one in store.inbox.pending(limit=3)] == [b"0", b"1", b"2"]


def test_big_bodies_are_read_a_few_at_a_time(store: Store) -> None:
    """500 bodies of 10 MiB in one answer would be the end of the process."""
    body = b"x" * (30 * MIB)
    kept = [keep(store, body).inbox_id for _ in range(3)]

    assert [one.inbox_id for one in store.inbox.pending()] == kept[:2]


@pytest.mark.parametrize("key", ["envelope-1", "\x00\ud800"], ids=["plain", "hostile"])
def test_the_same_source_and_key_are_kept_once(store: Store, key: str) -> None:
    """Slack sends an envelope again when our answer was late: one click is one click."""
    first, again = keep(store, b"1", key=key), keep(store, b"2", key=key)
    other = store.inbox.submit(source="slack", body=b"3", key=key).result(10)

    assert (first.repeated, again.repeated, other.repeated) == (False, True, False)
    assert again.inbox_id == first.inbox_id
    assert [(one.body, one.key) for one in store.inbox.pending()] == [(b"1", key), (b"3", key)]


def test_what_is_submitted_together_answers_each_its_own(store: Store) -> None:
    """One commit for all, and still every sender must hear of its own bytes."""
    keys = [None, "a", None, "b", "a", None]
    futures = [
        store.inbox.submit(source="x", body=b"%d" % n, key=key) for n, key in enumerate(keys)
    ]
    kept = [future.result(10) for future in futures]

    bodies = [store.inbox.get(one.inbox_id) for one in kept]
    assert [one.body for one in bodies if one] == [b"0", b"1", b"2", b"3", b"1", b"5"]
    assert [one.repeated for one in kept] == [False, False, False, False, True, False]


def test_done_takes_deliveries_out_of_the_line(store: Store) -> None:
    """A Watchdog needs no append, and must not be read for ever."""
    kept = [keep(store) for _ in range(3)]

    store.inbox.done([kept[0].inbox_id, kept[2].inbox_id])
    store.inbox.done([])

    assert [one.inbox_id for one in store.inbox.pending()] == [kept[1].inbox_id]
    assert store.inbox.get(kept[0].inbox_id) is not None


def test_what_is_kept_as_done_is_there_and_never_in_the_line(store: Store) -> None:
    """Slack tells us of each of our own messages: kept like everything, and nothing to do."""
    store.inbox.submit(source="slack", body=b"echo", key="Ev1", done=True).result(10)
    kept = store.inbox.submit(source="slack", body=b"echo", done=True).result(10)
    again = store.inbox.submit(source="slack", body=b"echo", key="Ev1", done=True).result(10)

    found = store.inbox.get(kept.inbox_id)
    assert found is not None
    assert found.body == b"echo"
    assert again.repeated
    assert store.inbox.pending() == []
    assert not store.inbox.wait(timeout=0.01)


def test_poison_is_counted_set_aside_seen_and_replayed(store: Store) -> None:
    """What cannot be read must not block its neighbours, and must not vanish either."""
    poison, good = keep(store, b"poison"), keep(store, b"good")
    counts = [store.inbox.failed(poison.inbox_id) for _ in range(3)]
    store.inbox.set_aside(poison.inbox_id, because="line 1: \x00 \ud800")

    assert counts == [1, 2, 3]
    assert [one.inbox_id for one in store.inbox.pending()] == [good.inbox_id]
    [aside] = store.inbox.aside()
    assert (aside.body, aside.attempts, aside.set_aside) == (b"poison", 3, "line 1: \x00 \ud800")

    store.inbox.replay(poison.inbox_id)
    assert [one.inbox_id for one in store.inbox.pending()] == [poison.inbox_id, good.inbox_id]
    assert store.inbox.aside() == []


def test_what_is_set_aside_is_counted_until_it_is_replayed_or_done(store: Store) -> None:
    """The count is asked for every minute: reading the bodies for it could fill the memory."""
    first, second, _ = keep(store), keep(store), keep(store)
    counts = [store.inbox.count_aside()]
    for one in (first, second):
        store.inbox.set_aside(one.inbox_id, because="poison")
        counts.append(store.inbox.count_aside())

    store.inbox.replay(first.inbox_id)
    counts.append(store.inbox.count_aside())
    store.journal.append(append(inbox=(second.inbox_id,)))
    counts.append(store.inbox.count_aside())

    assert counts == [0, 1, 2, 1, 0]


def test_what_is_not_set_aside_cannot_be_replayed(store: Store) -> None:
    """Replaying what is done would decide it twice."""
    waiting, done = keep(store), keep(store)
    store.inbox.set_aside(done.inbox_id, because="poison")
    store.journal.append(append(inbox=(done.inbox_id,)))

    for inbox_id in (waiting.inbox_id, done.inbox_id, 404):
        with pytest.raises(Rejected):
            store.inbox.replay(inbox_id)


def test_an_unknown_delivery_is_said_to_be_unknown(store: Store) -> None:
    """A mistyped number must not look like success."""
    assert store.inbox.get(404) is None
    with pytest.raises(Rejected):
        store.inbox.failed(404)
    with pytest.raises(Rejected):
        store.inbox.set_aside(404, because="x")


def test_a_keep_wakes_whoever_waits(store: Store) -> None:
    """From webhook to channel there are a few milliseconds, not a poll."""
    assert store.inbox.wait(timeout=0.01) is False
    threading.Timer(0.05, lambda: keep(store)).start()

    assert store.inbox.wait(timeout=10) is True
    assert store.inbox.wait(timeout=0) is True


def test_the_past_is_read_page_by_page_in_its_order(store: Store) -> None:
    """A changed policy is tried on what was delivered, and years of it do not fit into memory."""
    kept = [keep(store, b"%d" % n).inbox_id for n in range(5)]
    store.inbox.done([kept[0]])
    store.journal.append(append(inbox=(kept[1],)))
    store.inbox.set_aside(kept[2], because="poison")

    pages = [store.inbox.past(["alertmanager"], limit=2)]
    while pages[-1]:
        pages.append(store.inbox.past(["alertmanager"], after=pages[-1][-1].inbox_id, limit=2))

    found = [one for page in pages for one in page]
    assert [[one.inbox_id for one in page] for page in pages] == [kept[:2], kept[2:4], kept[4:], []]
    assert [one.body for one in found] == [b"0", b"1", b"2", b"3", b"4"]
    assert [one.set_aside for one in found] == [None, None, "poison", None, None]
    assert [one.done_at is not None for one in found] == [True, True, False, False, False]
    assert all(one.received_at <= one.done_at for one in found if one.done_at)


def test_the_past_of_some_sources_is_asked_for_by_their_first_word(store: Store) -> None:
    """What Slack sent is no alert, and a name that only begins alike is another."""
    sources = [
        "alertmanager:prod",
        "slack",
        "alertmanager",
        "alertmanagers:x",
        "over%:a",
        "overx:a",
    ]
    for source in sources:
        store.inbox.submit(source=source, body=b"x").result(10)

    def asked(*kinds: str) -> list[str]:
        return [one.source for one in store.inbox.past(kinds)]

    assert asked("alertmanager", "over%") == ["alertmanager:prod", "alertmanager", "over%:a"]
    assert asked() == []


def test_of_a_past_of_big_bodies_a_few_are_read_at_a_time(store: Store) -> None:
    """A year of them must not be the end of the process."""
    body = b"x" * (30 * MIB)
    kept = [keep(store, body).inbox_id for _ in range(3)]

    assert [one.inbox_id for one in store.inbox.past(["alertmanager"])] == kept[:2]


def test_what_is_done_keeps_the_moment_at_which_it_was(store: Store) -> None:
    """When a delivery took effect is what a replay goes by."""
    kept = keep(store)
    store.inbox.done([kept.inbox_id])
    first = store.inbox.get(kept.inbox_id)
    store.inbox.done([kept.inbox_id])

    assert first is not None
    assert first.done_at is not None
    assert store.inbox.get(kept.inbox_id) == first
