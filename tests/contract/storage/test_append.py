"""An append happens whole, once, or not at all."""

from dataclasses import replace

import pytest

from incidents.errors import HoldConflict, Rejected, VersionConflict
from incidents.journal import Appended, Hold, Release, Take
from incidents.ports import Store
from tests.appends import NOON, append, draft, recorded, summary


def test_an_append_is_read_back_whole(store: Store) -> None:
    """The body is hashed: not one byte of it may change on the way."""
    event = replace(draft("e-1", body=b"\x00\xff {}"), cause="inbox-7", correlation="c-1")
    request = append(events=(event,), about=summary(severity="P2", key="k", next_due=NOON))

    answer = store.journal.append(request)

    assert answer == Appended(stream="incident-1", version=1, position=1)
    assert store.journal.read("incident-1") == recorded(request, position=1)
    assert store.journal.summary("incident-1") == request.summary


def test_a_known_append_id_returns_the_first_result(store: Store) -> None:
    """Whoever did not hear the answer sends again; the journal must not grow by it."""
    first = store.journal.append(append(bodies=(b"1", b"2")))
    again = store.journal.append(append(bodies=(b"other",), take=(Take(kind="claim", key="x"),)))

    assert again == replace(first, repeated=True)
    assert len(store.journal.read("incident-1")) == 2
    assert store.journal.hold("claim", "x") is None


def test_a_known_append_id_wins_over_a_grown_stream(store: Store) -> None:
    """The sender's version is old by then, and still it must hear the first result."""
    first = store.journal.append(append())
    store.journal.append(append(expected=1))

    assert store.journal.append(append()) == replace(first, repeated=True)


@pytest.mark.parametrize("expected", [0, 2], ids=["behind", "ahead"])
def test_another_version_than_expected_is_a_conflict(store: Store, expected: int) -> None:
    """A decision made on another state than this one must be made again."""
    store.journal.append(append())
    before = store.journal.head()

    with pytest.raises(VersionConflict):
        store.journal.append(append(expected=expected, append_id="other"))

    assert store.journal.head() == before


def test_a_clashing_hold_leaves_nothing_behind(store: Store) -> None:
    """The version matched, and still not one row of the loser may stay: half of it is a lie."""
    store.journal.append(append(take=(Take(kind="claim", key="pod"),)))
    before = store.journal.head()
    [kept] = [store.inbox.submit(source="am", body=b"x").result(5)]

    with pytest.raises(HoldConflict) as clash:
        store.journal.append(
            append(
                "incident-2",
                take=(Take(kind="open", key="free"), Take(kind="claim", key="pod")),
                inbox=(kept.inbox_id,),
            )
        )

    assert (clash.value.kind, clash.value.key) == ("claim", "pod")
    assert clash.value.holder == "incident-1"
    assert store.journal.head() == before
    assert store.journal.read("incident-2") == []
    assert store.journal.summary("incident-2") is None
    assert store.journal.hold("open", "free") is None
    assert [one.inbox_id for one in store.inbox.pending()] == [kept.inbox_id]


def test_the_loser_may_send_the_same_append_id_again(store: Store) -> None:
    """A conflict is no result: remembered as one it would bar the second decision."""
    store.journal.append(append(take=(Take(kind="claim", key="pod"),)))
    loser = append("incident-2", take=(Take(kind="claim", key="pod"),))
    with pytest.raises(HoldConflict):
        store.journal.append(loser)
    store.journal.append(append(expected=1, release=(Release(kind="claim", key="pod"),)))

    assert store.journal.append(loser) == Appended(stream="incident-2", version=1, position=3)
    assert store.journal.hold("claim", "pod") == Hold(
        kind="claim", key="pod", stream="incident-2", taken_at=NOON
    )


def test_inbox_rows_are_done_with_the_append_that_names_them(store: Store) -> None:
    """Done in another transaction, a crash in between would decide the same delivery twice."""
    kept = [store.inbox.submit(source="am", body=b"%d" % n).result(5) for n in range(3)]

    store.journal.append(append(inbox=(kept[0].inbox_id, kept[2].inbox_id)))

    assert [one.body for one in store.inbox.pending()] == [b"1"]


@pytest.mark.parametrize(
    "crooked",
    [
        pytest.param(append(events=()), id="no-event"),
        pytest.param(append(about=summary(version=2)), id="summary-of-another-version"),
        pytest.param(append(about=summary("incident-2")), id="summary-of-another-stream"),
    ],
)
def test_an_append_that_contradicts_itself_is_rejected(store: Store, crooked: object) -> None:
    """A summary of another version would hide the stream's state from every list."""
    with pytest.raises(Rejected):
        store.journal.append(crooked)  # type: ignore[arg-type] # parametrised

    assert store.journal.head().position == 0
