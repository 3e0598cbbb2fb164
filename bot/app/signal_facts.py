"""Facts from signals: what was read as a fact, or in words why there is none."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from cluster.signals.reading import NoData, NotApplicable, Observation, PerPod, Reading, Why
from cluster.signals.signals import DEADLINE, Samples, Signals
from cluster.signals.together import Late
from cluster.signals.trend import CannotTell, Rising, shape_of
from cluster.targets.target import Target
from incidents.facts import FACTS, Fact, Known, Origin, Unknown

SAMPLES: Final = 60
"""How many samples a range is asked for in."""
RECENT: Final = timedelta(minutes=5)
"""An end of the samples that is older says nothing of now."""
SHOWN: Final = 160
IDLE: Final = "idle_replicas"
LASTING: Final = frozenset({Why.NOT_SCRAPED, Why.EMPTY})
IN_TIME: Final = f"Prometheus did not answer within {DEADLINE.total_seconds():g} s"

Told = Known | Unknown
Answer = Observation | Samples | PerPod


def whole(names: Mapping[str, None]) -> tuple[str, ...]:
    """Return the signals that are to be read at the moment, for these facts."""
    found = [FACTS[name] for name in names]
    return tuple(one.of for one in found if one.origin is Origin.SIGNAL and one.over is None)


def others(
    names: Mapping[str, None], signals: Signals, target: Target, at: datetime
) -> Mapping[str, Callable[[], Answer]]:
    """Return how to read what is no number at the moment, by the name of the fact."""
    ranges = [FACTS[name] for name in names if FACTS[name].over is not None]
    found: dict[str, Callable[[], Answer]] = {
        one.name: _ranged(one, signals, target, at) for one in ranges
    }
    if IDLE in names:
        found[IDLE] = lambda: signals.read_by_pod("running", target, at=at)
    return found


def told(fact: Fact, found: Answer | Late, target: Target, at: datetime) -> Told:
    """Return what an answer says of the fact."""
    match found:
        case Late():
            return Unknown(why=IN_TIME)
        case NoData() | NotApplicable():
            return _nothing(found)
        case Reading():
            return Known(value=found.value, unit=fact.unit, source=_source(found))
        case Samples():
            return _OF_SAMPLES[fact.name](fact, found, at)
        case _:
            return _idle(fact, found, target)


def _ranged(fact: Fact, signals: Signals, target: Target, at: datetime) -> Callable[[], Answer]:
    over = fact.over or timedelta()

    def read() -> Answer:
        return signals.read_range(fact.of, target, start=at - over, end=at, step=over / SAMPLES)

    return read


def _nothing(found: NoData | NotApplicable) -> Unknown:
    if isinstance(found, NotApplicable):
        return Unknown(why=f"it has no meaning here: {found.because}", lasting=True)
    if found.why is Why.TIMEOUT:
        return Unknown(why=IN_TIME)
    if found.why is Why.UNREACHABLE:
        return Unknown(why=_short(f"Prometheus cannot be reached: {found.detail}"))
    return Unknown(why=_short(f"{found.why.value}: {found.detail}"), lasting=found.why in LASTING)


def _short(words: str) -> str:
    return words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"


def _source(found: Reading) -> str:
    through = ", ".join(found.metrics[:2])
    return f"{through} at {found.at:%H:%M:%S}" if through else f"Prometheus at {found.at:%H:%M:%S}"


def _over(fact: Fact, found: Samples) -> str:
    first, last = found.points[0][0], found.points[-1][0]
    return f"{fact.of} from {first:%H:%M} to {last:%H:%M}"


def _highest(fact: Fact, found: Samples, _: datetime) -> Told:
    value = max(value for _, value in found.points)
    return Known(value=value, unit=fact.unit, source=_over(fact, found))


def _gone(fact: Fact, found: Samples, at: datetime) -> Told:
    last, now = found.points[-1]
    if at - last > RECENT:
        return Unknown(why=f"the newest sample of {fact.of} is of {last:%H:%M:%S}")
    gone = now == 0 and any(value > 0 for _, value in found.points)
    return Known(value=gone, unit=fact.unit, source=_over(fact, found))


def _rising(fact: Fact, found: Samples, _: datetime) -> Told:
    shape = shape_of(found)
    if isinstance(shape, CannotTell):
        return Unknown(why=f"{fact.of}: {shape.because}")
    return Known(value=isinstance(shape, Rising), unit=fact.unit, source=_over(fact, found))


def _idle(fact: Fact, found: Mapping[str, Reading], target: Target) -> Told:
    silent = sorted({*target.pods} - {*found})
    if silent:
        return Unknown(why=f"{len(silent)} of {len(target.pods)} pods report nothing")
    idle = sum(1 for one in found.values() if one.value == 0)
    return Known(value=idle, unit=fact.unit, source=f"running, of {len(found)} pods")


_OF_SAMPLES: Mapping[str, Callable[[Fact, Samples, datetime], Told]] = {
    "request_rate": _highest,
    "traffic_gone": _gone,
    "waiting_rising": _rising,
}
