"""Migrating is a command under a lock; the program only checks."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, inspect, text

from incidents.errors import Rejected
from storage.migrations.migrate import REVISIONS, WORDS, current, migrate
from storage.open import open_store
from storage.schema import METADATA, REVISION, SCHEMA_REVISION
from tests.appends import NOON, wanted
from tests.stores import CHAIN_KEY

OLD = """INSERT INTO outbox
    (key, stream, kind, lane, body, digest, priority, after, remote, sent_digest, attempts)
    VALUES ('a', 'incident-1', 'post', 'INC-1', :body, 'd', 5, :none, :ids, 'd', 0)"""


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bare.db'}"
    return str(request.getfixturevalue("bare_postgresql_url"))


def test_an_empty_database_is_at_revision_zero_and_is_refused(bare_url: str) -> None:
    """A server that migrated by itself would do so on every replica at once."""
    assert current(bare_url) == 0
    with pytest.raises(Rejected, match="revision 0"):
        open_store(bare_url, chain_key=CHAIN_KEY)
    assert current(bare_url) == 0


def test_migrating_again_changes_nothing(bare_url: str) -> None:
    """A deployment runs the command every time."""
    assert [migrate(bare_url), migrate(bare_url), current(bare_url)] == [REVISION] * 3


def test_four_migrations_at_once_are_one(bare_url: str) -> None:
    """Four replicas start together: one creates the tables, three find them."""
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(migrate, [bare_url] * 4)) == [REVISION] * 4

    engine = create_engine(_driver(bare_url))
    with engine.connect() as connection:
        counts = [
            connection.execute(text(query)).scalar()
            for query in ("SELECT count(*) FROM schema_revision", "SELECT count(*) FROM head")
        ]
    engine.dispose()
    assert counts == [1, 1]


def test_a_newer_schema_is_refused(bare_url: str) -> None:
    """An old program would not know what it must not touch."""
    migrate(bare_url)
    engine = create_engine(_driver(bare_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_revision SET revision = 99"))
    engine.dispose()

    with pytest.raises(Rejected, match="revision 99"):
        open_store(bare_url, chain_key=CHAIN_KEY)
    assert migrate(bare_url) == 99


def test_a_message_of_revision_one_is_kept_and_edited_at_once(bare_url: str) -> None:
    """Nobody knew then what of it matters: all of it does until it is sent again."""
    engine = create_engine(_driver(bare_url))
    with engine.begin() as connection:
        SCHEMA_REVISION.create(connection)
        for statement in REVISIONS[1]:
            words = WORDS[connection.dialect.name]
            connection.exec_driver_sql(statement.format_map(words))
        connection.execute(insert(SCHEMA_REVISION).values(revision=1))
        connection.execute(text(OLD), {"body": b"old", "none": b"[]", "ids": b'{"ts": "1"}'})
    engine.dispose()
    migrate(bare_url)

    with closing(open_store(bare_url, chain_key=CHAIN_KEY)) as store:
        old = store.outbox.get("a")
        assert old is not None
        assert (old.remote, old.gist, old.sent_gist, old.calm) == ({"ts": "1"}, None, None, None)
        store.outbox.want("incident-1", 1, [wanted("a", body=b"new", gist="g")])
        assert [one.body for one in store.outbox.ready(NOON)] == [b"new"]


def test_an_id_of_a_delivery_is_never_given_out_again(bare_url: str) -> None:
    """Somebody clears the inbox by hand; the log and the journal still name the old numbers."""
    migrate(bare_url)
    engine = create_engine(_driver(bare_url))
    with closing(open_store(bare_url, chain_key=CHAIN_KEY)) as store:
        given = [store.inbox.submit(source="am", body=b"x").result(10).inbox_id for _ in range(3)]
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM inbox"))
        later = store.inbox.submit(source="am", body=b"y").result(10).inbox_id
    engine.dispose()

    assert (given, later) == ([1, 2, 3], 4)


def test_the_migrated_schema_is_the_declared_one(bare_url: str) -> None:
    """Queries are written against the declared tables, and run against the migrated ones."""
    migrate(bare_url)
    engine = create_engine(_driver(bare_url))
    found = inspect(engine)

    tables = {name for name in found.get_table_names() if not name.startswith("sqlite_")}
    columns = {
        name: {(one["name"], one["nullable"]) for one in found.get_columns(name)} for name in tables
    }
    indices = {
        index["name"]: tuple(index["column_names"])
        for name in tables
        for index in found.get_indexes(name)
        if not index.get("duplicates_constraint")
    }
    keys = {name: found.get_pk_constraint(name)["constrained_columns"] for name in tables}
    engine.dispose()

    declared = METADATA.tables
    assert columns == {
        name: {(one.name, bool(one.nullable)) for one in table.columns}
        for name, table in declared.items()
    }
    assert indices == {
        index.name: tuple(index.columns.keys())
        for table in declared.values()
        for index in table.indexes
    }
    assert keys == {
        name: [one.name for one in table.primary_key] for name, table in declared.items()
    }


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE photos (name TEXT)",
        "CREATE TABLE schema_revision (revision TEXT)",
        "CREATE VIEW photos AS SELECT 1",
    ],
    ids=["a-table", "a-revision-of-its-own", "a-view"],
)
def test_a_file_of_another_program_is_left_as_it_is(tmp_path: Path, statement: str) -> None:
    """A mistyped address must not add tables to it, nor change its mode or its journal."""
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute(statement)
    path.chmod(0o644)
    before = path.read_bytes()

    with pytest.raises(Rejected) as refusal:
        migrate(f"sqlite:///{path}")

    said = f"sqlite {path}: this database belongs to another program (it holds '"
    assert str(refusal.value).startswith(said)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (before, 0o644)
    assert [one.name for one in tmp_path.iterdir()] == ["photos.db"]


def test_opening_may_migrate_when_it_is_asked_to(bare_url: str) -> None:
    """The demo begins with an empty folder."""
    open_store(bare_url, chain_key=CHAIN_KEY, migrate=True).close()

    assert current(bare_url) == REVISION


def _driver(url: str) -> str:
    return url.replace("postgresql:", "postgresql+psycopg:")
