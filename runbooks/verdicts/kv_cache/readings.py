"""What the table about a KV cache judges: what was read of the pods, the ranks and the role."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Final

from cluster.signals.reading import NoData, NotApplicable, Observation, Parts, PerPod, PerRank
from cluster.signals.signals import Samples
from runbooks.verdicts.known import Known, every, some
from runbooks.verdicts.pods import Pool, number, pool

FULL: Final = 0.90
"""From this share on a cache is full; llm-d's own rules begin to warn here."""

FULLEST: Final = 1.0001
"""Shares are read as ratios; vLLM may round a full cache to a little more than one."""

JUDGED: Final[Mapping[str, str]] = {
    "kv_usage": "kv_usage",
    "preemptions": "preemptions",
    "running": "running",
    "waiting": "waiting",
    "waiting_capacity": "waiting_capacity",
    "deferred": "waiting_deferred",
    "deferred_before": "waiting_deferred before",
    "transfer_failures": "transfer_failures",
    "transfers": "transfers",
}
"""The fields by pod that a row looks at, and what they are called in words."""

_HIGHEST: Final[Mapping[str, float]] = {"kv_usage": FULLEST}
_ANY: Final = float("inf")


# Without slots: what is asked of every pod of hundreds is put together once.
@dataclass(frozen=True, kw_only=True)
class Readings:
    """What was read, at one moment unless a name says otherwise.

    `groups` are the pods of each LeaderWorkerSet group, by its name; pods in none stand alone.
    `silent` are the silent engines by rank; the engine's name is empty where ranks are not told
    apart. `preempting` is the preemption rate of the role over the last `sustained`;
    `deferred_before` is from minutes before, to tell what grows, and what ends in `_before`
    otherwise is from an hour before. `earlier` tells which of the pods ran an hour ago. What
    follows `ttft_before` decides no verdict: it says of what, and at what price.
    """

    pods: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sustained: timedelta
    kv_usage: PerPod
    preemptions: PerPod
    preempting: Samples | NoData | NotApplicable
    running: PerPod
    waiting: PerPod
    waiting_capacity: PerPod
    deferred: PerPod
    deferred_before: PerPod
    silent: PerRank
    transfer_failures: PerPod
    transfers: PerPod
    expirations: Observation
    hit_ratio: Observation
    baseline: Observation
    ttft: Observation
    ttft_before: Observation
    generation_tokens: PerPod
    prompt_tokens: PerPod
    earlier: PerPod
    prompt_length: Observation
    prompt_length_before: Observation
    blocks: Parts
    blocks_before: Parts
    second_tier: Mapping[str, Observation] = field(default_factory=dict)

    @cached_property
    def pools(self) -> Mapping[str, Pool]:
        """Return the fields by pod that are judged, over the pods of the target."""
        pods = frozenset(self.pods)
        return {
            name: pool(getattr(self, name), pods, signal=signal, highest=_HIGHEST.get(name, _ANY))
            for name, signal in JUDGED.items()
        }

    @property
    def usage(self) -> Pool:
        """Return the KV usage."""
        return self.pools["kv_usage"]

    def full(self, pod: str) -> Known:
        """Return whether the pod's cache is full."""
        return self.usage.holds(pod, lambda share: share >= FULL)

    def queued(self, pod: str) -> Known:
        """Return whether requests wait for capacity on the pod.

        Older engines do not give the reason; there all that waits counts. A reason that is given
        and was not read may be another one.
        """
        reasons = self.pools["waiting_capacity"]
        capacity = reasons.holds(pod, lambda n: n > 0)
        if capacity is not None:
            return capacity
        waiting = self.pools["waiting"].holds(pod, lambda n: n > 0)
        unread = reasons.exists and not reasons.values
        return None if waiting and unread else waiting

    @property
    def waiting_for_capacity(self) -> float:
        """Return how many requests wait for capacity, as far as it was read."""
        capacity = self.pools["waiting_capacity"].values
        waiting = self.pools["waiting"].values
        return sum(({**waiting, **capacity}).values())

    def preempted(self, pod: str) -> Known:
        """Return whether the pod preempts requests now."""
        return self.pools["preemptions"].holds(pod, lambda rate: rate > 0)

    @cached_property
    def storm(self) -> Known:
        """Return whether the role has preempted all the while; half of the samples are needed."""
        if not isinstance(self.preempting, Samples):
            return None
        rates = [rate for _, rate in self.preempting.points]
        wanted = self.sustained / timedelta(minutes=1) + 1
        return every((*_positive(rates), True if len(rates) >= wanted / 2 else None))

    @property
    def share(self) -> tuple[float | None, float | None]:
        """Return the prefix hit ratio and its baseline; no share is above one."""
        found = (number(one, highest=FULLEST) for one in (self.hit_ratio, self.baseline))
        ratio, baseline = (None if one is None else min(one, 1.0) for one in found)
        return ratio, baseline

    @cached_property
    def anywhere_preempted(self) -> Known:
        """Return whether one of the pods preempts requests now."""
        return some(map(self.preempted, self.pods))

    @property
    def minutes(self) -> str:
        """Return in words how long preemptions must have gone on."""
        return f"{self.sustained.total_seconds() / 60:g} min"

    def of(self, pods: tuple[str, ...]) -> str:
        """Return in words how many of the pods these are."""
        return f"{len(pods)} of {len(self.pods)} pods"


def _positive(rates: list[float]) -> tuple[Known, ...]:
    """Return of each rate whether it is above zero; what can be no rate is not known."""
    return tuple(rate > 0 if 0 <= rate < float("inf") else None for rate in rates)
