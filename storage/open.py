"""Opening a store: the wiring of a database, its pen, its inbox and its ear."""

import time
from collections.abc import Callable
from datetime import datetime

from incidents.errors import Rejected
from incidents.ports import Inbox, Journal, Leases, Outbox, Store, Texts
from storage import head
from storage.address import MEMORY, open_backend
from storage.backend import INBOX, JOURNAL, Backend
from storage.batch import Batch
from storage.bell import Bell
from storage.chain import Chain
from storage.leases import SqlLeases
from storage.memory import MemoryStore
from storage.migrations.migrate import migrate as migrate_schema
from storage.migrations.migrate import reached
from storage.schema import REVISION
from storage.sql_inbox import SqlInbox
from storage.sql_journal import SqlJournal
from storage.sql_outbox import SqlOutbox
from storage.texts import SqlTexts
from storage.writer import Hooks, Reader, Writer, silent

CLOSE_SECONDS = 3.0

Hook = Callable[[str], None]


def open_store(
    url: str,
    *,
    chain_key: bytes,
    migrate: bool = False,
    before_commit: Hook | None = None,
    after_commit: Hook | None = None,
) -> Store:
    """Open the store at `sqlite:///path`, `postgresql://…` or `memory:`.

    Raises Rejected when the address, the schema's revision or the chain key does not fit, and
    Unavailable when the database is away. The hooks are called with a point's name around every
    COMMIT.
    """
    hooks = Hooks(before_commit=before_commit or silent, after_commit=after_commit or silent)
    chain = Chain(chain_key)
    if url == MEMORY:
        return MemoryStore(chain=chain, hooks=hooks)
    if migrate:
        migrate_schema(url)
    backend = open_backend(url)
    try:
        _check_revision(backend)
        _check_key(backend, chain)
    except BaseException:
        backend.close()
        raise
    return SqlStore(backend=backend, chain=chain, hooks=hooks)


class SqlStore:
    """A store in a database."""

    def __init__(self, *, backend: Backend, chain: Chain, hooks: Hooks) -> None:
        self._backend = backend
        self._reader = reader = Reader(engine=backend.reader)
        self._bells = bells = {JOURNAL: Bell(), INBOX: Bell()}
        writer = Writer(engine=backend.writer, hooks=hooks)
        batch = Batch(backend=backend, chain=chain, writer=Writer(engine=backend.pen, hooks=hooks))
        self._journal = SqlJournal(
            backend=backend, chain=chain, batch=batch, reader=reader, bell=bells[JOURNAL]
        )
        self._inbox = SqlInbox(
            backend=backend,
            keeper=Writer(engine=backend.keeper, hooks=hooks),
            writer=writer,
            reader=reader,
            bell=bells[INBOX],
        )
        self.journal: Journal = self._journal
        self.inbox: Inbox = self._inbox
        self.texts: Texts = SqlTexts(backend=backend, chain=chain, writer=writer, reader=reader)
        self.outbox: Outbox = SqlOutbox(writer=writer, reader=reader)
        self.leases: Leases = SqlLeases(backend=backend, writer=writer)
        self._threads = (self._inbox, self._journal, backend.watch(self._ring))

    def now(self) -> datetime:
        """Return the store's own real time, in UTC."""
        return self._reader.read("now", self._backend.now)

    def ready(self) -> None:
        """Raise Unavailable when the store cannot commit now; answers within 2 s."""
        self._inbox.pulse()

    def close(self) -> None:
        """Drain the pens and close every connection; safe to call twice."""
        for bell in self._bells.values():
            bell.close()
        if not self._end_threads():
            self._backend.sever()
            self._end_threads()
        self._backend.close()

    def _ring(self, channel: str) -> None:
        self._bells[channel].ring()

    def _end_threads(self) -> bool:
        deadline = time.monotonic() + CLOSE_SECONDS
        ended = [
            thread.close(timeout=max(deadline - time.monotonic(), 0)) for thread in self._threads
        ]
        return all(ended)


def _check_revision(backend: Backend) -> None:
    found = reached(backend)
    if found < REVISION:
        message = (
            f"the schema is at revision {found}, and this program needs {REVISION}: "
            "run `triaged migrate`"
        )
        raise Rejected(message)
    if found > REVISION:
        message = f"the schema is at revision {found}, and this program knows {REVISION}: upgrade"
        raise Rejected(message)


def _check_key(backend: Backend, chain: Chain) -> None:
    key_id = Reader(engine=backend.reader).read("chain key", head.key_id)
    if key_id not in (None, chain.key_id):
        message = f"the journal is sealed with chain key {key_id}, and {chain.key_id} was given"
        raise Rejected(message)
