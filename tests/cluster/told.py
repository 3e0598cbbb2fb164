"""What was observed, taken apart: a test says what it expects, and fails on the other kind."""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from cluster.signals.answers import Prometheus
from cluster.signals.reading import NoData, NotApplicable, PerPod, Reading, Why

AA, BB = {"pod": "decode-5d8f-aa"}, {"pod": "decode-5d8f-bb"}
EPP = {"pod": "epp-1", "model_name": "llama-3-70b"}
MINUTE = timedelta(minutes=1)
Scrape = Callable[..., None]


class Asked(Prometheus, Protocol):
    """The stand-in, which notes what it was asked."""

    asked: list[str]


def values(readings: PerPod) -> dict[str, float]:
    """Return the values by pod."""
    assert not isinstance(readings, NoData | NotApplicable), readings
    return {pod: reading.value for pod, reading in readings.items()}


def why(observed: object) -> Why:
    """Return why there is no data."""
    assert isinstance(observed, NoData), observed
    return observed.why


def value(observed: object) -> float:
    """Return the number that was read."""
    assert isinstance(observed, Reading), observed
    return observed.value
