"""Observations as the numbers that a run keeps."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cluster.signals.reading import NoData, NotApplicable, Observation, PerPod, Reading, Why
from cluster.signals.signals import Samples
from incidents.events.run import Evidence

ABSENT: Final = frozenset({Why.NOT_SCRAPED, Why.EMPTY, Why.NOT_A_NUMBER})
"""Prometheus answered, and there is no such number here; every other reason may hide one."""


def one(observation: Observation, *, name: str, at: datetime, pod: str | None = None) -> Evidence:
    """Return an observation as evidence; what was not read keeps its reason."""
    match observation:
        case Reading():
            return Evidence(
                name=name,
                value=observation.value,
                unit=observation.unit,
                because=None,
                query=observation.query,
                at=observation.at,
                pod=pod,
            )
        case NoData():
            return _nothing(name, why(observation), observation.query, at)
        case NotApplicable():
            return _nothing(name, why(observation), "", at)


def many(readings: PerPod, *, name: str, at: datetime) -> Iterable[Evidence]:
    """Return one piece of evidence per pod, or one that says why there is none."""
    if isinstance(readings, (NoData, NotApplicable)):
        return (one(readings, name=name, at=at),)
    return tuple(one(r, name=name, at=at, pod=pod) for pod, r in sorted(readings.items()))


def mean(samples: Samples | NoData | NotApplicable, *, at: datetime, fewest: int) -> Observation:
    """Return the mean over a range; fewer samples than `fewest` are no data."""
    if not isinstance(samples, Samples):
        return samples
    values = [value for _, value in samples.points]
    if len(values) < fewest:
        return too_few(samples, fewest)
    return Reading(
        signal=samples.signal,
        value=sum(values) / len(values),
        unit=samples.unit,
        at=at,
        query=samples.query,
    )


def why(missing: NoData | NotApplicable) -> str:
    """Return in words why there is no reading."""
    if isinstance(missing, NotApplicable):
        return f"does not apply: {missing.because}"
    return f"no data: {missing.why.value}" + (f" ({missing.detail})" if missing.detail else "")


def exists(observation: object) -> bool:
    """Tell whether there is such a number here, whether it was read or not."""
    if isinstance(observation, NoData):
        return observation.why not in ABSENT
    return not isinstance(observation, NotApplicable)


def too_few(samples: Samples, fewest: int) -> NoData:
    """Return that a range holds too few samples to judge."""
    detail = f"{len(samples.points)} samples, {fewest} are needed"
    return NoData(signal=samples.signal, why=Why.PARTIAL, detail=detail, query=samples.query)


def _nothing(name: str, because: str, query: str, at: datetime) -> Evidence:
    return Evidence(name=name, value=None, unit="", because=because, query=query, at=at)
