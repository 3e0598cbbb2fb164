"""The numbers behind a verdict about a KV cache: of the role, and of the worst pods and ranks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from cluster.signals.reading import NoData, NotApplicable, Parts, Reading, Why
from cluster.signals.signals import Samples
from incidents.events.run import Evidence
from runbooks.verdicts import evidence
from runbooks.verdicts.kv_cache.causes import blocks
from runbooks.verdicts.kv_cache.dead_engines import silent_ranks
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.table import Judgement

SHOWN: Final = 10
"""How many pods, and how many dead ranks, the evidence shows; the rest is counted."""

ROLE: Final[Mapping[str, str]] = {
    "hit_ratio": "prefix_hit_ratio",
    "baseline": "prefix_hit_ratio_baseline",
    "ttft": "ttft_p95",
    "ttft_before": "ttft_p95 an hour before",
}
CAUSES: Final[Mapping[str, str]] = {
    "expirations": "transfer_expirations",
    "prompt_length": "prompt_length_p95",
    "prompt_length_before": "prompt_length_p95 an hour before",
}
BY_POD: Final[Mapping[str, str]] = {
    "kv_usage": "kv_usage",
    "preemptions": "preemptions",
    "running": "running",
    "waiting": "waiting",
    "waiting_capacity": "waiting_capacity",
    "deferred": "waiting_deferred",
    "deferred_before": "waiting_deferred 5 min before",
    "transfers": "transfers",
    "transfer_failures": "transfer_failures",
    "generation_tokens": "generation_tokens",
    "prompt_tokens": "prompt_tokens",
}
"""The fields of the readings, and the names under which their numbers are kept."""


def kept(readings: Readings, judgement: Judgement, *, at: datetime) -> Iterator[Evidence]:
    """Yield what decided of the role, then the worst pods and the dead ranks, then the causes."""
    yield from _judged(judgement, at)
    yield _least(readings, at)
    yield from _whole(readings, ROLE, at)
    worst = [pod for pod, _ in judgement.pods[:SHOWN]]
    for name, shown in BY_POD.items():
        yield from _by_pod(getattr(readings, name), worst, name=shown, at=at)
    yield from _ranks(readings, at)
    yield from _whole(readings, CAUSES, at)
    yield _blocks(readings.blocks, name="kv_blocks at least", at=at)
    yield _blocks(readings.blocks_before, name="kv_blocks at least, an hour before", at=at)
    yield from _second_tier(readings, at)


def _whole(readings: Readings, names: Mapping[str, str], at: datetime) -> Iterator[Evidence]:
    for name, shown in names.items():
        yield evidence.one(getattr(readings, name), name=shown, at=at)


def _judged(judgement: Judgement, at: datetime) -> Iterator[Evidence]:
    """Yield how many pods have which verdict, and how many are not shown one by one."""
    for verdict, count in Counter(verdict for _, verdict in judgement.pods).items():
        yield _count(f"pods {verdict}", count, unit="pods", at=at)
    if len(judgement.pods) > SHOWN:
        yield _count("pods not shown", len(judgement.pods) - SHOWN, unit="pods", at=at)


def _least(readings: Readings, at: datetime) -> Evidence:
    """Return the lowest preemption rate of the role: how sustained it was."""
    name, found = "preemptions at least", readings.preempting
    if not isinstance(found, Samples):
        return evidence.one(found, name=name, at=at)
    at_least = min(rate for _, rate in found.points)
    plain = _count(name, at_least, unit=found.unit, at=at)
    return replace(plain, query=found.query)


def _blocks(parts: Parts, *, name: str, at: datetime) -> Evidence:
    if isinstance(parts, (NoData, NotApplicable)):
        return evidence.one(parts, name=name, at=at)
    fewest, query = blocks(parts), next(iter(parts.values())).query
    if fewest is None:
        return replace(_count(name, None, unit="", at=at), because="no engine tells", query=query)
    return replace(_count(name, fewest, unit="blocks", at=at), query=query)


def _second_tier(readings: Readings, at: datetime) -> Iterator[Evidence]:
    """Yield what was read; what an install does not have is named in one line."""
    absent = []
    for name, one in sorted(readings.second_tier.items()):
        if isinstance(one, NotApplicable) or (
            isinstance(one, NoData) and one.why is Why.NOT_SCRAPED
        ):
            absent.append(name)
        else:
            yield evidence.one(one, name=name, at=at)
    if absent:
        because = f"not scraped here: {', '.join(absent)}"
        yield replace(_count("second tier", None, unit="", at=at), because=because)


def _by_pod(
    readings: Mapping[str, Reading] | NoData | NotApplicable,
    pods: Iterable[str],
    *,
    name: str,
    at: datetime,
) -> Iterator[Evidence]:
    if isinstance(readings, (NoData, NotApplicable)):
        yield evidence.one(readings, name=name, at=at)
        return
    for pod in pods:
        if pod in readings:
            yield evidence.one(readings[pod], name=name, at=at, pod=pod)
        else:
            nothing = replace(_count(name, None, unit="", at=at), because="nothing from it")
            yield replace(nothing, pod=pod)


def _ranks(readings: Readings, at: datetime) -> Iterator[Evidence]:
    if isinstance(readings.silent, (NoData, NotApplicable)):
        yield evidence.one(readings.silent, name="silent_ranks", at=at)
        return
    silent = silent_ranks(readings)
    query = next(iter(readings.silent.values())).query
    yield replace(_count("silent_ranks", len(silent), unit="ranks", at=at), query=query)
    for pod, engine in silent[:SHOWN]:
        where = f"{pod} rank {engine}" if engine else pod
        yield evidence.one(readings.silent[pod, engine], name="silent rank", at=at, pod=where)


def _count(name: str, value: float | None, *, unit: str, at: datetime) -> Evidence:
    known = None if value is None else float(value)
    return Evidence(name=name, value=known, unit=unit, because=None, query="", at=at)
