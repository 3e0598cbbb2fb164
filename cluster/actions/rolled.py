"""How far a new pod template has come, and who took it away again."""

from datetime import datetime
from typing import Final

from cluster.actions import field, settling
from cluster.actions.plan import Plan, Settled
from cluster.clients import kinds, parse
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Thing
from cluster.owners import workload
from cluster.owners.sight import LiveSight
from cluster.owners.workload import Workload

UNITS: Final = {kinds.GROUPS.name: "groups"}


def settled(kubernetes: Kubernetes, plan: Plan) -> Settled:
    """Count what is ready of the new template; it has come about when all is new and ready.

    Raises Rejected when something is gone, Unavailable when the cluster cannot be asked.
    """
    sight = LiveSight(kubernetes, plan.target.namespace)
    work = workload.of(plan.target, sight)
    found = field.written(kubernetes, plan)
    still = field.stands(plan, found)
    size, ready = work.place.size, _ready(work, found)
    pods = kubernetes.pods(plan.target.namespace, work.selector)
    present = [pod for pod in pods if not (pod.leaving or pod.finished)]
    since = [pod.ready_since for pod in present if pod.ready_since is not None]
    all_new = still and ready == size and len(since) == len(present)
    last = max(since, default=None) if all_new else None
    unit = UNITS.get(work.place.thing.itself.kind, "pods")
    return Settled(
        ready=ready if still else 0,
        wanted=size,
        since=last if _after(work, found, last) else None,
        reverted_by=None if still else settling.undone_by(plan, found, sight),
        words=f"{ready if still else 0} of {size} {unit} of the new template ready",
    )


def _ready(work: Workload, written: Thing) -> int:
    """Return how many of the new template are ready at least, 0 before anybody acted on it.

    The API counts those of the new template and those that are ready, and not those that are both.
    """
    status = parse.section(work.place.thing.body, "status")
    seen = _observed(work, written)
    if seen is not None and seen < written.generation:
        return 0
    there, ready = parse.number(status, "replicas"), parse.number(status, "readyReplicas")
    updated = parse.number(status, "updatedReplicas")
    return max(0, min(updated, ready - (there - updated)))


def _observed(work: Workload, written: Thing) -> int | None:
    """Return the generation that was acted on; None where the kind does not tell.

    A Rollout tells it as text, and of a Deployment that it refers to under another name; a
    LeaderWorkerSet tells it since 0.9.
    """
    top = work.place.thing
    referred = top.itself.uid != written.itself.uid
    name = "workloadObservedGeneration" if referred else "observedGeneration"
    told = str(parse.section(top.body, "status").get(name, ""))
    silent = kinds.GROUPS.name == top.itself.kind and not told
    if silent or kinds.INFERENCE_SERVICE.name == written.itself.kind:
        return None
    return int(told) if told.isascii() and told.isdigit() else 0


def written_at(found: Thing) -> datetime | None:
    """Return when triaged wrote the object last, None where nobody says so."""
    ours = [each.at for each in found.writers if field.ours(each.manager)]
    return max((at for at in ours if at is not None), default=None)


def _after(work: Workload, written: Thing, last: datetime | None) -> bool:
    """Tell whether the newest pod became ready after the write, where nothing else tells of it."""
    if _observed(work, written) is not None or last is None:
        return True
    ours = written_at(written)
    return ours is not None and last > ours
