"""Opening what every command needs: the store, the configuration and the desk."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.app.clock import store_clock, world_clock
from bot.app.configuration import Configuration
from bot.app.configuration_shapes import SHAPES
from bot.app.configuration_usable import usable
from bot.app.settings import PREFIX, Settings
from incidents.desk import Desk
from incidents.errors import Rejected
from incidents.ports import Clock, Store
from storage.chain_key import chain_key_from_file
from storage.open import open_store

SQLITE = "sqlite:///"
SERVERS = ("postgresql:", "postgresql+", "memory:")
Hook = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a command works with."""

    settings: Settings
    configuration: Configuration
    store: Store
    clock: Clock
    desk: Desk


@contextmanager
def opened(
    settings: Settings,
    *,
    needed: Collection[str] = SHAPES,
    migrate: bool = False,
    before_commit: Hook | None = None,
    after_commit: Hook | None = None,
) -> Iterator[Opened]:
    """Open store and configuration, and close the store at the end.

    A file of the configuration that is wrong and not `needed` counts as missing: without a policy
    of its own nothing may be told to an incident's stream, nor may a snooze or a silence begin.
    Raises Rejected for a setting, a file or a schema that does not fit, Unavailable when the
    store is away.
    """
    configuration = usable(settings.config, needed=needed)
    store = open_store(
        settings.database_url,
        chain_key=chain_key(settings, create=migrate),
        migrate=migrate,
        before_commit=before_commit,
        after_commit=after_commit,
    )
    try:
        clock = world_clock(settings.clock_url) if settings.clock_url else store_clock(store.now)
        yield Opened(
            settings=settings,
            configuration=configuration,
            store=store,
            clock=clock,
            desk=Desk(journal=store.journal, policy=configuration.policy, clock=clock),
        )
    finally:
        store.close()


def sqlite_file(settings: Settings) -> Path | None:
    """Return the SQLite file; None where the database is another."""
    fit = re.fullmatch(rf"{SQLITE}(.+)", settings.database_url)
    return Path(fit[1]) if fit else None


def chain_key(settings: Settings, *, create: bool) -> bytes:
    """Return the journal's chain key; `create` makes it, beside a SQLite file that has none.

    Raises Rejected where there is no journal yet and none is to be made, or no key.
    """
    file = sqlite_file(settings)
    if file is None:
        return _key_of_a_server(settings)
    if file.is_dir():
        message = f"{PREFIX}DATABASE_URL: {file} is a folder, and a file is needed"
        raise Rejected(message)
    blank = _is_blank(file)
    if blank:
        _begin(file, create=create)
    if settings.chain_key_file is not None:
        return chain_key_from_file(settings.chain_key_file, create=False)
    key = file.with_name(f"{file.name}.chain-key")
    # A key that is made beside a journal that has events would hide that theirs is gone.
    if not blank and not key.exists():
        message = (
            f"{file}: if this is a journal, its chain key {key.name} is not beside it; "
            f"{PREFIX}CHAIN_KEY_FILE says where it is"
        )
        raise Rejected(message)
    return chain_key_from_file(key, create=create and blank)


def _key_of_a_server(settings: Settings) -> bytes:
    if not settings.database_url.startswith(SERVERS):
        message = f"{PREFIX}DATABASE_URL: it must be {SQLITE}path or postgresql://…"
        raise Rejected(message)
    if settings.chain_key_file is None:
        message = f"{PREFIX}CHAIN_KEY_FILE is required with any database but a SQLite file"
        raise Rejected(message)
    return chain_key_from_file(settings.chain_key_file, create=False)


def _is_blank(file: Path) -> bool:
    """Return whether nothing was ever written: a new journal may still stand in its log alone."""
    if not file.exists():
        return True
    return file.stat().st_size == 0 and not file.with_name(f"{file.name}-wal").exists()


def _begin(file: Path, *, create: bool) -> None:
    """Make the folder of a journal that is to be; raises Rejected where none is to be made."""
    if not create:
        message = f"{file}: there is no journal; {PREFIX}DATABASE_URL says where it is"
        raise Rejected(message)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{file.parent}: {error.strerror}"
        raise Rejected(message) from error
