"""exhausted and saturated: the KV blocks of running requests do not suffice.

vLLM preempts when blocks run out and computes the request again from its first token (vLLM's
docs/design/metrics.md); SGLang calls it a retraction. Where admission holds back in time, requests
wait instead.
"""

from typing import Final

from cluster.signals.reading import Observation
from runbooks.verdicts.known import Known, every, opposite, some
from runbooks.verdicts.kv_cache.causes import cause
from runbooks.verdicts.kv_cache.names import EXHAUSTED, SATURATED
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.row import Diagnosis, Row, absent, holding, needed
from runbooks.verdicts.pods import number

STARVED: Final = "RB-10"
TIER: Final[tuple[tuple[str, str], ...]] = (
    ("second_tier_evictions", "{:.3g} keys/s leave the second tier"),
    ("second_tier_failures", "{:.3g} evictions/s of the second tier fail"),
    ("evicted_tokens", "{:.3g} tokens/s are evicted"),
    ("recomputed_tokens", "{:.3g} prompt tokens/s are computed again"),
)
"""What the second tier and the price look like in words, by signal."""


def exhausted(readings: Readings) -> Row:
    """Judge the row: the role preempts all the while; usage is a number beside it."""
    pods = {pod: _exhausted(readings, pod) for pod in readings.pods}
    # A storm of the role goes on somewhere, although the pods that report may not be the ones.
    unseen = readings.storm is True and readings.anywhere_preempted is None
    preemptions, usage = readings.pools["preemptions"], readings.usage
    where = readings.of(holding(pods)) if holding(pods) else "pods that do not report"
    rate = f"{preemptions.total:.3g} preemptions/s" if preemptions.values else "preemptions"
    return Row(
        verdict=EXHAUSTED,
        holds=unseen or every((readings.anywhere_preempted, readings.storm)),
        pods=pods,
        diagnosis=cause(readings),
        words=", ".join(
            (
                f"{rate} for {readings.minutes} on {where}",
                f"KV usage {usage.worst:.2f}" if usage.values else "KV usage unknown",
                *tier(readings),
            )
        ),
        gaps=needed(preemptions.missing, *_history(readings)),
    )


def saturated(readings: Readings) -> Row:
    """Judge the row: a full cache, and requests that wait for capacity instead of being preempted.

    A burst of preemptions that has just begun is not yet exhaustion, and told beside.
    """
    held = {pod: every((readings.full(pod), calm(readings, pod))) for pod in readings.pods}
    queued = {pod: readings.queued(pod) for pod in readings.pods}
    usage = readings.usage
    return Row(
        verdict=SATURATED,
        holds=every((some(held.values()), some(queued.values()))),
        pods={pod: every((held[pod], queued[pod])) for pod in readings.pods},
        diagnosis=Diagnosis(mode=STARVED),
        words=", ".join(
            (
                f"KV usage {usage.worst:.2f} on {readings.of(holding(held))}",
                _queue(readings, holding(queued)),
                burst(readings),
                *tier(readings),
            )
        ),
        gaps=needed(
            usage.missing,
            *(_queue_unknown(readings) if None in queued.values() else ()),
            readings.pools["preemptions"].missing,
            *_history(readings),
        ),
    )


def calm(readings: Readings, pod: str) -> Known:
    """Return whether the pod is known not to preempt all the while."""
    return opposite(_exhausted(readings, pod))


def burst(readings: Readings) -> str:
    """Return in words what preempts without being a storm."""
    rate = readings.pools["preemptions"].total
    return f"{rate:.3g} preemptions/s, not yet for {readings.minutes}" if rate else "no preemptions"


def tier(readings: Readings) -> tuple[str, ...]:
    """Return what the second tier drops, and what that costs, where it was read."""
    return tuple(
        words.format(value) for name, words in TIER if (value := _value(readings, name)) > 0
    )


def _queue(readings: Readings, pods: tuple[str, ...]) -> str:
    """Return in words how many requests wait, and where nobody tells for what."""
    waiting = f"{readings.waiting_for_capacity:g} requests wait"
    untold = tuple(pod for pod in pods if pod not in readings.pools["waiting_capacity"].values)
    if not untold:
        return f"{waiting} for capacity"
    return f"{waiting}, for what is not told by {readings.of(untold)}"


def _queue_unknown(readings: Readings) -> tuple[str, ...]:
    waiting, capacity = readings.pools["waiting"], readings.pools["waiting_capacity"]
    return (waiting.missing, capacity.missing if capacity.exists else "")


def _value(readings: Readings, name: str) -> float:
    found: Observation | None = readings.second_tier.get(name)
    return number(found) or 0.0


def _exhausted(readings: Readings, pod: str) -> Known:
    return every((readings.preempted(pod), readings.storm))


def _history(readings: Readings) -> tuple[str, ...]:
    """Return why nobody knows for how long; it does not matter where nothing is preempted."""
    if readings.storm is not None or readings.anywhere_preempted is False:
        return ()
    missing = absent(readings.preempting) or ("too few samples, or no numbers",)
    return tuple(f"over {readings.minutes}, {one}" for one in missing)
