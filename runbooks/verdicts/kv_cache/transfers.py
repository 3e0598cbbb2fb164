"""transfer_stalled: KV transfers fail or expire, or requests wait for transfers that do not come.

vLLM reserves blocks before the transfer, so that a stall fills the cache and looks like exhaustion:
it is judged before it. Not every connector counts its transfers as NIXL does; where nothing counts
them the row is skipped. Deferred requests alone are no proof: those that wait for a grammar, an
adapter or their input are counted there too.
"""

from typing import Final

from cluster.signals.reading import NotApplicable
from runbooks.verdicts.known import Known, every, some
from runbooks.verdicts.kv_cache.names import TRANSFER_STALLED
from runbooks.verdicts.kv_cache.readings import FULL, Readings
from runbooks.verdicts.kv_cache.row import Diagnosis, Gap, Row, holding, joined, needed, optional
from runbooks.verdicts.pods import number

MODE: Final = "RB-09"


def transfer_stalled(readings: Readings) -> Row:
    """Judge the row; without prefill pods nothing is transferred, and nothing can stall."""
    failing = {pod: _failing(readings, pod) for pod in readings.pods}
    starved = {pod: _starved(readings, pod) for pod in readings.pods}
    expired = _expired(readings)
    return Row(
        verdict=TRANSFER_STALLED,
        holds=some((*failing.values(), *starved.values(), expired)),
        pods={pod: some((failing[pod], starved[pod])) for pod in readings.pods},
        diagnosis=Diagnosis(mode=MODE),
        words=joined(
            (
                _failures(readings, holding(failing)),
                _expiries(readings) if expired else "",
                _stall(readings, holding(starved)),
                _consequence(readings),
            )
        ),
        gaps=(
            *(optional(readings.pools["transfer_failures"]) if None in failing.values() else ()),
            *(_expiries_unknown(readings) if expired is None else ()),
            *(_stall_unknown(readings) if None in starved.values() else ()),
        ),
    )


def _failing(readings: Readings, pod: str) -> Known:
    if isinstance(readings.transfer_failures, NotApplicable):
        return False
    return readings.pools["transfer_failures"].holds(pod, lambda rate: rate > 0)


def _expired(readings: Readings) -> Known:
    """Return whether blocks expired; the prefill side counts them, so the pods are not known."""
    if isinstance(readings.expirations, NotApplicable):
        return False
    expired = number(readings.expirations)
    return None if expired is None else expired > 0


def _starved(readings: Readings, pod: str) -> Known:
    """Return whether more and more requests of the pod are deferred while nothing arrives."""
    if isinstance(readings.transfers, NotApplicable):
        return False
    flat = readings.pools["transfers"].holds(pod, lambda rate: rate == 0)
    return every((flat, _grows(readings, pod)))


def _grows(readings: Readings, pod: str) -> Known:
    now = readings.pools["deferred"].values.get(pod)
    before = readings.pools["deferred_before"].values.get(pod)
    if now == 0:
        return False
    return None if now is None or before is None else now > before


def _expiries_unknown(readings: Readings) -> tuple[Gap, ...]:
    return optional(readings.expirations) or needed("transfer_expirations: contradictory")


def _stall_unknown(readings: Readings) -> tuple[Gap, ...]:
    names = ("transfers", "deferred", "deferred_before")
    return optional(*(readings.pools[name] for name in names))


def _failures(readings: Readings, pods: tuple[str, ...]) -> str:
    rate = readings.pools["transfer_failures"].total
    return f"{rate:.3g} KV transfers/s fail on {readings.of(pods)}" if pods else ""


def _expiries(readings: Readings) -> str:
    count = number(readings.expirations) or 0.0
    return f"KV of {count:.3g} requests expired on the prefill side, fetched by nobody"


def _stall(readings: Readings, pods: tuple[str, ...]) -> str:
    now, before = readings.pools["deferred"].values, readings.pools["deferred_before"].values
    grown = sum(now[pod] - before[pod] for pod in pods)
    where = f"and no KV transfer takes place on {readings.of(pods)}"
    return f"{grown:g} more requests are deferred, {where}" if pods else ""


def _consequence(readings: Readings) -> str:
    usage = readings.usage.worst
    return f"KV usage {usage:.2f} comes of it" if usage >= FULL else ""
