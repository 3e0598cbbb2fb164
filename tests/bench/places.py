"""The stores of one run: databases of SQLite and PostgreSQL, side by side on one disk."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.migrations.migrate import migrate
from tests.bench.postgres import Cluster, cluster

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where to measure: a folder for everything, and a PostgreSQL."""

    folder: Path
    cluster: Cluster

    def databases(self, name: str) -> dict[str, str]:
        """Make and migrate one database of each kind; return their addresses by store."""
        sqlite = f"sqlite:///{self.folder / name}.db"
        migrate(sqlite)
        return {SQLITE: sqlite, POSTGRESQL: self.cluster.database(name)}

    def room(self, name: str) -> Path:
        """Make a folder for one server."""
        room = self.folder / name
        room.mkdir(parents=True, exist_ok=True)
        return room


Say = Callable[[str], None]
"""Says what is being measured, for whoever waits."""


@contextmanager
def places() -> Iterator[Places]:
    """Make the folder and start PostgreSQL; both end with the block."""
    with tempfile.TemporaryDirectory(prefix="triaged-bench-") as folder, cluster() as running:
        yield Places(folder=Path(folder), cluster=running)
