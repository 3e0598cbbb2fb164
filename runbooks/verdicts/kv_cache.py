"""What is wrong with a KV cache: eight verdicts, judged in this order and never by zero for none.

The order matters. A dead engine keeps any usage, and vLLM reserves blocks before a transfer, so
that a stalled transfer fills the cache: both look like exhaustion and are judged before it.
Thresholds: vLLM preempts when blocks run out (docs/design/metrics.md of vLLM); 0.90 is where
llm-d's own rules begin to warn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cluster.signals.reading import NoData, NotApplicable, Observation, PerPod
from cluster.signals.signals import Samples
from runbooks.verdicts.evidence import why
from runbooks.verdicts.pods import Pool, number, pool

CANNOT_TELL = "cannot_tell"
ZOMBIE_ENGINE = "zombie_engine"
TRANSFER_STALLED = "transfer_stalled"
EXHAUSTED = "exhausted"
SATURATED = "saturated"
PREFIX_THRASH = "prefix_thrash"
BUSY_BUT_HEALTHY = "busy_but_healthy"
HEALTHY = "healthy"

VERDICTS = (
    CANNOT_TELL,
    ZOMBIE_ENGINE,
    TRANSFER_STALLED,
    EXHAUSTED,
    SATURATED,
    PREFIX_THRASH,
    BUSY_BUT_HEALTHY,
    HEALTHY,
)

FULL = 0.90
LOST = 0.5
LOWERED = 0.8
SLOWER = 1.2
"""Time to first token counts as up above this multiple of what it was an hour ago."""

FULLEST = 1.0001
"""Shares are read as ratios; vLLM may round a full cache to a little more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What the table judges: by pod where a single pod matters, else for the whole target.

    `preempting` is the preemption rate over the last `sustained`; `deferred_before` and
    `ttft_before` are from before the alert, to tell what grows.
    """

    pods: tuple[str, ...]
    sustained: timedelta
    kv_usage: PerPod
    preemptions: PerPod
    preempting: Samples | NoData | NotApplicable
    running: PerPod
    waiting: PerPod
    waiting_capacity: PerPod
    deferred: Observation
    deferred_before: Observation
    generation_tokens: PerPod
    prompt_tokens: PerPod
    silent_ranks: PerPod
    transfer_failures: PerPod
    transfers: Observation
    hit_ratio: Observation
    baseline: Observation
    ttft: Observation
    ttft_before: Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict, why, and which rows before it could not be judged."""

    verdict: str
    because: str
    skipped: tuple[str, ...] = ()

    def __str__(self) -> str:
        skipped = f"; not judged: {'; '.join(self.skipped)}" if self.skipped else ""
        return f"{self.because}{skipped}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row judged: it fits, it does not, or `missing` says why nobody knows.

    `needed`: a pool is only called healthy when this row was judged.
    """

    verdict: str
    fits: str = ""
    missing: str = ""
    needed: bool = False


def judge(readings: Readings) -> Judgement:
    """Return the first verdict that fits; rows that could not be judged are named."""
    skipped: list[_Row] = []
    for row in (row(readings) for row in _ROWS):
        undecided = [one for one in skipped if one.needed]
        if row.fits and row.verdict in {BUSY_BUT_HEALTHY, HEALTHY} and undecided:
            break
        if row.fits:
            return Judgement(verdict=row.verdict, because=row.fits, skipped=_names(skipped))
        if row.missing:
            skipped.append(row)
    needed = [one for one in skipped if one.needed]
    because = "; ".join(dict.fromkeys(one.missing for one in needed))
    return Judgement(verdict=CANNOT_TELL, because=because, skipped=_names(skipped))


def _names(rows: Sequence[_Row]) -> tuple[str, ...]:
    return tuple(f"{row.verdict} ({row.missing})" for row in rows)


def _zombie_engine(readings: Readings) -> _Row:
    silent = pool(readings.silent_ranks, readings.pods, signal="silent_ranks")
    dead = silent.where(lambda ranks: ranks > 0)
    if not dead and silent.missing:
        dead = _silent_pods(readings)
    if dead:
        fits = f"work and not one token for three minutes on {_of(dead, readings)}"
        return _Row(verdict=ZOMBIE_ENGINE, fits=fits)
    if not silent.missing:
        return _Row(verdict=ZOMBIE_ENGINE)
    missing = _missing(_work(readings))
    return _Row(verdict=ZOMBIE_ENGINE, missing=missing, needed=True)


def _silent_pods(readings: Readings) -> tuple[str, ...]:
    running, waiting, generated, prompted = _work(readings)
    return tuple(
        pod
        for pod in readings.pods
        if running.values.get(pod, 0) + waiting.values.get(pod, 0) > 0
        and generated.values.get(pod) == 0
        and prompted.values.get(pod) == 0
    )


def _work(readings: Readings) -> tuple[Pool, Pool, Pool, Pool]:
    pods = readings.pods
    return (
        pool(readings.running, pods, signal="running"),
        pool(readings.waiting, pods, signal="waiting"),
        pool(readings.generation_tokens, pods, signal="generation_tokens"),
        pool(readings.prompt_tokens, pods, signal="prompt_tokens"),
    )


def _transfer_stalled(readings: Readings) -> _Row:
    if isinstance(readings.transfer_failures, NotApplicable):
        return _Row(verdict=TRANSFER_STALLED)  # without prefill pods nothing is transferred
    failing = pool(readings.transfer_failures, readings.pods, signal="transfer_failures")
    where = failing.where(lambda rate: rate > 0)
    if where:
        fits = f"{failing.total:.2g} KV transfers/s fail on {_of(where, readings)}"
        return _Row(verdict=TRANSFER_STALLED, fits=fits)
    grown = _deferred_growth(readings)
    transfers = number(readings.transfers)
    if grown is not None and grown > 0 and transfers == 0:
        fits = f"{grown:g} more requests wait for a KV transfer, and none takes place"
        return _Row(verdict=TRANSFER_STALLED, fits=fits)
    missing = [failing.missing]
    # Deferred waiting alone is no proof: grammars and streaming input are counted there too.
    if grown is None or (grown > 0 and transfers is None):
        missing.append(_reasons(readings.deferred, readings.deferred_before, readings.transfers))
    return _Row(verdict=TRANSFER_STALLED, missing="; ".join(part for part in missing if part))


def _deferred_growth(readings: Readings) -> float | None:
    now, before = number(readings.deferred), number(readings.deferred_before)
    return None if now is None or before is None else now - before


def _exhausted(readings: Readings) -> _Row:
    preemptions = _preemptions(readings)
    where = preemptions.where(lambda rate: rate > 0)
    if not where:
        return _Row(verdict=EXHAUSTED, missing=preemptions.missing, needed=True)
    if not isinstance(readings.preempting, Samples):
        missing = f"preemptions over {_minutes(readings)}: {why(readings.preempting)}"
        return _Row(verdict=EXHAUSTED, missing=missing, needed=True)
    if not _sustained(readings.preempting):
        return _Row(verdict=EXHAUSTED)
    usage = pool(readings.kv_usage, readings.pods, signal="kv_usage", highest=FULLEST)
    words = [
        f"{preemptions.total:.2g} preemptions/s for {_minutes(readings)} on {_of(where, readings)}",
        f"KV usage {usage.worst:.2f}" if usage.values else "KV usage unknown",
    ]
    if len(where) == 1 and len(readings.pods) > 1 and not preemptions.missing:
        words.append("one hot pod: see also routing (RB-17)")
    return _Row(verdict=EXHAUSTED, fits=", ".join(words))


def _sustained(preempting: Samples) -> bool:
    return all(rate > 0 for _, rate in preempting.points)


def _saturated(readings: Readings) -> _Row:
    usage = pool(readings.kv_usage, readings.pods, signal="kv_usage", highest=FULLEST)
    waiting = _waiting_for_capacity(readings)
    preemptions = _preemptions(readings)
    full, queued = usage.where(lambda share: share >= FULL), waiting.where(lambda n: n > 0)
    if full and queued and not preemptions.missing:
        fits = (
            f"KV usage {usage.worst:.2f} on {_of(full, readings)},"
            f" {waiting.total:g} requests wait for capacity, {_no_storm(preemptions, readings)}"
        )
        return _Row(verdict=SATURATED, fits=fits)
    if usage.known_nowhere(lambda share: share >= FULL) or waiting.known_nowhere(lambda n: n > 0):
        return _Row(verdict=SATURATED)
    missing = _missing((usage, waiting, preemptions))
    return _Row(verdict=SATURATED, missing=missing, needed=True)


def _waiting_for_capacity(readings: Readings) -> Pool:
    capacity = pool(readings.waiting_capacity, readings.pods, signal="waiting_capacity")
    if capacity.values:
        return capacity
    # Older engines do not give the reason; all that waits counts.
    return pool(readings.waiting, readings.pods, signal="waiting")


def _prefix_thrash(readings: Readings) -> _Row:
    ratio, baseline = _share(readings)
    if ratio is None or not baseline:
        return _Row(verdict=PREFIX_THRASH, missing=_reasons(readings.hit_ratio, readings.baseline))
    words = f"prefix hit ratio {ratio:.2f}, {ratio / baseline:.2f} of the hour before"
    if ratio < LOST * baseline:
        return _Row(verdict=PREFIX_THRASH, fits=words)
    now, before = number(readings.ttft), number(readings.ttft_before)
    if ratio >= LOWERED * baseline:
        return _Row(verdict=PREFIX_THRASH)
    if now is None or not before:
        missing = _reasons(readings.ttft, readings.ttft_before)
        return _Row(verdict=PREFIX_THRASH, missing=missing)
    if now > SLOWER * before:
        slower = f"time to first token up from {before:.2g} to {now:.2g} s"
        return _Row(verdict=PREFIX_THRASH, fits=f"{words}, {slower}")
    return _Row(verdict=PREFIX_THRASH)


def _busy_but_healthy(readings: Readings) -> _Row:
    usage = pool(readings.kv_usage, readings.pods, signal="kv_usage", highest=FULLEST)
    full = usage.where(lambda share: share >= FULL)
    waiting = _waiting_for_capacity(readings)
    if not full or not waiting.known_nowhere(lambda n: n > 0):
        return _Row(verdict=BUSY_BUT_HEALTHY)
    ratio, baseline = _share(readings)
    if ratio is not None and baseline and ratio < LOWERED * baseline:
        return _Row(verdict=BUSY_BUT_HEALTHY)
    storm = _no_storm(_preemptions(readings), readings)
    fits = f"KV usage {usage.worst:.2f} on {_of(full, readings)}, nothing waits, {storm}"
    return _Row(verdict=BUSY_BUT_HEALTHY, fits=fits)


def _healthy(readings: Readings) -> _Row:
    usage = pool(readings.kv_usage, readings.pods, signal="kv_usage", highest=FULLEST)
    if usage.missing:
        return _Row(verdict=HEALTHY, missing=usage.missing, needed=True)
    storm = _no_storm(_preemptions(readings), readings)
    return _Row(verdict=HEALTHY, fits=f"KV usage {usage.worst:.2f}, {storm}")


def _preemptions(readings: Readings) -> Pool:
    return pool(readings.preemptions, readings.pods, signal="preemptions")


def _no_storm(preemptions: Pool, readings: Readings) -> str:
    if preemptions.total > 0:
        return f"{preemptions.total:.2g} preemptions/s, not yet for {_minutes(readings)}"
    return "no preemptions"


def _share(readings: Readings) -> tuple[float | None, float | None]:
    return number(readings.hit_ratio, highest=FULLEST), number(readings.baseline, highest=FULLEST)


def _minutes(readings: Readings) -> str:
    return f"{readings.sustained.total_seconds() / 60:g} min"


def _of(pods: Sequence[str], readings: Readings) -> str:
    return f"{len(pods)} of {len(readings.pods)} pods"


def _missing(pools: Sequence[Pool]) -> str:
    return "; ".join(one.missing for one in pools if one.missing)


def _reasons(*observations: Observation) -> str:
    missing = [one for one in observations if isinstance(one, (NoData, NotApplicable))]
    return "; ".join(f"{one.signal}: {why(one)}" for one in missing) or "no number to compare with"


_ROWS: Sequence[Callable[[Readings], _Row]] = (
    _zombie_engine,
    _transfer_stalled,
    _exhausted,
    _saturated,
    _prefix_thrash,
    _busy_but_healthy,
    _healthy,
)
