"""The windows that are compared: read before the claim, and after the pods are ready."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from cluster.signals.reading import NoData, NotApplicable, Reading, Why
from cluster.signals.signals import Samples, Signals
from cluster.targets.target import Target
from cluster.verification import Direction, Expectation, Observed, Row
from incidents.events.run import Comparison, Evidence
from runbooks.engine.turn import Turn
from runbooks.language.model import Verify
from runbooks.verdicts import evidence

Window = Mapping[str, Samples | NoData | NotApplicable]
"""What was read of each expected signal between two moments."""


def before(turn: Turn, target: Target, proven: Verify) -> tuple[Evidence, ...]:
    """Return the mean of each expected signal over the window that ends now."""
    start = turn.now - proven.window
    found = read(turn.tools.signals, target, proven, start, turn.now)
    return means(found, proven, turn.now)


def after(
    turn: Turn, target: Target, proven: Verify, start: datetime, end: datetime
) -> Mapping[str, Observed]:
    """Return the samples of each expected signal over a window."""
    return read(turn.tools.signals, target, proven, start, end)


def read(
    signals: Signals, target: Target, proven: Verify, start: datetime, end: datetime
) -> Window:
    """Return the same, for whoever has no turn."""
    names = dict.fromkeys(one.signal for one in proven.expect)
    step = proven.window / (2 * proven.samples)
    return {
        name: signals.read_range(name, target, start=start, end=end, step=step) for name in names
    }


def means(found: Window, proven: Verify, at: datetime) -> tuple[Evidence, ...]:
    """Return the means of a window that ends at a moment, as a run keeps them."""
    return tuple(
        evidence.one(evidence.mean(samples, at=at, fewest=proven.samples), name=name, at=at)
        for name, samples in found.items()
    )


def remembered(kept: Iterable[Evidence]) -> Mapping[str, Observed]:
    """Return what was read before, as it can be compared; what was not read keeps its reason."""
    return {one.name: _remembered(one) for one in kept}


def expectations(proven: Verify) -> tuple[Expectation, ...]:
    """Return what is expected, one bound each."""
    found = []
    for one in proven.expect:
        ways = ((Direction.FALLS, one.at_most), (Direction.RISES, one.at_least))
        found += [
            Expectation(signal=one.signal, direction=way, to=bound, minimum=proven.samples)
            for way, bound in ways
            if bound is not None
        ]
    return tuple(found)


def comparisons(rows: Iterable[Row], after: Mapping[str, Observed]) -> tuple[Comparison, ...]:
    """Return what a verdict rests on, as a run keeps it, with what was asked after the change."""
    return tuple(
        Comparison(
            signal=row.signal,
            unit=row.unit,
            before=row.before,
            after=row.after,
            expected=row.expected,
            met=None if row.missing or not row.applies else row.met,
            note=row.note,
            query=getattr(after.get(row.signal), "query", ""),
        )
        for row in rows
    )


def _remembered(one: Evidence) -> Observed:
    if one.value is None:
        detail = one.because or ""
        return NoData(signal=one.name, why=Why.EMPTY, detail=detail, query=one.query)
    return Reading(signal=one.name, value=one.value, unit=one.unit, at=one.at, query=one.query)
