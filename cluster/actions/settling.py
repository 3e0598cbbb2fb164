"""How far a change of a size has come, and who undid it."""

from typing import Final

from cluster.actions import field
from cluster.actions.plan import Plan, Settled
from cluster.clients import kinds
from cluster.clients.objects import newest
from cluster.clients.ports import Kubernetes
from cluster.clients.things import Thing
from cluster.owners import hpa, workload
from cluster.owners.in_git import HPA, dotted
from cluster.owners.sight import Hidden, LiveSight, Sight
from cluster.rights import lists

RIGHTS: Final = lists(kinds.POD, kinds.AUTOSCALER)
"""What `settled` needs besides the workload's."""


def settled(kubernetes: Kubernetes, plan: Plan) -> Settled:
    """Count the ready pods of the target, and name who changed the field since.

    `since` may lie before the change when pods were taken away. Raises Rejected when something is
    gone, Unavailable when the cluster cannot be asked.
    """
    sight = LiveSight(kubernetes, plan.target.namespace)
    work = workload.of(plan.target, sight)
    found = field.written(kubernetes, plan)
    still = field.stands(plan, found)
    pods = kubernetes.pods(plan.target.namespace, work.selector)
    # One that has failed, as after an eviction by its node, may lie there for days.
    present = [pod for pod in pods if not (pod.leaving or pod.finished)]
    ready = [pod.ready_since for pod in present if pod.ready_since is not None]
    wanted = _wanted(plan, work)
    complete = still and len(ready) == wanted == len(present)
    return Settled(
        ready=len(ready),
        wanted=wanted,
        since=max(ready, default=None) if complete else None,
        reverted_by=None if still else undone_by(plan, found, sight),
    )


def _wanted(plan: Plan, work: workload.Workload) -> int:
    """Return how many pods are wanted: of a raised floor at least as many as it says."""
    after = dict(plan.after)
    least = next((int(after[name]) for name in FLOORS if name in after), None)
    if least is not None:
        return max(work.place.size, least) * work.each
    return int(after.get("replicas", work.place.size)) * work.each


FLOORS: Final = ("minReplicas", "minReplicaCount")


def undone_by(plan: Plan, found: Thing, sight: Sight) -> str:
    """Return who wrote one of the fields last, other than triaged."""
    fields = {dotted(each) for each in field.written_paths(plan)}
    others = [
        each for each in found.writers if each.fields & fields and not field.ours(each.manager)
    ]
    last = newest(others)
    if last is None:
        return "somebody (the API server does not say who)"
    if (last.manager, last.subresource) != HPA:
        return last.manager
    listed = sight.things(kinds.AUTOSCALER)
    seen = () if isinstance(listed, Hidden) else listed
    names = [str(each.itself) for each in seen if hpa.scales(each, found.itself)]
    return names[0] if names else last.manager
