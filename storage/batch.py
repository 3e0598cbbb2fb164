"""One batch of appends: read all it touches under the lock, judge each, write what was admitted."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from incidents.errors import Conflict
from incidents.journal import Append, Appended, ApprovalGranted, Budget, HoldAbsent, HoldPresent
from storage import appends, events, head, holds, inbox, spent, summary
from storage.admission import Admitted, HoldKey, Picture, admit
from storage.backend import JOURNAL, Backend
from storage.chain import Chain
from storage.writer import Writer

Judged = Admitted | Conflict


class NothingToWriteError(Exception):
    """Every append of the batch lost or was known: the transaction is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Writes batches of appends in one transaction each."""

    backend: Backend
    chain: Chain
    writer: Writer

    def write(self, requests: Sequence[Append]) -> Sequence[Appended | Conflict]:
        """Return a result or a conflict for each; raises Unavailable or Rejected for all."""
        judged: list[Judged] = []
        with suppress(NothingToWriteError):
            self.writer.write(_point(requests), partial(self._work, requests, judged))
        return [one.answer if isinstance(one, Admitted) else one for one in judged]

    def _work(
        self, requests: Sequence[Append], judged: list[Judged], connection: Connection
    ) -> None:
        self.backend.lock(connection)
        picture = _picture(connection, requests)
        known = frozenset(picture.streams)
        # The transaction may be tried twice: what the first try judged is forgotten.
        judged[:] = [_judge(picture, request, chain=self.chain) for request in requests]
        admitted = [one for one in judged if isinstance(one, Admitted) and one.sealed]
        if not admitted:
            raise NothingToWriteError
        streams = {one.request.stream: picture.streams[one.request.stream] for one in admitted}
        summary.write(connection, streams, new=streams.keys() - known)
        self._write(connection, picture, admitted)

    def _write(
        self, connection: Connection, picture: Picture, admitted: Sequence[Admitted]
    ) -> None:
        now = self.backend.notify(connection, JOURNAL)
        events.write(connection, [sealed for one in admitted for sealed in one.sealed])
        appends.write(connection, [(one.request, one.answer) for one in admitted])
        if moved := {key: picture.holds.get(key) for one in admitted for key in one.holds}:
            holds.write(connection, moved)
        if paid := [(b.key, one.request.at) for one in admitted for b in _budgets(one.request)]:
            spent.write(connection, paid)
        if done := {inbox_id for one in admitted for inbox_id in one.request.inbox}:
            inbox.finish(connection, done, at=now)
        head.write(connection, picture.end, key_id=self.chain.key_id)


def _judge(picture: Picture, request: Append, *, chain: Chain) -> Judged:
    try:
        return admit(picture, request, chain=chain)
    except Conflict as conflict:
        return conflict


def _picture(connection: Connection, requests: Sequence[Append]) -> Picture:
    """Read everything that the batch can touch, in one statement per table."""
    keys = {key for request in requests for key in _hold_keys(request)}
    budgets = [(request.at, budget) for request in requests for budget in _budgets(request)]
    paid = {}
    if budgets:
        since = min(at - budget.window for at, budget in budgets)
        paid = spent.since(connection, {budget.key for _, budget in budgets}, since)
    return Picture(
        end=head.require(connection),
        appended=dict(appends.known(connection, {request.append_id for request in requests})),
        streams=summary.standing(connection, {name for one in requests for name in _streams(one)}),
        holds=holds.standing(connection, keys) if keys else {},
        spent=paid,
    )


def _streams(request: Append) -> set[str]:
    approvals = {one.approval for one in request.require if isinstance(one, ApprovalGranted)}
    return {request.stream, *approvals}


def _hold_keys(request: Append) -> set[HoldKey]:
    required = [one for one in request.require if isinstance(one, HoldAbsent | HoldPresent)]
    return {(one.kind, one.key) for one in (*request.take, *request.release, *required)}


def _budgets(request: Append) -> list[Budget]:
    return [one for one in request.require if isinstance(one, Budget)]


def _point(requests: Sequence[Append]) -> str:
    return " ".join(("append", *(f"{one.stream}-{one.expected + 1}" for one in requests)))
