"""Texts stand apart from the events, so that they can be erased."""

import hashlib
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text

from incidents.errors import Rejected
from incidents.ports import Store
from tests.appends import append

Opener = Callable[..., Store]
TEXTS = ["ada", "", "\x00", "\ud800 alone", "ünïcode", "x" * (1 << 20)]


def test_texts_come_back_under_their_digests(store: Store) -> None:
    """People's words are kept as they were written, surrogates and all."""
    digests = store.texts.keep(TEXTS)

    assert store.texts.read(digests) == dict(zip(digests, TEXTS, strict=True))
    assert len(set(digests)) == len(TEXTS)


def test_the_same_text_has_the_same_digest(store: Store) -> None:
    """A text that is kept twice is one text, also within one call."""
    [first] = store.texts.keep(["ada"])

    assert store.texts.keep(["ada", "ada"]) == [first, first]
    assert store.texts.read([first, first]) == {first: "ada"}


def test_a_digest_is_keyed(store: Store) -> None:
    """A plain digest of an erased name is found again by trying all names."""
    [digest] = store.texts.keep(["ada"])

    assert digest != hashlib.sha256(b"ada").hexdigest()


def test_an_erased_text_is_gone_and_the_chain_is_whole(store: Store) -> None:
    """The law says erase, the auditor says never change: both are right."""
    kept, erased = store.texts.keep(["kept", "erased"])
    store.journal.append(append(bodies=(f'{{"said": "{erased}"}}'.encode(),)))

    assert store.texts.erase([erased, "unknown"]) == 1
    assert store.texts.erase([erased]) == 0

    assert store.texts.read([kept, erased]) == {kept: "kept"}
    assert store.journal.verify() is None


def test_no_texts_are_no_work(store: Store) -> None:
    """Most appends bring no text."""
    assert store.texts.keep([]) == []
    assert store.texts.read([]) == {}
    assert store.texts.erase([]) == 0


@pytest.mark.parametrize("written", [b"steps: []", b"\xff"], ids=["other-text", "no-text"])
def test_a_text_that_was_changed_is_refused(
    database_url: str, open_stores: Opener, written: bytes
) -> None:
    """A run goes by the runbook that its event names, not by what stands in a table."""
    store = open_stores(database_url)
    kept, changed = store.texts.keep(["kept", "changed"])
    _write(database_url, changed, written)

    with pytest.raises(Rejected, match=f"text {changed[:12]} was changed in the database"):
        store.texts.read([kept, changed])
    assert store.texts.read([kept]) == {kept: "kept"}


def test_a_text_of_another_type_is_refused(sqlite_url: str, open_stores: Opener) -> None:
    """SQLite keeps whatever is written: an UPDATE by hand writes words and not bytes."""
    store = open_stores(sqlite_url)
    [digest] = store.texts.keep(["kept"])
    _write(sqlite_url, digest, "kept")

    with pytest.raises(Rejected, match="was changed"):
        store.texts.read([digest])


def _write(url: str, digest: str, body: bytes | str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    query = text("UPDATE texts SET body = :body WHERE digest = :digest")
    with engine.begin() as connection:
        connection.execute(query, {"body": body, "digest": digest})
    engine.dispose()
