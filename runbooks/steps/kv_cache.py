"""kv_cache: what is wrong with the KV cache of a pool, by the complete table of verdicts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, cast  # a step's arguments have the shapes that it declares

from cluster.signals.reading import NotApplicable, Observation, PerPod, PerRank
from cluster.targets.target import Target
from runbooks.language.declaration import CheckVerb, Finding, Question
from runbooks.language.shapes import Duration, Field, Record
from runbooks.verdicts.kv_cache.evidence import kept
from runbooks.verdicts.kv_cache.names import VERDICTS
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.table import judge

GROWING: Final = timedelta(minutes=5)
EARLIER: Final = timedelta(hours=1)
SUSTAINED: Final = timedelta(minutes=5)

SECOND_TIER: Final = (
    "second_tier_evictions",
    "second_tier_failures",
    "evicted_tokens",
    "recomputed_tokens",
    "block_evictions",
    "block_idle_p50",
    "index_evictions",
    "external_hit_ratio",
    "lmcache_hit_ratio",
    "transfer_notification_failures",
)
"""What decides no verdict and explains one: what is behind the GPU, and what it costs."""


def check(question: Question) -> Finding:
    """Read what the table needs and return its verdict with every number that was read."""
    readings = _read(question)
    judgement = judge(readings)
    return Finding(
        verdict=judgement.verdict,
        because=str(judgement),
        evidence=tuple(kept(readings, judgement, at=question.at)),
    )


def _read(question: Question) -> Readings:
    at, target, signals = question.at, question.target, question.signals
    sustained = cast("timedelta", question.arguments["sustained"])
    earlier = at - EARLIER
    return Readings(
        pods=target.pods,
        groups=_groups(target),
        sustained=sustained,
        kv_usage=_by_pod(question, "kv_usage", at),
        preemptions=_by_pod(question, "preemptions", at),
        preempting=signals.read_range(
            "preemptions", target, start=at - sustained, end=at, step=timedelta(minutes=1)
        ),
        running=_by_pod(question, "running", at),
        waiting=_by_pod(question, "waiting", at),
        waiting_capacity=_by_pod(question, "waiting_capacity", at),
        deferred=_by_pod(question, "waiting_deferred", at),
        deferred_before=_by_pod(question, "waiting_deferred", at - GROWING),
        silent=_silent(question),
        transfer_failures=_by_pod(question, "transfer_failures", at),
        transfers=_by_pod(question, "transfers", at),
        expirations=_value(question, "transfer_expirations", at),
        hit_ratio=_value(question, "prefix_hit_ratio", at),
        baseline=_value(question, "prefix_hit_ratio_baseline", at),
        ttft=_value(question, "ttft_p95", at),
        ttft_before=_value(question, "ttft_p95", earlier),
        generation_tokens=_by_pod(question, "generation_tokens", at),
        prompt_tokens=_by_pod(question, "prompt_tokens", at),
        earlier=_by_pod(question, "running", earlier),
        prompt_length=_value(question, "prompt_length_p95", at),
        prompt_length_before=_value(question, "prompt_length_p95", earlier),
        blocks=signals.read_parts("kv_blocks", target, at=at),
        blocks_before=signals.read_parts("kv_blocks", target, at=earlier),
        second_tier=signals.read_many(SECOND_TIER, target, at=at),
    )


def _value(question: Question, name: str, at: datetime) -> Observation:
    return question.signals.read(name, question.target, at=at)


def _by_pod(question: Question, name: str, at: datetime) -> PerPod:
    return question.signals.read_by_pod(name, question.target, at=at)


def _silent(question: Question) -> PerRank:
    """Return the silent ranks, or the pods that have some where ranks are not told apart."""
    found = question.signals.read_by_rank("silent_ranks", question.target, at=question.at)
    if not isinstance(found, NotApplicable):
        return found
    pods = _by_pod(question, "silent_ranks", question.at)
    return {(pod, ""): one for pod, one in pods.items()} if isinstance(pods, Mapping) else pods


def _groups(target: Target) -> Mapping[str, tuple[str, ...]]:
    """Return the pods of each group, those that only compute for their leader included."""
    names = sorted({member.group for member in target.members if member.group})
    return {
        name: tuple(member.name for member in target.members if member.group == name)
        for name in names
    }


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
