"""kv_cache: what is wrong with the KV cache of a pool, by the complete table of verdicts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import (
    Any,
    Final,
    Protocol,
    TypeVar,
    cast,  # a step's arguments have the shapes that it declares
)

from cluster.signals.reading import NoData, NotApplicable, PerRank
from cluster.signals.together import Reads
from cluster.targets.target import Target
from runbooks.language.declaration import CheckVerb, Finding, Found, Question
from runbooks.language.shapes import Duration, Field, Record
from runbooks.verdicts.kv_cache.evidence import kept
from runbooks.verdicts.kv_cache.names import VERDICTS, WELL, WRONG, ZOMBIE_ENGINE
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.table import Judgement, judge

GROWING: Final = timedelta(minutes=5)
EARLIER: Final = timedelta(hours=1)
SUSTAINED: Final = timedelta(minutes=5)

PATIENCE: Final = timedelta(seconds=10)
"""Real time for all that the table needs; a run can wait longer than a headline, and not for ever.

It is what one request may take: a Prometheus that answers within its limits is waited for.
"""
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Of:
    """A signal, and how long ago it is asked for."""

    signal: str
    ago: timedelta = timedelta()


BY_POD: Final[Mapping[str, Of]] = {
    "kv_usage": Of("kv_usage"),
    "preemptions": Of("preemptions"),
    "running": Of("running"),
    "waiting": Of("waiting"),
    "waiting_capacity": Of("waiting_capacity"),
    "deferred": Of("waiting_deferred"),
    "deferred_before": Of("waiting_deferred", GROWING),
    "transfer_failures": Of("transfer_failures"),
    "transfers": Of("transfers"),
    "generation_tokens": Of("generation_tokens"),
    "prompt_tokens": Of("prompt_tokens"),
    "earlier": Of("running", EARLIER),
}
WHOLE: Final[Mapping[str, Of]] = {
    "expirations": Of("transfer_expirations"),
    "hit_ratio": Of("prefix_hit_ratio"),
    "baseline": Of("prefix_hit_ratio_baseline"),
    "ttft": Of("ttft_p95"),
    "ttft_before": Of("ttft_p95", EARLIER),
    "prompt_length": Of("prompt_length_p95"),
    "prompt_length_before": Of("prompt_length_p95", EARLIER),
}
PARTS: Final[Mapping[str, Of]] = {
    "blocks": Of("kv_blocks"),
    "blocks_before": Of("kv_blocks", EARLIER),
}
"""The fields of `Readings` that are read by pod, for the target as a whole, and by parts."""

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

Told_co = TypeVar("Told_co", covariant=True)
Told = TypeVar("Told")


class Ask(Protocol[Told_co]):
    """One of the ways in which the port `Signals` reads."""

    def __call__(self, name: str, target: Target, /, *, at: datetime) -> Told_co:
        """Return the signal at this moment."""


def check(question: Question) -> Finding:
    """Read what the table needs and return its verdict with every number that was read."""
    readings = read(question)
    judgement = judge(readings)
    return Finding(
        verdict=judgement.verdict,
        because=str(judgement),
        evidence=tuple(kept(readings, judgement, at=question.at)),
        found=_dead(judgement),
    )


def _dead(judgement: Judgement) -> Found:
    """Return the pod of the dead engine, the first of several."""
    dead = [pod for pod, verdict in judgement.pods if verdict == ZOMBIE_ENGINE]
    return (("pod", dead[0]),) if dead and judgement.verdict == ZOMBIE_ENGINE else ()


def read(question: Question, *, deadline: timedelta = PATIENCE) -> Readings:
    """Return what the table needs, read in parallel; what is late is no data, and says so."""
    at, target, signals = question.at, question.target, question.signals
    sustained = cast("timedelta", question.arguments["sustained"])
    reads = Reads(deadline=deadline)

    def start(ask: Ask[Told], of: Of) -> Callable[[], Told | NoData]:
        return reads.start(of.signal, lambda: ask(of.signal, target, at=at - of.ago))

    by_pod = {field: start(signals.read_by_pod, of) for field, of in BY_POD.items()}
    whole = {field: start(signals.read, of) for field, of in WHOLE.items()}
    parts = {field: start(signals.read_parts, of) for field, of in PARTS.items()}
    over = partial(signals.read_range, start=at - sustained, end=at, step=MINUTE)
    preempting = reads.start("preemptions", lambda: over("preemptions", target))
    silent = reads.start("silent_ranks", lambda: _silent(question))
    tier = [(name, start(signals.read, Of(name))) for name in SECOND_TIER]
    # Any: a field's table says which shape it has.
    found: dict[str, Any] = {name: wait() for name, wait in {**by_pod, **whole, **parts}.items()}
    return Readings(
        **found,
        pods=target.pods,
        groups=_groups(target),
        sustained=sustained,
        preempting=preempting(),
        silent=silent(),
        second_tier={name: wait() for name, wait in tier},
    )


def _silent(question: Question) -> PerRank:
    """Return the silent ranks, or the pods that have some where ranks are not told apart."""
    at, target, signals = question.at, question.target, question.signals
    found = signals.read_by_rank("silent_ranks", target, at=at)
    if not isinstance(found, NotApplicable):
        return found
    pods = signals.read_by_pod("silent_ranks", target, at=at)
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
    wrong=WRONG,
    well=WELL,
    finds={"pod": (ZOMBIE_ENGINE,)},
)
