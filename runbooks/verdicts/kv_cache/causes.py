"""Why a KV cache is exhausted: a hot pod, fewer blocks, longer prompts, or plainly more load.

The first that the numbers show is named; each has another remedy. What could not be read is named
too, for it may have been the cause.
"""

from collections.abc import Iterator
from typing import Final

from cluster.signals.reading import NoData, NotApplicable, Parts, Reading, Why
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.row import Diagnosis
from runbooks.verdicts.pods import number

STORM: Final = "RB-12"
HOT: Final = "RB-17"
ROLLOUT: Final = "RB-18"
PROMPTS: Final = "RB-28"

MOST: Final = 0.9
"""A pod is hot that has this share of all preemptions; four equal pods have a quarter each."""
FEWER: Final = 0.9
"""Blocks count as fewer below this share; vLLM's profiling differs by less from start to start."""
LONGER: Final = 1.5
"""Prompts count as longer above this multiple of what they were an hour ago."""


def cause(readings: Readings) -> Diagnosis:
    """Return the first cause that shows; the others that show stand beside it."""
    shown = [one for one in (_hot(readings), _rollout(readings), _prompts(readings)) if one]
    if not shown:
        unknown = ", ".join(_unknown(readings))
        return Diagnosis(mode=STORM, because=f"nothing known of {unknown}" if unknown else "")
    first, *others = shown
    beside = "".join(f"; also {one}" for one in others)
    return Diagnosis(mode=first.mode, because=first.because + beside)


def _hot(readings: Readings) -> Diagnosis | None:
    """Return that one pod has the preemptions; adding pods moves no hotspot."""
    preemptions = readings.pools["preemptions"]
    alone = len(readings.pods) == 1
    if alone or preemptions.missing or not preemptions.total:
        return None
    share = preemptions.worst / preemptions.total
    if share < MOST:
        return None
    pod = min(pod for pod, rate in preemptions.values.items() if rate == preemptions.worst)
    return Diagnosis(mode=HOT, because=f"one hot pod: {share:.0%} of the preemptions on {pod}")


def _rollout(readings: Readings) -> Diagnosis | None:
    """Return that engines start with fewer blocks than an hour ago, or that only new ones fail."""
    now, before = blocks(readings.blocks), blocks(readings.blocks_before)
    if now is not None and before is not None:
        words = f"{now} KV blocks where there were {before} an hour ago"
        return Diagnosis(mode=ROLLOUT, because=words) if now < FEWER * before else None
    young = _young(readings)
    if not young:
        return None
    words = "all pods that preempt are younger than an hour, their blocks are not known"
    return Diagnosis(mode=ROLLOUT, because=words)


def blocks(parts: Parts) -> int | None:
    """Return the fewest blocks of an engine; the engines tell the number as a label."""
    if isinstance(parts, (NoData, NotApplicable)):
        return None
    return min((int(each) for each in parts if each.isascii() and each.isdecimal()), default=None)


def _young(readings: Readings) -> bool:
    """Tell whether all that preempts came within the hour to a workload that is older."""
    preempting = set(readings.pools["preemptions"].where(lambda rate: rate > 0))
    if isinstance(readings.earlier, NotApplicable) or not preempting:
        return False
    if isinstance(readings.earlier, NoData):
        # None of today's pods was there, but the workload was.
        return readings.earlier.why is Why.EMPTY and isinstance(readings.baseline, Reading)
    return not preempting & readings.earlier.keys()


def _prompts(readings: Readings) -> Diagnosis | None:
    now, before = number(readings.prompt_length), number(readings.prompt_length_before)
    if now is None or before is None or now <= LONGER * before:
        return None
    words = f"prompts up from {before:.0f} to {now:.0f} tokens (p95) within the hour"
    return Diagnosis(mode=PROMPTS, because=words)


def _unknown(readings: Readings) -> Iterator[str]:
    if readings.pools["preemptions"].missing:
        yield "hot pods"
    if None in (blocks(readings.blocks), blocks(readings.blocks_before)):
        yield "KV blocks"
    if None in (number(readings.prompt_length), number(readings.prompt_length_before)):
        yield "prompt lengths"
