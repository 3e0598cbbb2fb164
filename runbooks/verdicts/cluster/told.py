"""What judgements of the cluster's objects are made of: bounded words, and numbers. Pure."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from cluster import wording
from cluster.clients.things import Thing
from cluster.seen import Seen
from incidents.events.run import Evidence
from runbooks.language.declaration import Finding, Found

CANNOT_TELL: Final = "cannot_tell"
NAMED: Final = 3
"""So many names stand in a sentence; of a hundred pods the rest is counted."""
MOST: Final = 20
"""So many numbers are kept of one object each; the totals are kept whatever there is."""

_LARGEST: Final = 1e15

Read = TypeVar("Read")

short: Final = wording.short
SHOWN: Final = wording.SHOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number that was read or counted; `pod` is the pod that it is about, if one is."""

    name: str
    value: float
    unit: str
    pod: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict, why, the numbers behind it, and the pod or node that it is about."""

    verdict: str
    because: str
    numbers: tuple[Number, ...] = ()
    found: Found = ()


def legible(
    things: Iterable[Thing], read: Callable[[Thing], Read]
) -> tuple[tuple[Read, ...], tuple[str, ...]]:
    """Return what can be read of the objects, and the names of those of another shape."""
    values: list[Read] = []
    illegible: list[str] = []
    for thing in things:
        try:
            values.append(read(thing))
        except (ValueError, OverflowError):
            illegible.append(thing.itself.name)
    return tuple(values), tuple(illegible)


def finding(judged: Judged, *, at: datetime, asked: Sequence[Seen]) -> Finding:
    """Return the judgement as a check's finding; every number keeps what was asked for."""
    query = "; ".join(dict.fromkeys(one.asked for one in asked))
    return Finding(
        verdict=judged.verdict,
        because=judged.because,
        evidence=tuple(_evidence(one, query, at) for one in judged.numbers),
        found=judged.found,
    )


def missing(*seen: Seen) -> tuple[str, ...]:
    """Return in words what was not seen."""
    return tuple(dict.fromkeys(short(one.missing, 2 * SHOWN) for one in seen if one.missing))


def unsure(judged: Judged, gaps: Sequence[str], *, well: Sequence[str]) -> Judged:
    """Return the judgement, which is none where something was not seen and nothing wrong was found.

    What is wrong stays wrong whatever else was not seen; the gap is told beside it.
    """
    if not gaps:
        return judged
    told = "; ".join(gaps[:NAMED])
    if judged.verdict in well:
        return Judged(verdict=CANNOT_TELL, because=f"not seen: {told}", numbers=judged.numbers)
    return replace(judged, because=f"{judged.because}; not seen: {told}")


def unread(names: Sequence[str]) -> tuple[str, ...]:
    """Return in words that objects make no sense."""
    return (f"{listing(names)}: of another shape than expected",) if names else ()


def listing(names: Iterable[str], *, most: int = NAMED) -> str:
    """Return the first names in order, and how many there are more."""
    known = sorted({short(name, SHOWN) for name in names})
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def ago(moment: datetime, at: datetime) -> str:
    """Return how long ago a moment is, in words."""
    return lasting(at - moment)


def lasting(span: timedelta) -> str:
    """Return a length of time as people say it."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:  # noqa: PLR2004  # two minutes: below, seconds are told
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 120:  # noqa: PLR2004  # two hours
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 72 else f"{hours // 24} days"  # noqa: PLR2004  # three days


def moment(thing: Mapping[str, object], name: str) -> datetime | None:
    """Return a time of the API; None where there is none. Raises ValueError."""
    written = thing.get(name)
    if written is None:
        return None
    if not isinstance(written, str) or len(written) > SHOWN:
        raise ValueError(name)
    found = datetime.fromisoformat(written)
    if found.tzinfo is None:
        raise ValueError(name)
    return found


def _evidence(one: Number, query: str, at: datetime) -> Evidence:
    known = math.isfinite(one.value) and abs(one.value) <= _LARGEST
    return Evidence(
        name=one.name,
        value=one.value if known else None,
        unit=one.unit,
        because=None if known else "no number that can be",
        query=query,
        at=at,
        pod=one.pod or None,
    )
