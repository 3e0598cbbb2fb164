"""Whether the volumes that a workload's pods claim are there and attached. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json, Thing
from cluster.seen import Seen
from runbooks.verdicts.cluster import events, told
from runbooks.verdicts.cluster.events import Event
from runbooks.verdicts.cluster.told import CANNOT_TELL, Judged, Number

MISSING: Final = "missing"
LOST: Final = "lost"
PENDING: Final = "pending"
NOT_ATTACHED: Final = "not_attached"
BOUND: Final = "bound"
NO_CLAIMS: Final = "no_claims"
WRONG: Final = (MISSING, LOST, PENDING, NOT_ATTACHED)
WELL: Final = (BOUND, NO_CLAIMS)
VERDICTS: Final = (*WRONG, *WELL, CANNOT_TELL)

PHASES: Final[Mapping[str, str]] = {"Bound": BOUND, "Pending": PENDING, "Lost": LOST}
ATTACHING: Final = frozenset({"FailedAttachVolume", "FailedMount", "FailedMapVolume"})
"""Why a pod waits for a volume that exists; Multi-Attach is one of FailedAttachVolume's."""


def judge(pods: Seen, claims: Seen, told_events: Seen, *, at: datetime, over: timedelta) -> Judged:
    """Return what keeps the pods from their volumes."""
    wanted, illegible = told.legible(pods.things, _claimed)
    names = sorted({name for each in wanted for name in each})
    phases, unknown = told.legible(claims.things, _phase)
    there = dict(phases)
    heard, unheard = events.read((told_events,))
    gaps = (*told.missing(pods, claims), *told.unread((*illegible, *unknown)), *unheard)
    known = {name: there.get(name, "") for name in names if name not in unknown}
    causes = {} if claims.missing else {x: _cause(phase) for x, phase in known.items()}
    own = {pod.itself.name for pod in pods.things}
    failed = [one for one in heard if _attaches(one, own) and events.late(one, at, over)]
    verdict, because = _worst(names, causes, failed)
    numbers = tuple(_numbers(causes, failed))
    judged = Judged(verdict=verdict, because=because, numbers=numbers)
    return told.unsure(judged, gaps, well=WELL)


def _worst(
    names: Sequence[str], causes: Mapping[str, str], failed: Sequence[Event]
) -> tuple[str, str]:
    for verdict in (MISSING, LOST, PENDING):
        same = [name for name, cause in causes.items() if cause == verdict]
        if same:
            return verdict, f"PersistentVolumeClaim {told.listing(same)}: {verdict}"
    if failed:
        last = events.newest(failed)
        pods = told.listing({one.name for one in failed})
        return NOT_ATTACHED, f"{pods}: {last.reason}: {told.short(last.message)}"
    if not names:
        return NO_CLAIMS, "the pods claim no volumes"
    return BOUND, f"PersistentVolumeClaim {told.listing(names)}: bound"


def _cause(phase: str) -> str:
    return PHASES.get(phase, PENDING) if phase else MISSING


def _claimed(pod: Thing) -> tuple[str, ...]:
    spec = parse.section(pod.body, "spec")
    return tuple(_claims(parse.items(spec, "volumes")))


def _claims(volumes: Sequence[Json]) -> Iterator[str]:
    for each in volumes:
        name = parse.text(parse.section(each, "persistentVolumeClaim"), "claimName")
        if name:
            yield name


def _phase(claim: Thing) -> tuple[str, str]:
    phase = parse.text(parse.section(claim.body, "status"), "phase")
    return claim.itself.name, phase or "Pending"


def _attaches(one: Event, pods: set[str]) -> bool:
    return one.warns and one.reason in ATTACHING and one.name in pods


def _numbers(causes: Mapping[str, str], failed: Sequence[Event]) -> Iterator[Number]:
    yield Number(name="volume claims", value=len(causes), unit="claims")
    for cause in (MISSING, LOST, PENDING):
        count = sum(one == cause for one in causes.values())
        if count:
            yield Number(name=f"volume claims {cause}", value=count, unit="claims")
    yield Number(name="failed attachments", value=sum(x.count for x in failed), unit="times")
