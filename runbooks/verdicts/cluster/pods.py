"""What keeps the pods of a workload from serving: the worst of them is the verdict. Pure.

Reasons are the kubelet's and the scheduler's. Sources: k8s.io/kubernetes
pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime (CreateContainerError, CrashLoopBackOff),
pkg/kubelet/eviction, and k8s.io/api core/v1 for the conditions.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json, Thing
from cluster.seen import Seen
from runbooks.language.declaration import Found
from runbooks.verdicts.cluster import told
from runbooks.verdicts.cluster.told import CANNOT_TELL, MOST, Judged, Number

SCALED_TO_ZERO: Final = "scaled_to_zero"
NONE: Final = "none"
IMAGE_PULL: Final = "image_pull"
CANNOT_START: Final = "cannot_start"
OUT_OF_MEMORY: Final = "out_of_memory"
CRASH_LOOP: Final = "crash_loop"
EVICTED: Final = "evicted"
PENDING: Final = "pending"
NOT_READY: Final = "not_ready"
FEWER: Final = "fewer"
LOADING: Final = "loading"
READY: Final = "ready"

WRONG: Final = (
    *(
        SCALED_TO_ZERO,
        NONE,
        IMAGE_PULL,
        CANNOT_START,
        OUT_OF_MEMORY,
        CRASH_LOOP,
        EVICTED,
        PENDING,
        NOT_READY,
        FEWER,
    ),
)
"""The worst first; what keeps a pod from starting stands before what ends it later."""
WELL: Final = (READY,)
VERDICTS: Final = (*WRONG, LOADING, *WELL, CANNOT_TELL)
NAMING: Final = (IMAGE_PULL, CANNOT_START, OUT_OF_MEMORY, CRASH_LOOP, EVICTED, PENDING, NOT_READY)
"""With these the worst pod is named, the first of those that are equally bad."""

PULLS: Final = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
    }
)
STARTS: Final = frozenset(
    {
        *("CreateContainerConfigError", "CreateContainerError", "RunContainerError"),
        *("PreCreateHookError", "PreStartHookError", "PostStartHookError"),
    }
)
OFTEN: Final = 3
"""So many restarts, the last one in the window, are a loop also between two of its pauses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One pod as its status says; `cause` is a verdict, `why` its reason in words."""

    name: str
    cause: str
    why: str
    ready: bool
    restarts: int


def judge(
    pods: Seen, wanted: int | None, *, at: datetime, within: timedelta, loads: timedelta
) -> Judged:
    """Return what is wrong with the pods; what ended longer ago than `within` is over.

    One that was never ready is loading for at most `loads`. `wanted` are the pods that should be
    there, None where nobody knows; what is not seen is not missing.
    """
    there = [each for each in pods.things if not _gone(each)]
    states, illegible = told.legible(there, lambda each: read(each, at, within, loads))
    kept = [one for one in states if one is not None]
    gaps = (*told.missing(pods), *told.unread(illegible))
    numbers = tuple(_numbers(kept, wanted))
    if not kept and not gaps:
        verdict = SCALED_TO_ZERO if wanted == 0 else NONE
        return Judged(verdict=verdict, because=_none(wanted), numbers=numbers)
    worst = min(kept, key=_badness, default=None)
    verdict = worst.cause if worst else READY
    # A StatefulSet makes a pod anew only when the one before it is gone.
    coming = len(pods.things) - len(there)
    if verdict in (LOADING, READY) and not gaps and len(kept) + coming < (wanted or 0):
        verdict = FEWER
    because = _because(kept, verdict, wanted)
    judged = Judged(verdict=verdict, because=because, numbers=numbers, found=_found(worst, verdict))
    return told.unsure(judged, gaps, well=(LOADING, READY))


def read(pod: Thing, at: datetime, within: timedelta, loads: timedelta) -> State | None:
    """Return the state of a pod, None for one that is over; raises ValueError."""
    status = parse.section(pod.body, "status")
    containers = [
        *parse.items(status, "initContainerStatuses"),
        *parse.items(status, "containerStatuses"),
    ]
    ready = condition(status, "Ready")
    found = _cause(pod, status, containers, at, within, loads)
    if found is None:
        return None
    cause, why = found
    return State(
        name=pod.itself.name,
        cause=cause,
        why=why,
        ready=parse.text(ready, "status") == "True" and cause != EVICTED,
        restarts=sum(_restarts(each) for each in containers),
    )


def condition(status: Json, kind: str) -> Json:
    """Return the condition of a type, empty where it is not set; raises ValueError."""
    found = (x for x in parse.items(status, "conditions") if parse.text(x, "type") == kind)
    return next(found, {})


def _cause(
    pod: Thing,
    status: Json,
    containers: Sequence[Json],
    at: datetime,
    within: timedelta,
    loads: timedelta,
) -> tuple[str, str] | None:
    phase = parse.text(status, "phase")
    if phase in parse.FINISHED:
        return _finished(pod, status, containers, at, within)
    return (
        _waiting(containers)
        or next(_ends(containers, at, within), None)
        or _unplaced(status)
        or _readiness(pod, status, containers, at, loads)
    )


def _finished(
    pod: Thing, status: Json, containers: Sequence[Json], at: datetime, within: timedelta
) -> tuple[str, str] | None:
    if parse.text(status, "reason") != EVICTED.capitalize():
        return None
    made = told.moment(parse.section(pod.body, "metadata"), "creationTimestamp")
    ended = (_ended(parse.section(parse.section(x, "state"), "terminated")) for x in containers)
    last = max((one for one in (*ended, made) if one is not None), default=at)
    return (EVICTED, told.short(parse.text(status, "message"))) if at - last <= within else None


def _waiting(containers: Sequence[Json]) -> tuple[str, str] | None:
    for each in containers:
        waiting = parse.section(parse.section(each, "state"), "waiting")
        reason, message = parse.text(waiting, "reason"), parse.text(waiting, "message")
        for causes, verdict in ((PULLS, IMAGE_PULL), (STARTS, CANNOT_START)):
            if reason in causes:
                return verdict, _said(reason, message)
    return None


def _ends(containers: Sequence[Json], at: datetime, within: timedelta) -> Iterator[tuple[str, str]]:
    """Yield how containers ended lately, out of memory before a loop."""
    looping: list[tuple[str, str]] = []
    for each in containers:
        name, times = told.short(parse.text(each, "name")), _restarts(each)
        for end in _terminated(each):
            ended = _ended(end)
            late = ended is not None and at - ended <= within
            if late and parse.text(end, "reason") == "OOMKilled":
                yield OUT_OF_MEMORY, f"container {name} OOMKilled{_when(ended, at)}"
            if late and times >= OFTEN:
                looping.append((CRASH_LOOP, f"container {name} restarted {times} times"))
        waiting = parse.section(parse.section(each, "state"), "waiting")
        if parse.text(waiting, "reason") == "CrashLoopBackOff":
            code = [_code(end) for end in _terminated(each)]
            looping.append((CRASH_LOOP, f"container {name} restarted {times} times{''.join(code)}"))
    yield from looping


def _terminated(container: Json) -> Iterator[Json]:
    for where in ("state", "lastState"):
        end = parse.section(parse.section(container, where), "terminated")
        if end:
            yield end


def _unplaced(status: Json) -> tuple[str, str] | None:
    placed = condition(status, "PodScheduled")
    if parse.text(placed, "status") != "False":
        return None
    return PENDING, _said(parse.text(placed, "reason"), parse.text(placed, "message"))


def _readiness(
    pod: Thing, status: Json, containers: Sequence[Json], at: datetime, loads: timedelta
) -> tuple[str, str]:
    ready = condition(status, "Ready")
    if parse.text(ready, "status") == "True":
        return READY, ""
    if not containers:
        return PENDING, told.short(parse.text(status, "phase")) or "no phase"
    made = told.moment(parse.section(pod.body, "metadata"), "creationTimestamp")
    unready = [x for x in containers if x.get("ready") is not True]
    started = told.moment(status, "startTime") or made
    if _never_ready(containers, unready) and started is not None and at - started <= loads:
        return LOADING, f"starts since {told.ago(started, at)}"
    since = told.moment(ready, "lastTransitionTime") or made
    names = told.listing(parse.text(each, "name") for each in unready)
    lasting = f" since {told.ago(since, at)}" if since else ""
    return NOT_READY, f"not ready{lasting}" + (f": {names}" if names else "")


def _never_ready(containers: Sequence[Json], unready: Sequence[Json]) -> bool:
    """Tell whether the pod still starts for the first time."""
    first = all(_restarts(each) == 0 for each in containers)
    return first and any(each.get("started") is False for each in unready)


def _badness(one: State) -> tuple[int, str]:
    return (VERDICTS.index(one.cause), one.name)


def _gone(pod: Thing) -> bool:
    meta = pod.body.get("metadata")
    return isinstance(meta, Mapping) and "deletionTimestamp" in meta


def _restarts(container: Json) -> int:
    return max(0, parse.number(container, "restartCount"))


def _ended(terminated: Json) -> datetime | None:
    return told.moment(terminated, "finishedAt")


def _code(end: Json) -> str:
    code = end.get("exitCode")
    return f", exit code {code}" if isinstance(code, int) and abs(code) <= 255 else ""  # noqa: PLR2004  # what a process can end with


def _when(ended: datetime | None, at: datetime) -> str:
    return f" {told.ago(ended, at)} ago" if ended else ""


def _said(reason: str, message: str) -> str:
    return told.short(f"{reason}: {message}" if message else reason)


def _none(wanted: int | None) -> str:
    if wanted == 0:
        return "no pods: 0 replicas are wanted"
    return "no pods" + (f", {wanted} replicas are wanted" if wanted is not None else "")


def _found(worst: State | None, verdict: str) -> Found:
    """Return the pod that the verdict is about, where it is about one."""
    return (("pod", worst.name),) if worst is not None and verdict in NAMING else ()


def _because(states: Sequence[State], verdict: str, wanted: int | None) -> str:
    same = [one for one in states if one.cause == verdict]
    ready = sum(one.ready for one in states)
    count = f"{ready} of {len(states)} pods are ready"
    if verdict == READY:
        return count
    if verdict == FEWER:
        return f"{count}, {wanted} replicas are wanted"
    reasons = Counter(one.why for one in same).most_common(1)
    names = told.listing(one.name for one in same)
    why = f" ({reasons[0][0]})" if reasons[0][0] else ""
    return f"{count}; {verdict.replace('_', ' ')}: {names}{why}"


def _numbers(states: Sequence[State], wanted: int | None) -> Iterator[Number]:
    if wanted is not None:
        yield Number(name="replicas wanted", value=wanted, unit="replicas")
    yield Number(name="pods", value=len(states), unit="pods")
    yield Number(name="pods ready", value=sum(one.ready for one in states), unit="pods")
    for cause in VERDICTS:
        count = sum(one.cause == cause for one in states)
        if count and cause != READY:
            yield Number(name=f"pods {cause}", value=count, unit="pods")
    for one in sorted(states, key=_badness)[:MOST]:
        if one.restarts:
            yield Number(name="restarts", value=one.restarts, unit="restarts", pod=one.name)
