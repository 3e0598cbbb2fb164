"""The table about a KV cache: eight verdicts, the first that fits, never by zero for none.

The order matters. A dead engine keeps any usage, and a stalled transfer fills the cache: both look
like exhaustion and are judged before it. A row whose optional input does not exist here is skipped
and named. Otherwise that nothing is wrong is only said when every row that finds something wrong
was decided; what could not be read may be what is wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runbooks.verdicts.known import some
from runbooks.verdicts.kv_cache.dead_engines import zombie_engine
from runbooks.verdicts.kv_cache.names import (
    BUSY_BUT_HEALTHY,
    CANNOT_TELL,
    HEALTHY,
    WORST_FIRST,
)
from runbooks.verdicts.kv_cache.prefixes import colder, prefix_thrash
from runbooks.verdicts.kv_cache.pressure import burst, exhausted, saturated
from runbooks.verdicts.kv_cache.readings import Readings
from runbooks.verdicts.kv_cache.row import Diagnosis, Row, holding, joined
from runbooks.verdicts.kv_cache.transfers import transfer_stalled
from runbooks.verdicts.pods import named

BLIND: Final = Diagnosis(mode="RB-29")
ROWS: Final[Sequence[Callable[[Readings], Row]]] = (
    zombie_engine,
    transfer_stalled,
    exhausted,
    saturated,
    prefix_thrash,
)
"""What can be wrong, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict about the role, why, of what, and which rows before it could not be judged.

    `pods` are all pods with their own verdicts, the worst first; a row that is judged for the role
    alone is none of theirs. `unseen` are those of which nothing was read.
    """

    verdict: str
    because: str
    diagnosis: Diagnosis | None = None
    skipped: tuple[str, ...] = ()
    pods: tuple[tuple[str, str], ...] = ()
    unseen: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = (
            self.because,
            str(self.diagnosis) if self.diagnosis else "",
            _by_pod(self.pods),
            f"nothing from {named(self.unseen)}" if self.unseen else "",
            f"not judged: {'; '.join(self.skipped)}" if self.skipped else "",
        )
        return joined(parts)


def judge(readings: Readings) -> Judgement:
    """Return the first verdict that fits; rows that could not be judged are named."""
    rows = [row(readings) for row in ROWS]
    pods, unseen = _pods(readings, rows), _unseen(readings)
    for place, row in enumerate(rows):
        if row.holds:
            return Judgement(
                verdict=row.verdict,
                because=row.words,
                diagnosis=row.diagnosis,
                skipped=tuple(map(_why_open, _open(rows[:place]))),
                pods=pods,
                unseen=unseen,
            )
    undecided, usage = _open(rows), _usage_missing(readings)
    blocking = [one for one in undecided if not one.skippable]
    if blocking or usage:
        return Judgement(
            verdict=CANNOT_TELL,
            because=joined((*(one.missing for one in blocking), usage)),
            diagnosis=BLIND,
            skipped=tuple(one.verdict if one in blocking else _why_open(one) for one in undecided),
            pods=pods,
            unseen=unseen,
        )
    verdict, because = _well(readings)
    skipped = tuple(map(_why_open, undecided))
    return Judgement(verdict=verdict, because=because, skipped=skipped, pods=pods)


def _why_open(row: Row) -> str:
    return f"{row.verdict} ({row.missing})"


def _open(rows: Sequence[Row]) -> Sequence[Row]:
    return [one for one in rows if one.holds is None]


def _usage_missing(readings: Readings) -> str:
    return readings.usage.missing if readings.pods else "the target has no pods"


def _well(readings: Readings) -> tuple[str, str]:
    """Return how a pool is that has nothing wrong."""
    full = {pod: readings.full(pod) for pod in readings.pods}
    usage = f"KV usage {readings.usage.worst:.2f}"
    queued = some(map(readings.queued, readings.pods))
    if some(full.values()) and not queued and not colder(readings):
        where = readings.of(holding(full))
        return BUSY_BUT_HEALTHY, f"{usage} on {where}, nothing waits, {burst(readings)}"
    return HEALTHY, f"{usage}, {burst(readings)}"


def _pods(readings: Readings, rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    verdicts = {pod: _pod(readings, rows, pod) for pod in readings.pods}
    values = [readings.pools[name].values for name in ("preemptions", "kv_usage", "waiting")]

    def badness(pod: str) -> tuple[float | str, ...]:
        worst = WORST_FIRST.index(verdicts[pod])
        return (worst, *(-one.get(pod, 0.0) for one in values), pod)

    return tuple((pod, verdicts[pod]) for pod in sorted(verdicts, key=badness))


def _pod(readings: Readings, rows: Sequence[Row], pod: str) -> str:
    """Return the verdict about one pod, by the rows that can be judged for a pod."""
    judged = [row for row in rows if pod in row.pods]
    if found := next((row.verdict for row in judged if row.pods[pod]), None):
        return found
    full = readings.full(pod)
    if full is None or any(row.pods[pod] is None and not row.skippable for row in judged):
        return CANNOT_TELL
    return BUSY_BUT_HEALTHY if full and not readings.queued(pod) else HEALTHY


def _unseen(readings: Readings) -> tuple[str, ...]:
    """Return the pods of which nothing was read, where of others something was."""
    names = ("kv_usage", "preemptions", "running", "waiting")
    seen = {pod for name in names for pod in readings.pools[name].values}
    return tuple(sorted(set(readings.pods) - seen)) if seen else ()


def _by_pod(pods: Sequence[tuple[str, str]]) -> str:
    """Return the pods' verdicts in words where they differ."""
    found: dict[str, list[str]] = {}
    for pod, verdict in pods:
        found.setdefault(verdict, []).append(pod)
    return f"by pod: {', '.join(_counted(found))}" if len(found) > 1 else ""


def _counted(found: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for verdict, pods in found.items():
        well = verdict in {BUSY_BUT_HEALTHY, HEALTHY}
        yield f"{len(pods)} {verdict}" + ("" if well else f" ({named(pods)})")
