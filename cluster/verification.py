"""Proves that a change helped, or says that it did not, or that nobody can tell. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cluster.actions.plan import Settled
from cluster.signals.formulas import MINUTES_5
from cluster.signals.reading import NoData, NotApplicable, Observation
from cluster.signals.signals import Samples

Observed = Observation | Samples

WORSE_RATIO: Final = 1.2
MINIMUM: Final = 3
CHANCE: Final = 3.0
"""A count has changed when it is so many standard errors away from what it was."""


class Verdict(Enum):
    """What became of a change."""

    VERIFIED = "verified"
    NO_EFFECT = "no effect"
    WORSE = "worse"
    REVERTED = "reverted"
    CANNOT_TELL = "cannot tell"


class Direction(Enum):
    """Which way is better."""

    FALLS = "falls"
    RISES = "rises"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a signal should do, in the signal's own unit.

    It must reach `to`, or `by` times its value from before; one of the two is given. It is worse
    when it misses that and moves the wrong way by more than `worse` (a ratio above 1), by more than
    chance and in every sample: what swings by itself is no effect. A window counts from `minimum`
    samples on; its mean is compared.
    """

    signal: str
    direction: Direction = Direction.FALLS
    to: float | None = None
    by: float | None = None
    worse: float = WORSE_RATIO
    minimum: int = MINIMUM

    def __post_init__(self) -> None:
        if (self.to is None) == (self.by is None):
            message = f"{self.signal}: exactly one of `to` and `by` is needed"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One signal before and after, in `unit`; `note` says why a side is missing.

    `already` means that the value from before was as good as what was expected.
    """

    signal: str
    unit: str
    before: float | None
    after: float | None
    expected: str
    met: bool = False
    already: bool = False
    worse: bool = False
    applies: bool = True
    note: str = ""

    @property
    def missing(self) -> bool:
        """Tell whether this signal decides nothing although it should."""
        return self.applies and (self.before is None or self.after is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The verdict, its reason in one sentence, and what it rests on."""

    verdict: Verdict
    because: str
    rows: tuple[Row, ...]


def compare(
    expectations: Sequence[Expectation],
    before: Mapping[str, Observed],
    after: Mapping[str, Observed],
    settled: Settled,
) -> Verification:
    """Return the verdict over the same signals before and after the change.

    A writer who changed it back decides alone. Pods that are not ready when this is asked mean that
    nothing can have helped yet. What is unknown is never success, and neither is what was so
    before: at least one signal must have come to where it was not.
    """
    rows = tuple(
        _row(each, before.get(each.signal), after.get(each.signal)) for each in expectations
    )
    verdict, because = _judged(rows, settled)
    return Verification(verdict=verdict, because=because, rows=rows)


def _judged(rows: Sequence[Row], settled: Settled) -> tuple[Verdict, str]:
    applied = [row for row in rows if row.applies]
    worse = [row for row in applied if row.worse]
    missing = [row for row in applied if row.missing]
    ready = settled.said
    if settled.reverted_by is not None:
        return Verdict.REVERTED, f"by {settled.reverted_by}"
    if worse and not missing:
        return Verdict.WORSE, _told(worse)
    if settled.since is None:
        return Verdict.NO_EFFECT, ready
    if missing or not applied:
        return Verdict.CANNOT_TELL, _unknown(missing)
    return _moved_there(applied, ready)


def _moved_there(known: Sequence[Row], ready: str) -> tuple[Verdict, str]:
    failed = [row for row in known if not row.met]
    if failed:
        return Verdict.NO_EFFECT, _told(failed)
    if all(row.already for row in known):
        return Verdict.NO_EFFECT, f"it was so already before: {_told(known)}"
    return Verdict.VERIFIED, f"{_told(known)}; {ready}"


def _row(expected: Expectation, before: Observed | None, after: Observed | None) -> Row:
    first, last = _value(before, expected.minimum), _value(after, expected.minimum)
    notes = [
        f"{when}: {value}"
        for when, value in (("before", first), ("after", last))
        if isinstance(value, str)
    ]
    was = first if isinstance(first, float) else None
    now = last if isinstance(last, float) else None
    met = worse = False
    if was is not None and now is not None:
        met = _met(expected, was, now)
        worse = not met and _opposite(expected, was, now) and _clear(after, was, now)
    return Row(
        signal=expected.signal,
        unit=_unit(after) or _unit(before),
        before=was,
        after=now,
        expected=_words(expected),
        met=met,
        already=was is not None and _met(expected, was, was),
        worse=worse,
        applies=not isinstance(before, NotApplicable) and not isinstance(after, NotApplicable),
        note="; ".join(notes),
    )


def _value(observed: Observed | None, minimum: int) -> float | str:
    """Return the number to compare, or why there is none."""
    match observed:
        case None:
            return "not read"
        case NoData(why=why, detail=detail):
            return f"{why.value} ({detail})"
        case NotApplicable(because=because):
            return because
        case Samples(points=points):
            if len(points) < minimum:
                return f"{len(points)} samples, {minimum} are needed"
            return _finite(math.fsum(value for _, value in points) / len(points))
        case _:
            return _finite(observed.value)


def _finite(value: float) -> float | str:
    return float(value) if math.isfinite(value) else "not a number"


def _met(expected: Expectation, was: float, now: float) -> bool:
    """Tell whether the signal did what it should."""
    bound = expected.to if expected.to is not None else (expected.by or 0.0) * was
    return now <= bound if expected.direction is Direction.FALLS else now >= bound


def _opposite(expected: Expectation, was: float, now: float) -> bool:
    """Tell whether the signal clearly did the opposite."""
    if expected.direction is Direction.FALLS:
        return now > was * expected.worse
    return now * expected.worse < was


def _clear(after: Observed | None, was: float, now: float) -> bool:
    """Tell whether the signal did not come from `was` to `now` by swinging as it always does.

    Events per second are counted over five minutes, and a count of n events varies by its square
    root (Poisson). Of any signal, no sample may be back on the side where it was.
    """
    if _unit(after).endswith("/s"):
        chance = math.sqrt((was + now) / MINUTES_5.total_seconds())
        if abs(now - was) <= CHANCE * chance:
            return False
    points = after.points if isinstance(after, Samples) else ()
    return all((value > was) == (now > was) for _, value in points)


def _unit(observed: Observed | None) -> str:
    return "" if observed is None or isinstance(observed, NoData | NotApplicable) else observed.unit


def _words(expected: Expectation) -> str:
    bound = f"to {expected.to:g}" if expected.to is not None else f"to {expected.by:.0%} of before"
    return f"{expected.direction.value} {bound}"


def _told(rows: Sequence[Row]) -> str:
    return "; ".join(
        f"{row.signal} {row.before:.4g} → {row.after:.4g} {row.unit}".rstrip() for row in rows
    )


def _unknown(rows: Sequence[Row]) -> str:
    return "; ".join(f"{row.signal}: {row.note}" for row in rows) or "no expected signal applies"
