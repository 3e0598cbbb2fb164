"""A rehearsal for each test, and one finished story that many tests look at."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from storage.migrations.migrate import migrate
from tests.rehearsing import Rehearsal, Stage, rehearsal, stepped_world


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Open a world in which the story begins."""
    with stepped_world() as stage:
        yield stage


@pytest.fixture
def desk(stage: Stage, tmp_path: Path, sqlite_url: str) -> Iterator[Rehearsal]:
    """Make the real desk on SQLite, turned by hand."""
    with rehearsal(stage, tmp_path, database_url=sqlite_url) as made:
        yield made


@pytest.fixture
def asked(desk: Rehearsal) -> Rehearsal:
    """Bring the desk to the moment in which a person is asked."""
    desk.until(desk.asked, minutes=20)
    return desk


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def story(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rehearsal]:
    """Play the whole story on each database: alice approves, nothing goes wrong."""
    folder = tmp_path_factory.mktemp("story")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'triaged.db'}"
    else:
        url = _new_database(request.getfixturevalue("postgresql_folder"))
    migrate(url)
    with stepped_world() as stage, rehearsal(stage, folder, database_url=url) as desk:
        desk.until(desk.asked, minutes=20)
        stage.press("approve")
        desk.until(lambda: desk.has("ChannelArchived"), minutes=90)
        yield desk
    shutil.rmtree(folder)


def _new_database(server: Path) -> str:
    """Make a database that no other test empties meanwhile."""
    address = f"postgresql://postgres@/postgres?host={server}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS story WITH (FORCE)")
        connection.execute("CREATE DATABASE story")
    return f"postgresql://postgres@/story?host={server}"
