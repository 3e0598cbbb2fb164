"""The windows that are compared: read before the claim, and after the pods are ready."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from cluster.signals.reading import NoData, NotApplicable, Reading, Why
from cluster.signals.signals import Samples
from cluster.targets.target import Target
from cluster.verification import Direction, Expectation, Observed
from incidents.events.run import Evidence
from runbooks.engine.turn import Turn
from runbooks.language.model import Verify
from runbooks.verdicts import evidence


def before(turn: Turn, target: Target, proven: Verify) -> tuple[Evidence, ...]:
    """Return the mean of each expected signal over the window that ends now."""
    start = turn.now - proven.window
    read = _read(turn, target, proven, start, turn.now)
    return tuple(
        evidence.one(
            evidence.mean(samples, at=turn.now, fewest=proven.samples), name=name, at=turn.now
        )
        for name, samples in read.items()
    )


def after(
    turn: Turn, target: Target, proven: Verify, start: datetime, end: datetime
) -> Mapping[str, Observed]:
    """Return the samples of each expected signal over a window."""
    return _read(turn, target, proven, start, end)


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


def _read(
    turn: Turn, target: Target, proven: Verify, start: datetime, end: datetime
) -> Mapping[str, Samples | NoData | NotApplicable]:
    names = dict.fromkeys(one.signal for one in proven.expect)
    step = proven.window / (2 * proven.samples)
    return {
        name: turn.tools.signals.read_range(name, target, start=start, end=end, step=step)
        for name in names
    }


def _remembered(one: Evidence) -> Observed:
    if one.value is None:
        detail = one.because or ""
        return NoData(signal=one.name, why=Why.EMPTY, detail=detail, query=one.query)
    return Reading(signal=one.name, value=one.value, unit=one.unit, at=one.at, query=one.query)
