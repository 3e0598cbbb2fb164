"""The pods of a namespace that may serve models, and the pools that they stand in."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from cluster.clients import kinds
from cluster.clients.objects import Pod, Pool, Workload
from cluster.clients.ports import Kubernetes
from cluster.clients.refusals import Forbidden
from cluster.targets import marks
from cluster.targets.sight import Scene

LABELS: Final = (marks.ROLE, marks.MODEL, marks.SET_ROLE, marks.GROUPS)
"""Pods with any of these labels are looked at, whether a pool selects them or not."""


def look(kubernetes: Kubernetes, namespace: str) -> Scene:
    """Return the scene; raises what the port raises, but for pools that we may not see."""
    pools, notes = _pools(kubernetes, namespace)
    seen = [
        pod
        for selector in _selectors(pools)
        for pod in kubernetes.pods(namespace, selector)
        if not (pod.leaving or pod.finished or marks.quarantined(pod))
    ]
    pods = sorted(seen, key=lambda pod: pod.name)
    unfit = [f"InferencePool {x.name} has no selector" for x in pools if not marks.selector(x)]
    return Scene(
        pods={pod.name: pod for pod in pods},
        pools={pool.name: pool for pool in sorted(pools, key=lambda pool: pool.name)},
        roles=marks.roles(pods),
        notes=(*notes, *sorted(unfit)),
    )


def unmade(kubernetes: Kubernetes, namespace: str, seen: Scene) -> Scene:
    """Return the scene with a pod for each workload, as it would make one: for where none is there.

    Each has the name of its workload, which no pod can have. Raises what the port raises, but for
    kinds that we may not list.
    """
    made: dict[str, Pod] = {}
    notes: list[str] = []
    replaced: set[str] = set()
    workloads: list[Workload] = []
    for kind in kinds.WORKLOADS:
        try:
            workloads += kubernetes.workloads(namespace, kind)
        except Forbidden:
            notes.append(f"no permission to list {kind}s, which may be there without pods")
    by_name = {str(each.itself): each for each in workloads}
    for each in workloads:
        of = by_name.get(f"Deployment {each.template_of}")
        # The Deployment that a Rollout refers to stays at zero, and is not what has to be scaled.
        replaced |= {str(of.itself)} if of else set()
        made[str(each.itself)] = _first(namespace, each, of or each)
    pods = {
        name: pod
        for name, pod in sorted(made.items())
        if name not in replaced and _looked_at(pod, seen.pools.values())
    }
    roles = marks.roles(list(pods.values()))
    return replace(seen, pods=pods, roles=roles, notes=(*seen.notes, *notes))


def _first(namespace: str, workload: Workload, template: Workload) -> Pod:
    """Return the first pod that the workload would make; of a group it is the leader."""
    grouped = workload.itself.kind == "LeaderWorkerSet"
    leads = {marks.GROUPS: workload.itself.name, marks.RANK: "0"} if grouped else {}
    return Pod(
        namespace=namespace,
        name=str(workload.itself),
        labels={**template.labels, **leads},
        owners=(workload.itself,),
        served=template.served,
    )


def _looked_at(pod: Pod, pools: Iterable[Pool]) -> bool:
    labelled = any(label in pod.labels for label in LABELS)
    return labelled or any(marks.selects(pool, pod) for pool in pools)


def _pools(kubernetes: Kubernetes, namespace: str) -> tuple[Sequence[Pool], tuple[str, ...]]:
    try:
        return kubernetes.pools(namespace), ()
    except Forbidden:
        return (), ("no permission to list InferencePools: pods were looked for by labels only",)


def _selectors(pools: Sequence[Pool]) -> Iterator[str]:
    """Yield selectors that overlap as little as they can: every pod is sent once."""
    for index, label in enumerate(LABELS):
        yield ",".join([label, *(f"!{known}" for known in LABELS[:index])])
    unlabelled = ",".join(f"!{known}" for known in LABELS)
    found = {marks.selector(pool) for pool in pools if not pool.selector.keys() & set(LABELS)}
    yield from (f"{each},{unlabelled}" for each in sorted(found - {None}, key=str))
