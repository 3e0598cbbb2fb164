"""What Argo Rollouts measured of the template that is being rolled out. Pure.

A Rollout names the AnalysisRuns that are under way in its status; where it names none, those count
that carry its newest template's hash as a label. Their `status.phase` is a word of argo-rollouts
v1alpha1; one that could not measure enough is Inconclusive, and that is no success.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json, Thing
from cluster.seen import Seen
from runbooks.verdicts.cluster import told
from runbooks.verdicts.cluster.told import CANNOT_TELL, Judged, Number

FAILED: Final = "failed"
ERROR: Final = "error"
INCONCLUSIVE: Final = "inconclusive"
RUNNING: Final = "running"
SUCCESSFUL: Final = "successful"
NO_ANALYSIS: Final = "no_analysis"
WRONG: Final = (FAILED, ERROR)
WELL: Final = (SUCCESSFUL,)
VERDICTS: Final = (FAILED, ERROR, INCONCLUSIVE, RUNNING, SUCCESSFUL, NO_ANALYSIS, CANNOT_TELL)
PHASES: Final[Mapping[str, str]] = {
    "Failed": FAILED,
    "Error": ERROR,
    "Inconclusive": INCONCLUSIVE,
    "Running": RUNNING,
    "Pending": RUNNING,
    "Successful": SUCCESSFUL,
    "": RUNNING,  # made, and not looked at by the controller yet
}
HASH: Final = "rollouts-pod-template-hash"
NAMED: Final = (
    ("canary", "currentStepAnalysisRunStatus"),
    ("canary", "currentBackgroundAnalysisRunStatus"),
    ("blueGreen", "prePromotionAnalysisRunStatus"),
    ("blueGreen", "postPromotionAnalysisRunStatus"),
)
"""Where a Rollout's status names its AnalysisRuns: a retry leaves the failed ones of before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """What a Rollout says of its analysis: its newest template, and the runs that it names."""

    hashed: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One AnalysisRun: how it stands, and what its worst metric says."""

    name: str
    verdict: str
    why: str
    measured: int
    successful: int


def judge(above: Seen, runs: Seen, *, uid: str) -> Judged:
    """Return how the analysis of the Rollout's newest template stands; the worst run decides."""
    current, odd = told.legible(above.things, _current)
    own = [each for each in runs.things if _owned(each, uid)]
    own = [each for each in own if any(_about(each, one) for one in current)]
    read, illegible = told.legible(own, _run)
    gaps = (*told.missing(above, runs), *told.unread((*odd, *illegible)))
    if not read:
        known = "" if gaps else "no AnalysisRun is about the template that is rolled out"
        return Judged(
            verdict=NO_ANALYSIS if known else CANNOT_TELL, because=known or "; ".join(gaps)
        )
    worst = min(read, key=lambda one: (VERDICTS.index(one.verdict), one.name))
    judged = Judged(
        verdict=worst.verdict,
        because=f"AnalysisRun {told.short(worst.name)}: {worst.why}",
        numbers=tuple(_numbers(read)),
    )
    return told.unsure(judged, gaps, well=(*WELL, NO_ANALYSIS))


def _current(rollout: Thing) -> Current:
    status = parse.section(rollout.body, "status")
    named = (
        parse.text(parse.section(parse.section(status, part), name), "name") for part, name in NAMED
    )
    return Current(hashed=parse.text(status, "currentPodHash"), names=frozenset(named) - {""})


def _owned(run: Thing, uid: str) -> bool:
    return any(owner.controller and owner.uid == uid for owner in run.owners)


def _about(run: Thing, current: Current) -> bool:
    if current.names:
        return run.itself.name in current.names
    return run.labels.get(HASH, "") == current.hashed


def _run(thing: Thing) -> Run:
    status = parse.section(thing.body, "status")
    verdict = _phase(status)
    results = parse.items(status, "metricResults")
    said = [_said(each) for each in results]
    worst = min(said, default=(0, ""))[1]
    why = "; ".join(filter(None, (parse.text(status, "message"), worst)))
    return Run(
        name=thing.itself.name,
        verdict=verdict,
        why=told.short(why or verdict),
        measured=sum(_count(each, "count") for each in results),
        successful=sum(_count(each, "successful") for each in results),
    )


def _said(result: Json) -> tuple[int, str]:
    """Return what a metric says, with its place: the worst is told."""
    verdict = _phase(result)
    measured, good = _count(result, "count"), _count(result, "successful")
    values = [parse.text(each, "value") for each in parse.items(result, "measurements")]
    last = f", last {values[-1]}" if values and values[-1] else ""
    words = f"{parse.text(result, 'name')} {verdict}: {good} of {measured} good{last}"
    return VERDICTS.index(verdict), words


def _phase(thing: Json) -> str:
    """Return the verdict that a phase is; raises ValueError for one that we do not know."""
    phase = parse.text(thing, "phase")
    if phase not in PHASES:
        raise ValueError(phase)
    return PHASES[phase]


def _count(result: Json, name: str) -> int:
    found = parse.number(result, name)
    if found < 0:
        raise ValueError(name)
    return found


def _numbers(runs: Sequence[Run]) -> Iterator[Number]:
    yield Number(name="analysis runs", value=len(runs), unit="runs")
    yield Number(name="measurements", value=sum(x.measured for x in runs), unit="measurements")
    yield Number(
        name="good measurements", value=sum(x.successful for x in runs), unit="measurements"
    )
