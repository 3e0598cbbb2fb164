"""The rules of the outbox: what each step does to a row. Pure; both stores use them."""

from dataclasses import dataclass, replace
from datetime import datetime

from incidents.errors import Rejected
from incidents.journal import Calm, Item, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An outbox row; `since` is the line number at which it began to wait, None when nothing to do.

    Line numbers grow with every wait that begins: whoever began first is the oldest.
    """

    item: Item
    since: int | None


def want(row: Row | None, wanted: Wanted, *, stream: str, line: int) -> Row:
    """Return the row after this is wanted; a dead row comes back when its body changed."""
    if row is None:
        return Row(item=_new(wanted, stream), since=line)
    old, changed = row.item, row.item.digest != wanted.digest
    item = replace(
        old,
        kind=wanted.kind,
        lane=wanted.lane,
        body=wanted.body,
        digest=wanted.digest,
        priority=wanted.priority,
        after=wanted.after,
        gist=wanted.gist,
    )
    if old.dead is not None and changed:
        item = replace(item, dead=None, attempts=0, not_before=None)
        return _waiting(replace(row, item=item, since=None), line=line)
    return _waiting(replace(row, item=item), line=line)


def attempt(row: Row, *, digest: str, at: datetime) -> Row:
    """Return the row when a request is about to leave."""
    return replace(row, item=replace(row.item, attempted_digest=digest, attempted_at=at))


def sent(
    row: Row, *, digest: str, remote: dict[str, str], line: int, calm: Calm | None = None
) -> Row:
    """Return the row when `digest` is outside; raises Rejected when no attempt was committed.

    What was attempted is forgotten: a row that still has it is in doubt. Of a body that has
    changed since nobody knows any more what of it matters, and then all of it does.
    """
    if row.item.attempted_digest != digest:
        message = f"outbox {row.item.key}: no attempt to send {digest} was committed"
        raise Rejected(message)
    item = replace(
        row.item,
        sent_digest=digest,
        sent_gist=row.item.gist if digest == row.item.digest else None,
        calm=calm,
        remote=remote,
        attempted_digest=None,
        attempted_at=None,
        attempts=0,
        not_before=None,
    )
    return _waiting(replace(row, item=item, since=None), line=line)


def put_off(row: Row, *, until: datetime) -> Row:
    """Return the row when it has to wait; whether the attempt arrived stays open."""
    return replace(row, item=replace(row.item, not_before=until, attempts=row.item.attempts + 1))


def give_up(row: Row, *, because: str) -> Row:
    """Return the row when it will not be sent until its body changes."""
    return replace(row, item=replace(row.item, dead=because))


def _waiting(row: Row, *, line: int) -> Row:
    """Let the row wait from its first moment on, or not at all when nothing is to be done."""
    if row.item.digest == row.item.sent_digest:
        return replace(row, since=None)
    return replace(row, since=line if row.since is None else row.since)


def _new(wanted: Wanted, stream: str) -> Item:
    return Item(
        key=wanted.key,
        stream=stream,
        kind=wanted.kind,
        lane=wanted.lane,
        body=wanted.body,
        digest=wanted.digest,
        priority=wanted.priority,
        after=wanted.after,
        gist=wanted.gist,
    )
