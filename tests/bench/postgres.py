"""A PostgreSQL for the bench: like that of the tests, but every commit waits for the disk."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.migrations.migrate import migrate
from tests import stores

# PostgreSQL's own defaults decide about durability; only room is given.
SETTINGS = ("shared_buffers=128MB", "listen_addresses=", "max_connections=200")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A server that runs: where its socket and its programs are."""

    folder: Path
    programs: Path

    def database(self, name: str) -> str:
        """Make and migrate a database; return its address."""
        stores._command(stores._url(self.folder, "postgres"), f"CREATE DATABASE {name}")
        url = stores._url(self.folder, name)
        migrate(url)
        return url

    def pgbench(self) -> Path | None:
        """Return the path of pgbench; None where the wheel came without it."""
        program = self.programs / "pgbench"
        return program if program.exists() else None


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a server until the end of the block; its folder goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="triaged-bench-pg-"))
    try:
        running = Cluster(folder=folder, programs=stores._programs(folder))
        with _served(running) as server:
            try:
                yield running
            finally:
                server.send_signal(signal.SIGINT)
                server.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _served(running: Cluster) -> "subprocess.Popen[bytes]":
    folder, place = running.folder, running.folder / "cluster"
    if user := stores._user():
        shutil.chown(folder, user["user"], user["group"])
    initdb: list[str | Path] = [running.programs / "initdb", "-D", place, "-U", "postgres"]
    locale = ["-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run([*initdb, *locale], check=True, capture_output=True, **user)
    options = [word for setting in SETTINGS for word in ("-c", setting)]
    server = subprocess.Popen(
        [running.programs / "postgres", "-D", place, "-k", folder, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=stores._die_with_the_tests,  # noqa: PLW1509 - one system call, no lock
        **user,
    )
    stores._until_ready(folder, server)
    return server
