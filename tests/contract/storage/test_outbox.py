"""The outbox knows what should be outside, what is, and what is in doubt."""

import pytest

from incidents.errors import Rejected
from incidents.journal import Calm, Item
from incidents.ports import Store
from tests.appends import NOON, append, later, wanted

STREAM = "incident-1"


def want(store: Store, *keys: str, version: int = 1, body: bytes = b"hello") -> None:
    """Want plain rows under these keys."""
    store.outbox.want(STREAM, version, [wanted(key, body=body) for key in keys])


def send(store: Store, key: str, *, remote: str = "ts-1", calm: Calm | None = None) -> None:
    """Send what is wanted now."""
    item = store.outbox.get(key)
    assert item is not None
    store.outbox.attempt(key, digest=item.digest, at=NOON)
    store.outbox.sent(key, digest=item.digest, remote={"ts": remote}, calm=calm)


def ready(store: Store, at: float = 0, *, limit: int = 50) -> list[str]:
    """Return the keys that may be sent at that moment."""
    return [item.key for item in store.outbox.ready(later(at), limit=limit)]


def test_a_wanted_row_is_kept_whole(store: Store) -> None:
    """What is sent later, after a crash, must be what was wanted now."""
    row = wanted("a", body=b"\x00\xff", priority=2, after=("b", "c"), lane="INC-1")

    store.outbox.want(STREAM, 1, [row])

    expected = Item(
        key="a",
        stream=STREAM,
        kind="post",
        lane="INC-1",
        body=b"\x00\xff",
        digest=row.digest,
        priority=2,
        after=("b", "c"),
    )
    assert store.outbox.get("a") == expected
    assert store.outbox.of(STREAM) == [expected]
    assert store.outbox.of("incident-2") == []
    assert store.outbox.get("b") is None


def test_summaries_are_behind_until_they_are_rendered(store: Store) -> None:
    """The append knows nothing of the outside: this is how the channel learns of it."""
    store.journal.append(append())
    store.journal.append(append("run-1"))
    assert [one.stream for one in store.outbox.behind()] == [STREAM, "run-1"]

    want(store, "a", version=1)
    assert [one.stream for one in store.outbox.behind()] == ["run-1"]

    store.journal.append(append(expected=1))
    assert [(one.stream, one.version) for one in store.outbox.behind(limit=1)] == [(STREAM, 2)]


def test_a_late_renderer_changes_nothing(store: Store) -> None:
    """A replica that lost its lease must not put an old headline over the new one."""
    store.journal.append(append(bodies=(b"1", b"2")))
    want(store, "a", version=2, body=b"new")

    want(store, "a", version=1, body=b"old")

    item = store.outbox.get("a")
    assert item is not None
    assert item.body == b"new"
    assert store.outbox.behind() == []


def test_the_same_version_may_be_rendered_again(store: Store) -> None:
    """A new release renders the same state into other words."""
    store.journal.append(append())
    want(store, "a", body=b"old words")

    want(store, "a", body=b"new words")

    item = store.outbox.get("a")
    assert item is not None
    assert item.body == b"new words"


def test_the_urgent_goes_first_then_the_oldest(store: Store) -> None:
    """An approval must not wait behind a digest, and nothing waits for ever."""
    rows = [wanted("late", priority=9), wanted("b"), wanted("a"), wanted("now", priority=1)]
    store.outbox.want(STREAM, 1, rows)
    want(store, "c")
    want(store, "b", body=b"changed while it waits")

    assert ready(store) == ["now", "b", "a", "c", "late"]
    assert ready(store, limit=2) == ["now", "b"]


def test_what_is_ready_is_read_page_by_page(store: Store) -> None:
    """A sender that may send none of the first must reach what is behind them."""
    want(store, "a", "b", "c")

    def page(offset: int) -> list[str]:
        return [item.key for item in store.outbox.ready(NOON, limit=2, offset=offset)]

    assert [page(0), page(2), page(3)] == [["a", "b"], ["c"], []]


