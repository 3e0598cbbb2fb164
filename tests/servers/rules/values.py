"""The value of every recording, from the series beside it, with all rows that it then has."""

from collections.abc import Iterator, Mapping

from cluster.rules.proving import MODEL, NAMESPACE, engine, growing
from cluster.signals.catalogue import SIGNALS
from cluster.signals.formulas import Gauge, Quantile, Rate
from cluster.signals.series import Formula, Scope
from tests.servers.rules.shown import ENGINE, PLACE, POOL, SECONDS, Value, histogram, value
from tests.servers.rules.values_counts import COUNTS, MACHINES
from tests.servers.rules.values_ratios import RATIOS
from tests.servers.rules.values_requests import FOUNDATION, REQUESTS


def quantiles() -> Iterator[Value]:
    """Yield the value of every quantile of every histogram, under each of its names."""
    for signal in SIGNALS.values():
        for way in signal.ways:
            if isinstance(way, Quantile):
                (bucket,) = way.metric.names
                labels, found = _places(way)
                shown = histogram(bucket, {**labels, **_asked(way)})
                yield value(signal.name, shown, (found, SECONDS[way.quantile]))


def engines() -> Iterator[Value]:
    """Yield the value of every gauge and counter of an engine, under each of its names.

    Each grows by one a second, and is 900 after a quarter of an hour.
    """
    for signal in SIGNALS.values():
        for way in signal.ways:
            if not isinstance(way, Gauge | Rate) or signal.breakdown or not _of_engine(way):
                continue
            for name in way.metric.names:
                late = isinstance(way, Gauge) and way.over is not None
                shown = {engine(name, **_asked(way)): growing(60, 150)}
                yield value(signal.name, shown, (ENGINE, _grown(way)), at=150 if late else 15)


def _grown(way: Gauge | Rate) -> float:
    if isinstance(way, Rate):
        return 1 if way.per_second else way.window.total_seconds()
    # The mean of the hour that ended an hour before: from the 30th minute to the 90th.
    return 900 * way.times if way.over is None else 3600 * way.times


def _of_engine(way: Formula) -> bool:
    return way.terms[0].metric.names[0].startswith(("vllm:", "sglang", "trtllm_", "lmcache:"))


def _asked(way: Gauge | Rate | Quantile) -> dict[str, str]:
    return {one.label: one.value for one in way.metric.matchers}


def _places(way: Formula) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return labels of a series that the way reads, and those of the row that comes of it."""
    if _of_engine(way):
        return {**MODEL, "job": f"{NAMESPACE}/decode", "pod": "decode-0", "engine": "0"}, ENGINE
    if way.scope is Scope.QUEUE:
        return {**PLACE, "inference_pool": "llama"}, POOL
    return {**MODEL, "job": "epp"}, MODEL


VALUES = (
    *FOUNDATION,
    *REQUESTS,
    *RATIOS,
    *COUNTS,
    *MACHINES,
    *quantiles(),
    *engines(),
)
