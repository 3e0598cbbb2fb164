"""Transactions: the only place that commits, with a crash point before and after."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, Engine, exc

from incidents.errors import Unavailable
from storage.faults import CommitLost, lost, reason, translated

T = TypeVar("T")
Hook = Callable[[str], None]


def silent(point: str) -> None:
    """Stand in for a hook that nobody set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Called with a point's name immediately before and immediately after every COMMIT."""

    before_commit: Hook = silent
    after_commit: Hook = silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Runs work in one transaction; raises Unavailable or Rejected, and CommitLost in doubt."""

    engine: Engine
    hooks: Hooks

    def write(self, point: str, work: Callable[[Connection], T]) -> T:
        """Do the work and commit it.

        A connection that was lost before COMMIT is replaced once: nothing had been written.
        """
        with translated(point):
            try:
                return self._once(point, work)
            except exc.DBAPIError as error:
                if not lost(error):
                    raise
            return self._once(point, work)

    def _once(self, point: str, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                result = work(connection)
                self._commit(point, transaction.commit)
            finally:
                # Committed: does nothing. Lost: the pool has thrown the connection away.
                if transaction.is_active:
                    transaction.rollback()
        return result

    def _commit(self, point: str, commit: Callable[[], None]) -> None:
        self.hooks.before_commit(point)
        try:
            commit()
        except exc.DBAPIError as error:
            if not lost(error):
                raise
            message = f"{point}: the connection was lost during COMMIT ({reason(error)})"
            raise CommitLost(message) from error
        self.hooks.after_commit(point)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Runs reads; a connection that was lost is replaced once, since reading twice is harmless."""

    engine: Engine

    def read(self, what: str, work: Callable[[Connection], T]) -> T:
        """Return what the work reads; raises Unavailable."""
        with translated(what):
            try:
                return self._once(work)
            except exc.DBAPIError as error:
                if not lost(error):
                    raise
            return self._once(work)

    def _once(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            return work(connection)


def closed() -> Unavailable:
    """Return the error of a store that was closed."""
    return Unavailable("the store is closed")