def test_of_some_kinds_only_edits_are_read(store: Store) -> None:
    """While nothing new of a kind may leave, its thousands need not be read."""
    rows = [wanted("a"), wanted("b"), wanted("other", kind="pin")]
    store.outbox.want(STREAM, 1, rows)
    send(store, "b")
    want(store, "b", body=b"edited")

    found = store.outbox.ready(NOON, edits_only={"post"})

    assert [item.key for item in found] == ["other", "b"]


def test_a_row_that_is_wanted_anew_begins_to_wait_anew(store: Store) -> None:
    """Otherwise the first message's endless edits would always come before new posts."""
    want(store, "a")
    send(store, "a")
    want(store, "b")
    want(store, "a", body=b"edited")

    assert ready(store) == ["b", "a"]


def test_a_row_waits_for_what_must_be_sent_first(store: Store) -> None:
    """No reply before its thread, no post before its channel."""
    store.outbox.want(STREAM, 1, [wanted("reply", after=("post",)), wanted("other", after=("no",))])
    assert ready(store) == []

    want(store, "post")
    assert ready(store) == ["post"]

    send(store, "post")
    want(store, "post", body=b"edited")
    assert ready(store) == ["reply", "post"]


def test_only_the_newest_body_is_sent(store: Store) -> None:
    """Ten changes in a second are one message."""
    for n in range(10):
        want(store, "a", body=b"%d" % n)

    assert [item.body for item in store.outbox.ready(NOON)] == [b"9"]


def test_what_is_sent_needs_no_sending(store: Store) -> None:
    """And what was wanted meanwhile does; the doubt is gone with the answer."""
    want(store, "a")
    first = wanted("a").digest
    store.outbox.attempt("a", digest=first, at=NOON)
    want(store, "a", body=b"newer")
    store.outbox.sent("a", digest=first, remote={"ts": "1", "channel": "C"})

    [item] = store.outbox.ready(NOON)
    assert (item.body, item.sent_digest) == (b"newer", first)
    assert item.remote == {"ts": "1", "channel": "C"}
    assert (item.attempted_digest, item.attempted_at) == (None, None)

    send(store, "a")
    assert ready(store) == []


def test_a_body_that_is_outside_already_needs_no_sending(store: Store) -> None:
    """Changed there and back again, nothing is left to do."""
    want(store, "a")
    send(store, "a")
    want(store, "a", body=b"changed")
    want(store, "a")

    assert ready(store) == []


def test_an_attempt_stays_visible_until_its_answer(store: Store) -> None:
    """Found after a crash, it is looked for outside before anything is sent again."""
    want(store, "a")
    digest = wanted("a").digest

    store.outbox.attempt("a", digest=digest, at=later(1))
    store.outbox.put_off("a", until=later(2), because="timeout")

    [item] = store.outbox.ready(later(2))
    assert (item.attempted_digest, item.attempted_at) == (digest, later(1))
    assert (item.attempts, item.not_before) == (1, later(2))


def test_nothing_is_sent_without_a_committed_attempt(store: Store) -> None:
    """A sender that forgets the attempt posts twice after its first crash: it hears so at once."""
    want(store, "a")

    with pytest.raises(Rejected):
        store.outbox.sent("a", digest=wanted("a").digest, remote={})
    store.outbox.attempt("a", digest="another", at=NOON)
    with pytest.raises(Rejected):
        store.outbox.sent("a", digest=wanted("a").digest, remote={})

    assert ready(store) == ["a"]


def test_a_row_that_was_put_off_waits_even_with_a_new_body(store: Store) -> None:
    """`Retry-After` is about the method, not about the words."""
    want(store, "a")
    store.outbox.put_off("a", until=later(60), because="429 \x00")
    want(store, "a", body=b"newer")

    assert ready(store, 59.999999) == []
    assert ready(store, 60) == ["a"]


