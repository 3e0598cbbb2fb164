"""A rehearsal for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsing import Rehearsal, Stage, rehearsal, stepped_world


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A world in which the story begins."""
    with stepped_world() as stage:
        yield stage


@pytest.fixture
def desk(stage: Stage, tmp_path: Path, sqlite_url: str) -> Iterator[Rehearsal]:
    """The real desk on SQLite, turned by hand."""
    with rehearsal(stage, tmp_path, database_url=sqlite_url) as made:
        yield made
