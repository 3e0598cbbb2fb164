"""zombie_engine: work, and not one token for three minutes, on a pod or on one of its ranks.

The KV usage of a dead engine says nothing: it may be zero, frozen or in between. The signal leaves
out counters that began again, which are neither progress nor a stall.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from cluster.signals.reading import NoData, NotApplicable, Rank
from runbooks.verdicts.known import Known, some
from runbooks.verdicts.kv_cache.names import ZOMBIE_ENGINE
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.row import Diagnosis, Row, absent, holding, needed
from runbooks.verdicts.pods import named, sound

DEAD: Final = "RB-04"
GROUP_DEAD: Final = "RB-08"

Ranks = Mapping[str, Mapping[str, float]]
"""Of each pod its engines, and whether (above zero) each is silent."""


def zombie_engine(readings: Readings) -> Row:
    """Judge the row; a rank that hides behind seven living ones counts."""
    ranks = _ranks(readings)
    pods = {pod: _dead(ranks[pod], _usual(ranks)) for pod in readings.pods}
    dead = [rank(*one) for one in silent_ranks(readings)]
    where = f"{named(dead)} ({readings.of(holding(pods))})"
    return Row(
        verdict=ZOMBIE_ENGINE,
        holds=some(pods.values()),
        pods=pods,
        diagnosis=_diagnosis(readings, ranks),
        words=f"work and not one token for three minutes on {where}",
        gaps=needed(*absent(readings.silent), *_incomplete(readings, ranks)),
    )


def silent_ranks(readings: Readings) -> Sequence[Rank]:
    """Return the silent ranks, in order."""
    found = _ranks(readings)
    return [
        (pod, engine)
        for pod in sorted(found)
        for engine, silent in sorted(found[pod].items())
        if silent
    ]


def rank(pod: str, engine: str) -> str:
    """Return a rank in words."""
    return f"rank {engine} of {pod}" if engine else pod


def _ranks(readings: Readings) -> Ranks:
    found: dict[str, dict[str, float]] = {pod: {} for pod in readings.pods}
    if not isinstance(readings.silent, (NoData, NotApplicable)):
        for (pod, engine), one in readings.silent.items():
            if pod in found and sound(one):
                found[pod][engine] = one.value
    return found


def _usual(ranks: Ranks) -> int:
    return max((len(engines) for engines in ranks.values()), default=0)


def _dead(engines: Mapping[str, float], usual: int) -> Known:
    """Return whether one is dead; a rank that is not scraped may be the dead one."""
    if any(engines.values()):
        return True
    return None if not engines or len(engines) < usual else False


def _incomplete(readings: Readings, ranks: Ranks) -> Sequence[str]:
    if isinstance(readings.silent, (NoData, NotApplicable)):
        return ()
    usual = _usual(ranks)
    nothing = sorted(pod for pod, engines in ranks.items() if not engines)
    fewer = sorted(pod for pod, engines in ranks.items() if 0 < len(engines) < usual)
    return (
        f"silent_ranks: nothing from {named(nothing)}" if nothing else "",
        f"silent_ranks: fewer than {usual} ranks from {named(fewer)}" if fewer else "",
    )


def _diagnosis(readings: Readings, ranks: Ranks) -> Diagnosis:
    """Return that whole groups are dead, which a collective that hangs does, or engines alone."""
    grouped = {pod: name for name, pods in readings.groups.items() for pod in pods}
    groups: dict[str, list[str]] = {}
    for pod in sorted(ranks):
        groups.setdefault(grouped.get(pod, pod), []).append(pod)
    gone = [name for name, pods in groups.items() if _gone(name, pods, readings, ranks)]
    if not gone:
        return Diagnosis(mode=DEAD)
    return Diagnosis(mode=GROUP_DEAD, because=f"all ranks of {named(gone)} are silent")


def _gone(name: str, pods: Sequence[str], readings: Readings, ranks: Ranks) -> bool:
    """Tell whether all ranks of a group are dead; a single engine in a single pod is no group."""
    engines = [silent for pod in pods for silent in ranks[pod].values()]
    alone = len(engines) == len(readings.groups.get(name, pods)) == 1
    known = all(ranks[pod] and len(ranks[pod]) == _usual(ranks) for pod in pods)
    return known and not alone and all(engines)