def test_a_dead_row_comes_back_when_its_body_changes(store: Store) -> None:
    """What Slack refused for ever may be accepted in other words."""
    want(store, "a", "b")
    store.outbox.put_off("a", until=later(60), because="500")
    store.outbox.give_up("a", because="invalid_blocks \ud800")
    assert [(item.key, item.dead) for item in store.outbox.dead()] == [
        ("a", "invalid_blocks \ud800")
    ]

    want(store, "a")
    assert ready(store, 60) == ["b"]

    want(store, "a", body=b"other words")
    assert ready(store) == ["b", "a"]
    item = store.outbox.get("a")
    assert item is not None
    assert (item.dead, item.attempts) == (None, 0)
    assert store.outbox.dead() == []


def test_what_was_given_up_is_counted_until_it_comes_back(store: Store) -> None:
    """The count is asked for every minute, whatever the bodies weigh."""
    want(store, "a", "b", "c")
    counts = [store.outbox.count_dead()]
    for key in ("a", "b"):
        store.outbox.give_up(key, because="invalid_blocks")
        counts.append(store.outbox.count_dead())

    want(store, "a", body=b"other words")
    counts.append(store.outbox.count_dead())

    assert counts == [0, 1, 2, 1]


def test_rows_that_are_no_longer_wanted_stay_as_sent(store: Store) -> None:
    """A message is not deleted because a view no longer speaks of it."""
    want(store, "a")
    send(store, "a")
    want(store, "b")

    assert [item.key for item in store.outbox.of(STREAM)] == ["a", "b"]


def test_an_unknown_row_is_said_to_be_unknown(store: Store) -> None:
    """Remote ids that are written nowhere are lost, and the next sender posts again."""
    for step in (
        lambda: store.outbox.attempt("no", digest="d", at=NOON),
        lambda: store.outbox.sent("no", digest="d", remote={}),
        lambda: store.outbox.put_off("no", until=NOON, because="x"),
        lambda: store.outbox.give_up("no", because="x"),
    ):
        with pytest.raises(Rejected):
            step()


def test_what_only_counts_is_not_ready_before_its_calm_is_over(store: Store) -> None:
    """It rests in the store, so that a new process, or another, lets it rest too."""
    calm = Calm(until=later(5), edits=1)
    for body in (b"P2, 1 alert", b"P2, 2 alerts"):
        store.outbox.want(STREAM, 1, [wanted("a", body=body, gist="P2")])
        if body == b"P2, 1 alert":
            send(store, "a", calm=calm)

    item = store.outbox.get("a")
    assert item is not None
    assert (item.sent_gist, item.calm, item.counts_only) == ("P2", calm, True)
    assert [ready(store, at=minutes) for minutes in (0, 4, 5)] == [[], [], ["a"]]


@pytest.mark.parametrize("gist", ["P1", None])
def test_what_matters_is_ready_at_once(store: Store, gist: str | None) -> None:
    """A headline that rests because it only counted must not keep back that it is a P1."""
    store.outbox.want(STREAM, 1, [wanted("a", body=b"P2", gist="P2")])
    send(store, "a", calm=Calm(until=later(5), edits=1))

    store.outbox.want(STREAM, 1, [wanted("a", body=b"P1", gist=gist)])

    assert ready(store) == ["a"]


def test_of_a_body_that_changed_while_it_was_sent_all_matters(store: Store) -> None:
    """What was outside then was of a gist that nobody knows any more."""
    store.outbox.want(STREAM, 1, [wanted("a", body=b"P2", gist="P2")])
    item = store.outbox.get("a")
    assert item is not None
    store.outbox.attempt("a", digest=item.digest, at=NOON)
    store.outbox.want(STREAM, 1, [wanted("a", body=b"P1", gist="P1")])

    calm = Calm(until=later(5), edits=0)
    store.outbox.sent("a", digest=item.digest, remote={"ts": "1"}, calm=calm)

    assert ready(store) == ["a"]
