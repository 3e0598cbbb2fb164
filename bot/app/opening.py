"""Opening what every command needs: the store, the configuration and the desk."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.app.clock import store_clock, world_clock
from bot.app.configuration import Configuration
from bot.app.configuration import load as load_configuration
from bot.app.settings import PREFIX, Settings
from incidents.desk import Desk
from incidents.errors import Rejected
from incidents.ports import Clock, Store
from storage.chain_key import chain_key_from_file
from storage.open import open_store

SQLITE = "sqlite:///"
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
    migrate: bool = False,
    before_commit: Hook | None = None,
    after_commit: Hook | None = None,
) -> Iterator[Opened]:
    """Open store and configuration, and close the store at the end.

    Raises Rejected for a setting, a file or a schema that does not fit, Unavailable when the
    store is away.
    """
    configuration = load_configuration(settings.config)
    store = open_store(
        settings.database_url,
        chain_key=_chain_key(settings),
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


def _chain_key(settings: Settings) -> bytes:
    file = sqlite_file(settings)
    if settings.chain_key_file is not None:
        return chain_key_from_file(settings.chain_key_file, create=False)
    if file is None:
        message = f"{PREFIX}CHAIN_KEY_FILE is required with {settings.database_url.split(':')[0]}"
        raise Rejected(message)
    file.parent.mkdir(parents=True, exist_ok=True)
    return chain_key_from_file(file.with_name(f"{file.name}.chain-key"), create=True)
