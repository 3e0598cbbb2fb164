"""Whether the kubelet's probes of a workload's pods fail, and whether they are merely late. Pure.

The kubelet's words are matched. Source: k8s.io/kubernetes pkg/kubelet/prober ("Liveness probe
failed: …", reason Unhealthy) and net/http's timeouts within them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json, Thing
from cluster.seen import Seen
from runbooks.verdicts.cluster import events, told
from runbooks.verdicts.cluster.events import Event
from runbooks.verdicts.cluster.told import CANNOT_TELL, Judged, Number

TIMING_OUT: Final = "timing_out"
LIVENESS_FAILING: Final = "liveness_failing"
READINESS_FAILING: Final = "readiness_failing"
STARTUP_FAILING: Final = "startup_failing"
NO_PROBES: Final = "no_probes"
PASSING: Final = "passing"
WRONG: Final = (TIMING_OUT, LIVENESS_FAILING, READINESS_FAILING, NO_PROBES)
WELL: Final = (PASSING,)
VERDICTS: Final = (*WRONG, STARTUP_FAILING, *WELL, CANNOT_TELL)

UNHEALTHY: Final = "Unhealthy"
FAILURES: Final = (
    ("Liveness probe ", LIVENESS_FAILING),
    ("Readiness probe ", READINESS_FAILING),
    ("Startup probe ", STARTUP_FAILING),
)
LATE: Final = ("context deadline exceeded", "Client.Timeout exceeded", "timed out", "timeout")
PROBES: Final = ("startupProbe", "livenessProbe", "readinessProbe")
# The API server fills these in where nobody says otherwise (core/v1 defaults).
DEFAULTS: Final = {"timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3}
LONGEST: Final = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One probe of one container: seconds, seconds, and failures in a row until it counts."""

    container: str
    kind: str
    timeout: int
    period: int
    failures: int

    def __str__(self) -> str:
        kind = self.kind.removesuffix("Probe")
        limits = f"timeout {self.timeout} s, every {self.period} s, {self.failures} failures"
        return f"{kind} of {told.short(self.container)}: {limits}"


def judge(pods: Seen, told_events: Seen, *, at: datetime, over: timedelta) -> Judged:
    """Return which probes fail. Startup probes that fail say only that a model still loads."""
    found, illegible = told.legible(pods.things, read)
    heard, unheard = events.read((told_events,))
    gaps = (*told.missing(pods), *told.unread(illegible), *unheard)
    probes = tuple(dict.fromkeys(probe for each in found for probe in each))
    names = {pod.itself.name for pod in pods.things}
    failed = [
        one
        for one in heard
        if one.reason == UNHEALTHY and one.name in names and events.late(one, at, over)
    ]
    verdict, because = _worst(probes, failed, seen=bool(found), span=told.lasting(over))
    judged = Judged(verdict=verdict, because=because, numbers=tuple(_numbers(probes, failed)))
    return told.unsure(judged, gaps, well=(*WELL, NO_PROBES, STARTUP_FAILING))


def read(pod: Thing) -> tuple[Probe, ...]:
    """Return the probes of a pod's containers; raises ValueError."""
    containers = parse.items(parse.section(pod.body, "spec"), "containers")
    return tuple(probe for each in containers for probe in _probes(each))


def _probes(container: Json) -> Iterator[Probe]:
    for kind in PROBES:
        said = parse.section(container, kind)
        if said:
            timeout, period, failures = (_bounded(said, x) for x in DEFAULTS)
            name = parse.text(container, "name")
            yield Probe(
                container=name, kind=kind, timeout=timeout, period=period, failures=failures
            )


def _bounded(said: Json, name: str) -> int:
    return min(max(0, parse.number(said, name, missing=DEFAULTS[name])), LONGEST)


def _worst(
    probes: Sequence[Probe], failed: Sequence[Event], *, seen: bool, span: str
) -> tuple[str, str]:
    if failed:
        late = [one for one in failed if _late(one) and _failure(one) != STARTUP_FAILING]
        verdicts = [_failure(one) for one in failed]
        verdict = TIMING_OUT if late else min(verdicts, key=VERDICTS.index)
        same = late or [one for one in failed if _failure(one) == verdict]
        return verdict, _because(same, probes, span)
    if not seen:
        return CANNOT_TELL, "there are no pods whose probes could fail"
    if not probes:
        return NO_PROBES, "no container has a probe: nothing keeps requests from a dead engine"
    return PASSING, f"no probe failed in {span}"


def _failure(one: Event) -> str:
    found = (verdict for begin, verdict in FAILURES if one.message.startswith(begin))
    return next(found, READINESS_FAILING)


def _late(one: Event) -> bool:
    return any(words in one.message for words in LATE)


def _because(same: Sequence[Event], probes: Sequence[Probe], span: str) -> str:
    times = sum(one.count for one in same)
    names = told.listing({one.name for one in same})
    last = events.newest(same).message
    kind = last.split(" ", 1)[0].lower()
    named = [str(probe) for probe in probes if probe.kind.startswith(kind)]
    limits = f" ({named[0]})" if named else ""
    return f"{times} times in {span} on {names}: {told.short(last)}{limits}"


def _numbers(probes: Sequence[Probe], failed: Sequence[Event]) -> Iterator[Number]:
    for name in (LIVENESS_FAILING, READINESS_FAILING, STARTUP_FAILING):
        times = sum(one.count for one in failed if _failure(one) == name)
        yield Number(name=f"probes {name}", value=times, unit="times")
    times = sum(one.count for one in failed if _late(one))
    yield Number(name="probes timed out", value=times, unit="times")
    for kind in PROBES:
        limits = [probe.timeout for probe in probes if probe.kind == kind]
        if limits:
            yield Number(name=f"{kind} timeout", value=min(limits), unit="s")
