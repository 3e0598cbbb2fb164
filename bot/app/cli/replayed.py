"""How a replay is told: what would have been another incident, and what cannot be known."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.app.backtest.again import Again
from bot.app.backtest.comparing import Besides, Compared, Difference, Kind
from bot.app.cli.output import counted

LIMIT: Final = (
    "A replay does not know what people did (acknowledged, resolved, merged, a severity by hand), "
    "what runs and approvals changed, or facts that nobody asked for then; when an incident would "
    "have reached its severity, or ended, it does not compare."
)
"""What the answer leaves out; whoever reads it must not take silence for no change."""

LISTED: Final = 20
MINUTE: Final = "%Y-%m-%d %H:%M"


def plain(found: Again, result: Compared) -> Mapping[str, object]:
    """Return the answer for machines."""
    return {
        "deliveries": found.deliveries,
        "incidents": [_difference(one) for one in result.differences],
        "besides": [
            {
                "opened_at": one.opened_at,
                "key": one.key,
                "title": one.title,
                "severity": one.severity.value,
                "because": one.because,
                "alerts": one.alerts,
            }
            for one in result.besides
        ],
        "refused": list(found.refused),
        "no_delivery_kept": list(result.unknown),
        "set_aside": [
            {"delivery": one.inbox_id, "source": one.source, "because": one.set_aside}
            for one in found.aside
        ],
        "waiting": found.waiting,
        "limit": LIMIT,
    }


def lines(found: Again, result: Compared) -> Iterator[str]:
    """Yield the answer for people."""
    for one in result.differences:
        yield from _difference_lines(one)
    for new in result.besides:
        yield from _besides_lines(new)
    if not result.differences and not result.besides:
        yield "nothing changes"
    yield from _left_out(found, result)
    yield LIMIT


def _left_out(found: Again, result: Compared) -> Iterator[str]:
    """Yield what was not replayed, each with its name."""
    for line in found.refused[:LISTED]:
        yield f"not replayed: {line}"
    yield from _more(found.refused)
    if result.unknown:
        named = ", ".join(f"INC-{number}" for number in result.unknown[:LISTED])
        yield f"cannot tell: no delivery is kept of {named}"
        yield from _more(result.unknown)
    if found.aside:
        many = counted(len(found.aside), "delivery was", "deliveries were")
        yield f"not replayed: {many} set aside, and never done"
        for one in found.aside[:LISTED]:
            yield f"    inbox {one.inbox_id} of {one.source}: {one.set_aside}"
        yield from _more(found.aside)
    if found.waiting:
        many = counted(found.waiting, "delivery", "deliveries")
        yield f"not replayed: {many} that the desk has not taken up yet"


def _more(found: Sequence[object]) -> Iterator[str]:
    if len(found) > LISTED:
        yield f"    and {len(found) - LISTED} more; --json has them all"


def _difference(one: Difference) -> Mapping[str, object]:
    return {
        "incident": one.incident,
        "title": one.title,
        "was": one.was.value,
        "was_because": one.was_because,
        "would_be": one.would_be.value if one.would_be else None,
        "because": one.because,
        "changes": [
            {"kind": change.kind.value, "because": change.because} for change in one.changes
        ],
        "override": one.override or None,
        "ended_by": one.ended_by or None,
    }


def _difference_lines(one: Difference) -> Iterator[str]:
    would = one.would_be.value if one.would_be else "no incident"
    changed = one.was.value if one.was is one.would_be else f"{one.was.value} -> {would}"
    yield f"INC-{one.incident}  {changed}  {one.title}"
    yield f"    was          {one.was_because}"
    for change in one.changes:
        # Of what it would be instead, the reason says it all.
        word = "would be" if change.kind is Kind.SEVERITY else change.kind.value
        yield f"    {word:<12} {change.because}"
    if one.override:
        yield f"    by hand      {one.override}; that beats both"
    if one.ended_by:
        yield f"    by hand      {one.ended_by} ended it, which is not replayed"


def _besides_lines(one: Besides) -> Iterator[str]:
    yield f"new    {one.severity.value}  {one.title}"
    yield f"    opened       {one.opened_at:{MINUTE}} UTC, {one.key}, where no incident was"
    yield f"    would be     {one.because}"
