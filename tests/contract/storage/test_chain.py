"""Whoever changes the history behind our back is found, with the first bad row named."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from incidents.errors import Rejected
from incidents.journal import Broken
from incidents.ports import Store
from storage.open import open_store
from tests.appends import append

Opener = Callable[[str], Store]

# Positions: incident-1 has 1, 2 and 4, run-1 has 3, incident-2 has 5, run-1 has 6.
STORY = (
    append("incident-1", bodies=(b"one", b"two")),
    append("run-1"),
    append("incident-1", 2),
    append("incident-2"),
    append("run-1", 1),
)
LAST = 6


def tamper(url: str, *statements: str) -> None:
    """Change rows as an insider with the database's password would."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def tell(store: Store) -> None:
    """Append the whole story."""
    for request in STORY:
        store.journal.append(request)


SECOND = (2, "incident-1", 2)
TAMPERINGS = {
    "flip-body": (SECOND, "UPDATE events SET body = CAST('tWo' AS BYTES) WHERE position = 2"),
    "flip-kind": (SECOND, "UPDATE events SET kind = 'other' WHERE position = 2"),
    "flip-time": (SECOND, "UPDATE events SET at = at + 1 WHERE position = 2"),
    "null-to-empty": (SECOND, "UPDATE events SET cause = '' WHERE position = 2"),
    "flip-append": (SECOND, "UPDATE events SET append_id = 'x' WHERE position = 2"),
    "flip-key": (SECOND, "UPDATE events SET key_id = 'x' WHERE position = 2"),
    "move-stream": ((2, "run-9", 2), "UPDATE events SET stream = 'run-9' WHERE position = 2"),
    "delete": ((3, "run-1", 1), "DELETE FROM events WHERE position = 2"),
    "delete-first": (SECOND, "DELETE FROM events WHERE position = 1"),
    "swap-bodies": (
        (1, "incident-1", 1),
        "UPDATE texts SET body = (SELECT body FROM events WHERE position = 1)",
        "UPDATE events SET body = (SELECT body FROM events WHERE position = 4) WHERE position = 1",
        "UPDATE events SET body = (SELECT body FROM texts) WHERE position = 4",
    ),
    "reorder": (
        (3, "incident-1", 3),
        "UPDATE events SET position = 70 WHERE position = 3",
        "UPDATE events SET position = 3 WHERE position = 4",
        "UPDATE events SET position = 4 WHERE position = 70",
    ),
    "truncate": ((5, "", 0), "DELETE FROM events WHERE position > 4"),
    "delete-all": ((1, "", 0), "DELETE FROM events"),
    "delete-stream": ((6, "run-1", 2), "DELETE FROM events WHERE stream = 'incident-2'"),
    "delete-stream-and-close-the-gap": (
        (5, "run-1", 2),
        "DELETE FROM events WHERE stream = 'incident-2'",
        "UPDATE events SET position = 5 WHERE position = 6",
        "UPDATE head SET position = 5",
    ),
    "delete-newest-stream-and-move-the-head": (
        (6, "", 0),
        "DELETE FROM events WHERE position = 6",
        "UPDATE head SET position = 5",
    ),
    "flip-head": ((7, "", 0), "UPDATE head SET mac = (SELECT mac FROM events LIMIT 1)"),
    "delete-head": ((7, "", 0), "DELETE FROM head"),
}
CUT = ("DELETE FROM events WHERE position = 6", "UPDATE head SET position = 5, mac = MAC")


@pytest.mark.parametrize("tampering", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_a_change_is_found_and_its_row_named(
    database_url: str, open_stores: Opener, tampering: tuple[object, ...]
) -> None:
    """A postmortem is worth what its journal is worth."""
    store = open_stores(database_url)
    store.texts.keep(["a place to swap"])
    tell(store)
    assert store.journal.verify() is None

    row, *statements = tampering
    raw = "BYTEA" if database_url.startswith("postgresql") else "BLOB"
    tamper(database_url, *(str(one).replace("BYTES", raw) for one in statements))

    broken = store.journal.verify()
    assert broken is not None
    assert (broken.position, broken.stream, broken.version) == row


def test_bytes_that_became_text_are_named(sqlite_url: str, open_stores: Opener) -> None:
    """SQLite keeps whatever type is written: the audit must name the row and not stumble."""
    store = open_stores(sqlite_url)
    tell(store)

    tamper(sqlite_url, "UPDATE events SET body = 'two' WHERE position = 2")

    broken = store.journal.verify()
    assert broken is not None
    assert (broken.position, broken.because) == (2, "its bytes were replaced by something else")


def test_a_tail_cut_off_with_its_head_is_found_by_a_noted_head(
    database_url: str, open_stores: Opener
) -> None:
    """An older head is genuine: only who noted the newer one can tell."""
    store = open_stores(database_url)
    for request in STORY[:-1]:
        store.journal.append(request)
    older = store.journal.head()
    store.journal.append(STORY[-1])
    newer = store.journal.head()

    mac = _raw(database_url, older.mac)
    tamper(database_url, *(statement.replace("MAC", mac) for statement in CUT))

    assert store.journal.verify() is None
    assert store.journal.verify(heads=[older]) is None
    assert store.journal.verify(heads=[older, newer]) == Broken(
        position=LAST,
        stream="",
        version=0,
        because=f"the journal ends here, and a head was noted at position {LAST}",
    )


def test_noted_heads_of_an_honest_journal_fit(store: Store) -> None:
    """Heads are logged every minute: each of them must fit for ever."""
    heads = [store.journal.head()]
    for request in STORY:
        store.journal.append(request)
        heads.append(store.journal.head())

    assert [head.position for head in heads] == [0, 2, 3, 4, 5, LAST]
    assert store.journal.verify(heads=heads) is None


def test_a_head_of_another_history_does_not_fit(store: Store) -> None:
    """A journal that was written anew from the start is another journal."""
    tell(store)
    noted = replace(store.journal.head(), position=3)

    broken = store.journal.verify(heads=[noted])

    assert broken is not None
    assert (broken.position, broken.stream, broken.version) == (3, "run-1", 1)


def test_a_journal_that_was_opened_again_goes_on_with_its_chain(
    database_url: str, open_stores: Opener
) -> None:
    """The chain must not begin anew with every start."""
    first = open_stores(database_url)
    first.journal.append(STORY[0])
    first.close()

    second = open_stores(database_url)
    for request in STORY[1:]:
        second.journal.append(request)

    assert second.journal.verify() is None
    assert second.journal.head().events == LAST


def test_another_key_does_not_open_the_journal(database_url: str, open_stores: Opener) -> None:
    """Appends under another key would break the chain for ever."""
    open_stores(database_url).journal.append(STORY[0])

    with pytest.raises(Rejected, match="chain key"):
        open_store(database_url, chain_key=bytes(32))


def test_nothing_is_appended_to_a_journal_without_a_head(
    database_url: str, open_stores: Opener
) -> None:
    """Going on from nowhere would hide what was done to it."""
    store = open_stores(database_url)
    tell(store)
    tamper(database_url, "DELETE FROM head")

    with pytest.raises(Rejected, match="head"):
        store.journal.append(append("incident-3"))


def _raw(url: str, mac: str) -> str:
    return f"decode('{mac}', 'hex')" if url.startswith("postgresql") else f"x'{mac}'"
