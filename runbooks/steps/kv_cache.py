"""kv_cache: what is wrong with the KV cache of a pool, by the complete table of verdicts."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import cast  # a step's arguments have the shapes that it declares

from cluster.signals.reading import Observation
from cluster.signals.signals import Samples
from incidents.events.run import Evidence
from runbooks.language.declaration import CheckVerb, Finding, Question
from runbooks.language.shapes import Duration, Field, Record
from runbooks.verdicts import evidence
from runbooks.verdicts.kv_cache import VERDICTS, Readings, judge

GROWING = timedelta(minutes=5)
EARLIER = timedelta(hours=1)
SUSTAINED = timedelta(minutes=5)


def check(question: Question) -> Finding:
    """Read what the table needs and return its verdict with every number that was read."""
    readings = _read(question)
    judgement = judge(readings)
    return Finding(
        verdict=judgement.verdict,
        because=str(judgement),
        evidence=tuple(_evidence(readings, question.at)),
    )


def _read(question: Question) -> Readings:
    at, target, signals = question.at, question.target, question.signals
    sustained = cast("timedelta", question.arguments["sustained"])
    by_pod = {name: signals.read_by_pod(name, target, at=at) for name in _BY_POD}
    return Readings(
        **by_pod,
        pods=target.pods,
        sustained=sustained,
        preempting=signals.read_range(
            "preemptions", target, start=at - sustained, end=at, step=timedelta(minutes=1)
        ),
        deferred=_value(question, "waiting_deferred", at),
        deferred_before=_value(question, "waiting_deferred", at - GROWING),
        transfers=_value(question, "transfers", at),
        hit_ratio=_value(question, "prefix_hit_ratio", at),
        baseline=_value(question, "prefix_hit_ratio_baseline", at),
        ttft=_value(question, "ttft_p95", at),
        ttft_before=_value(question, "ttft_p95", at - EARLIER),
    )


def _value(question: Question, name: str, at: datetime) -> Observation:
    return question.signals.read(name, question.target, at=at)


def _evidence(readings: Readings, at: datetime) -> Iterable[Evidence]:
    for name in _BY_POD:
        yield from evidence.many(getattr(readings, name), name=name, at=at)
    for name in _WHOLE:
        yield evidence.one(getattr(readings, name), name=_WHOLE[name], at=at)
    if isinstance(readings.preempting, Samples):
        lowest = min(rate for _, rate in readings.preempting.points)
        yield Evidence(
            name="preemptions at least",
            value=lowest,
            unit=readings.preempting.unit,
            because=None,
            query=readings.preempting.query,
            at=at,
        )
    else:
        yield evidence.one(readings.preempting, name="preemptions at least", at=at)


_WHOLE: Mapping[str, str] = {
    "deferred": "waiting_deferred",
    "deferred_before": "waiting_deferred 5 min before",
    "transfers": "transfers",
    "hit_ratio": "prefix_hit_ratio",
    "baseline": "prefix_hit_ratio_baseline",
    "ttft": "ttft_p95",
    "ttft_before": "ttft_p95 an hour before",
}

_OTHER = frozenset({*_WHOLE, "pods", "sustained", "preempting"})
_BY_POD: tuple[str, ...] = tuple(f.name for f in fields(Readings) if f.name not in _OTHER)
"""The fields of Readings that hold a signal of the same name by pod."""

STEP = CheckVerb(
    name="kv_cache",
    meaning="Tell what is wrong with the KV cache",
    fields=Record(
        fields={
            "sustained": Field(
                shape=Duration(minimum=timedelta(minutes=1), maximum=timedelta(hours=1)),
                default=SUSTAINED,
                by_reference=True,
                meaning="How long preemptions must have gone on to count",
            ),
        }
    ),
    verdicts=VERDICTS,
    judge=check,
)
