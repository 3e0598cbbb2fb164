"""Opening and closing a store."""

import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from incidents.errors import Rejected, Unavailable
from incidents.ports import Store
from storage.open import open_store
from tests.appends import NOON, append, wanted
from tests.stores import CHAIN_KEY

Opener = Callable[..., Store]


@pytest.mark.parametrize(
    "url",
    ["", "mysql://u:hunter2@h/db", "hunter2", "sqlite://", "sqlite:///:memory:", "sqlite:////no/x"],
)
def test_an_address_that_is_none_is_refused_without_quoting_it(url: str) -> None:
    """The address may hold a password, and errors are logged."""
    with pytest.raises(Rejected) as refusal:
        open_store(url, chain_key=CHAIN_KEY)

    assert "hunter2" not in str(refusal.value)


def test_a_database_that_is_away_is_unavailable() -> None:
    """Waiting for the database at start is the caller's decision."""
    with pytest.raises(Unavailable) as refusal:
        open_store("postgresql://u:hunter2@127.0.0.1:1/db", chain_key=CHAIN_KEY)

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)], ids=["none", "short", "long"])
def test_a_key_of_another_length_is_a_bug(key: bytes) -> None:
    """An empty key would seal everything with a secret that everybody knows."""
    with pytest.raises(ValueError, match="32"):
        open_store("memory:", chain_key=key)


def test_the_sqlite_files_are_the_owners_alone(sqlite_url: str, open_stores: Opener) -> None:
    """Alerts and people's words are in them; a file that was open to others is closed."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.chmod(0o644)

    open_stores(sqlite_url).journal.append(append())

    files = sorted(path.parent.glob("triaged.db*"))
    assert [file.suffix for file in files] == [".db", ".db-shm", ".db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """The address was mistyped, and which file it was stands in a setting somewhere."""
    path = tmp_path / "notes.txt"
    path.write_text("by no means a database\n" * 100)

    with pytest.raises(Rejected) as refusal:
        open_store(f"sqlite:///{path}", chain_key=CHAIN_KEY)

    assert str(refusal.value) == f"sqlite {path}: file is not a database"


def test_a_full_disk_is_unavailable_and_then_fine(sqlite_url: str, open_stores: Opener) -> None:
    """503 while it lasts, nothing half-written, and no restart afterwards."""
    store = open_stores(sqlite_url)
    store.journal.append(append())
    _limit_pages(store, 1)

    with pytest.raises(Unavailable, match="full"):
        store.journal.append(append("incident-2", bodies=(b"x" * 100_000,)))
    with pytest.raises(Unavailable, match="full"):
        store.inbox.submit(source="am", body=b"x" * 100_000).result(10)
    assert [event.stream for event in store.journal.follow(after=0)] == ["incident-1"]

    _limit_pages(store, 1_000_000)
    assert store.journal.append(append("incident-2", bodies=(b"x" * 100_000,))).position == 2
    assert store.inbox.submit(source="am", body=b"x" * 100_000).result(10).inbox_id == 1
    assert store.journal.verify() is None


def test_closing_writes_what_waits_and_ends_every_thread(
    store_url: str, open_stores: Opener
) -> None:
    """What was accepted is kept; what comes later is refused; and the process can end."""
    store = open_stores(store_url)
    futures = [store.inbox.submit(source="am", body=b"%d" % n) for n in range(300)]

    store.close()
    store.close()

    assert len({future.result(0).inbox_id for future in futures}) == 300
    assert [one.name for one in threading.enumerate() if one.name.startswith("triaged-")] == []


def test_a_closed_store_is_unavailable(store_url: str, open_stores: Opener) -> None:
    """A loop that is slow to stop hears so, and opens no connection again."""
    store = open_stores(store_url)
    store.close()

    for call in (
        lambda: store.journal.append(append()),
        lambda: store.journal.read("incident-1"),
        store.journal.verify,
        lambda: store.inbox.submit(source="am", body=b"x").result(1),
        store.inbox.pending,
        lambda: store.outbox.want("incident-1", 1, [wanted("a")]),
        lambda: store.outbox.ready(NOON),
        lambda: store.texts.keep(["x"]),
        lambda: store.leases.acquire("desk", holder="a", seconds=1),
        store.ready,
    ):
        with pytest.raises(Unavailable):
            call()


def test_errors_never_quote_a_body(database_url: str, open_stores: Opener) -> None:
    """Prompts and names are in bodies, and errors go to logs."""
    store = open_stores(database_url)
    request = append(append_id="lone \ud800", bodies=(b"a secret prompt",))

    with pytest.raises(Rejected) as refusal:
        store.journal.append(request)

    assert "secret" not in str(refusal.value)
    assert "secret" not in repr(refusal.value.__cause__)


def _limit_pages(store: Store, pages: int) -> None:
    # The limit belongs to the connection, and the pool of the writer has exactly one.
    with store._backend.writer.connect() as connection:  # type: ignore[attr-defined] # looks inside
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
