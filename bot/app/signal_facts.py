"""Facts from signals: what was read as a fact, or in words why there is none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from cluster.signals.answers import Trouble
from cluster.signals.catalogue import SIGNALS
from cluster.signals.reading import NoData, NotApplicable, Observation, PerPod, Reading, Why
from cluster.signals.scopes import scopes_of
from cluster.signals.signals import DEADLINE, Samples, Signals
from cluster.signals.trend import CannotTell, Rising, shape_of
from cluster.targets.target import Target
from incidents.catalogue.everywhere import FLOOR
from incidents.facts import FACTS, Fact, Facts, Known, Origin, Unknown, outside

SAMPLES: Final = 60
"""How many samples a range is asked for in."""
RECENT: Final = timedelta(minutes=5)
"""An end of the samples that is older says nothing of now.

A rate is one over as long: what arrives shows in the samples of the next five minutes, so that a
shorter hole between samples hides nothing.
"""
ENOUGH: Final = 0.9
"""The share of samples without which a range is not known, however they lie."""
SHOWN: Final = 160
IDLE: Final = "idle_replicas"
RUNNING: Final = "running"
"""The signal by which replicas are idle."""
LASTING: Final = frozenset({Why.NOT_SCRAPED, Why.EMPTY})
IN_TIME: Final = f"Prometheus did not answer within {DEADLINE.total_seconds():g} s"

Told = Known | Unknown


def of_signals(names: Iterable[str]) -> tuple[str, ...]:
    """Return the facts among these that signals tell."""
    return tuple(name for name in names if FACTS[name].origin is Origin.SIGNAL or name == IDLE)


def ways_open(name: str, target: Target) -> tuple[bool, ...]:
    """Return for each way to read the fact whether the target has whose series it needs."""
    scopes = scopes_of(target).keys()
    signal = SIGNALS[RUNNING if name == IDLE else FACTS[name].of]
    needed = ({one.scope for one in way.terms if not one.optional} for way in signal.ways)
    return tuple(each <= scopes for each in needed)


def of_trouble(found: Trouble) -> Unknown:
    """Return in words why Prometheus did not say whose series are meant; it may the next time."""
    return replace(_why(found.why, found.detail), lasting=False)


def reads(
    names: Iterable[str], signals: Signals, target: Target, *, at: datetime, deadline: timedelta
) -> Mapping[tuple[str, ...], Callable[[], Facts]]:
    """Return what has to be read, by the facts that it tells: signals together, ranges alone."""
    asked = [FACTS[name] for name in of_signals(names)]
    whole = tuple(one for one in asked if one.over is None and one.name != IDLE)
    found: dict[tuple[str, ...], Callable[[], Facts]] = {
        (one.name,): _ranged(one, signals, target, at) for one in asked if one.over is not None
    }
    if whole:
        found[tuple(one.name for one in whole)] = _together(whole, signals, target, at, deadline)
    if any(one.name == IDLE for one in asked):
        found[(IDLE,)] = lambda: {IDLE: _idle(signals.read_by_pod(RUNNING, target, at=at), target)}
    return found


def _together(
    facts: Sequence[Fact], signals: Signals, target: Target, at: datetime, deadline: timedelta
) -> Callable[[], Facts]:
    def read() -> Facts:
        names = tuple(one.of for one in facts)
        found = signals.read_many(names, target, at=at, deadline=deadline)
        return {one.name: _told(one, found[one.of]) for one in facts}

    return read


def _ranged(fact: Fact, signals: Signals, target: Target, at: datetime) -> Callable[[], Facts]:
    over = fact.over or timedelta()

    def read() -> Facts:
        found = signals.read_range(fact.of, target, start=at - over, end=at, step=over / SAMPLES)
        if isinstance(found, NoData | NotApplicable):
            return {fact.name: _nothing(found)}
        odd = [value for _, value in found.points if outside(fact, value)]
        if odd:
            return {fact.name: _impossible(odd[0])}
        return {fact.name: _OF_SAMPLES[fact.name](fact, found, at)}

    return read


def _told(fact: Fact, found: Observation) -> Told:
    if isinstance(found, Reading):
        if outside(fact, found.value):
            return _impossible(found.value)
        return Known(value=found.value, unit=fact.unit, source=_source(found))
    return _nothing(found)


def _impossible(value: float) -> Unknown:
    return Unknown(why=f"outside what it can be: {value:g}")


def _nothing(found: NoData | NotApplicable) -> Unknown:
    if isinstance(found, NotApplicable):
        return Unknown(why=f"it has no meaning here: {found.because}", lasting=True)
    return _why(found.why, found.detail)


def _why(why: Why, detail: str) -> Unknown:
    if why is Why.TIMEOUT:
        return Unknown(why=IN_TIME)
    if why is Why.UNREACHABLE:
        return Unknown(why=_short(f"Prometheus cannot be reached: {detail}"))
    # Which names were looked for, `triaged signals` says: a headline has no room for them.
    shown = detail.partition(" of: ")[0]
    return Unknown(why=_short(f"{why.value}: {shown}"), lasting=why in LASTING)


def _short(words: str) -> str:
    return words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"


def _source(found: Reading) -> str:
    through = ", ".join(found.metrics[:2])
    return f"{through} at {found.at:%H:%M:%S}" if through else f"Prometheus at {found.at:%H:%M:%S}"


def _over(fact: Fact, found: Samples) -> str:
    first, last = found.points[0][0], found.points[-1][0]
    return f"{fact.of} from {first:%H:%M} to {last:%H:%M}"


def _hole(fact: Fact, found: Samples, at: datetime) -> Unknown | None:
    """Return that the range is not known as a whole, or None where it is.

    Prometheus answers for each step at which it knows something: a series that was born a minute
    ago says nothing of the hour before it. The newest sample must be that of `at` itself, since
    no later one shows what it would.
    """
    over = fact.over or timedelta()
    moments = [moment for moment, _ in found.points]
    apart = [after - before for before, after in pairwise((at - over, *moments))]
    enough = len(moments) >= ENOUGH * (SAMPLES + 1)
    if enough and max(apart) <= RECENT and at - moments[-1] < over / SAMPLES:
        return None
    first, last = moments[0], moments[-1]
    if first - (at - over) <= RECENT and at - last < over / SAMPLES:
        return Unknown(why=f"only {len(moments)} of {SAMPLES + 1} samples of the hour are known")
    return Unknown(why=f"only {first:%H:%M} to {last:%H:%M} of the hour is known")


def _highest(fact: Fact, found: Samples, at: datetime) -> Told:
    """Return the maximum; one that is hardly any lowers, and must be that of the whole hour."""
    value = max(value for _, value in found.points)
    if value < FLOOR and (hole := _hole(fact, found, at)):
        return hole
    return Known(value=value, unit=fact.unit, source=_over(fact, found))


def _gone(fact: Fact, found: Samples, at: datetime) -> Told:
    last, now = found.points[-1]
    if at - last > RECENT:
        return Unknown(why=f"the newest sample of {fact.of} is of {last:%H:%M:%S}")
    gone = now == 0 and any(value > 0 for _, value in found.points)
    if now > 0 and at - last >= (fact.over or timedelta()) / SAMPLES:
        return Unknown(why=f"the newest sample of {fact.of} is of {last:%H:%M:%S}")
    if now == 0 and not gone and (hole := _hole(fact, found, at)):
        return hole
    return Known(value=gone, unit=fact.unit, source=_over(fact, found))


def _rising(fact: Fact, found: Samples, _: datetime) -> Told:
    """Tell whether it rises, and goes on: a queue that came and stands does not grow."""
    middle = found.points[0][0] + (found.points[-1][0] - found.points[0][0]) / 2
    newer = replace(found, points=tuple(one for one in found.points if one[0] >= middle))
    shapes = [shape_of(found), shape_of(newer)]
    for shape in shapes:
        if isinstance(shape, CannotTell):
            return Unknown(why=f"{fact.of}: {shape.because}")
    rises = all(isinstance(shape, Rising) for shape in shapes)
    return Known(value=rises, unit=fact.unit, source=_over(fact, found))


def _idle(found: PerPod, target: Target) -> Told:
    if isinstance(found, NoData | NotApplicable):
        return _nothing(found)
    if not target.role:
        return Unknown(why="prefill and decode cannot be told apart", lasting=True)
    silent = {*target.pods} - {*found}
    if silent:
        return Unknown(why=f"{len(silent)} of {len(target.pods)} pods report nothing")
    idle = sum(1 for one in found.values() if one.value == 0)
    return Known(value=idle, unit=FACTS[IDLE].unit, source=f"running, of {len(found)} pods")


_OF_SAMPLES: Mapping[str, Callable[[Fact, Samples, datetime], Told]] = {
    "request_rate": _highest,
    "traffic_gone": _gone,
    "waiting_rising": _rising,
}
