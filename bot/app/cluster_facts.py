"""Facts from the cluster: the target that an alert names, and what stands around it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cluster.clients.kinds import REPLICATED, ROUTE, WORKLOADS
from cluster.clients.objects import Backend
from cluster.clients.ports import Kubernetes
from cluster.gpus import GPU
from cluster.rights import gets, lists
from cluster.targets.sight import Sight
from cluster.targets.target import Ambiguous, Selector, Target
from incidents.errors import Rejected, TriagedError
from incidents.events.incident import Workload
from incidents.facts import FACTS, Known, Unknown

SHOWN: Final = 160
COUNTED: Final = ("replicas_wanted", "replicas_missing", "affected_share")
OF_PODS: Final = ("nodes_affected", "pods_pending_gpu")
OF_TARGET: Final = ("failure_mode", "serving", "second_pool_healthy", *COUNTED, *OF_PODS)
"""The facts that `look` tells."""
RIGHTS: Final = (*gets(*WORKLOADS), *lists(ROUTE))
"""What `look` needs besides finding the target."""

Told = Known | Unknown


class Sees(Protocol):
    """Finds workloads, and shows what stands around them."""

    def see(self, selector: Selector) -> Sight:
        """Return the one workload with its pods; raises as `Targets.find` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A target, and the facts that the cluster tells of it."""

    target: Target
    facts: Mapping[str, Told]


def look(selector: Selector, *, targets: Sees, kubernetes: Kubernetes) -> Seen | Unknown:
    """Return what the cluster says of the target, or why it says nothing."""
    try:
        sight = targets.see(selector)
    except TriagedError as error:
        return Unknown(
            why=_short(f"the cluster does not say: {error}"),
            lasting=isinstance(error, Rejected),
            candidates=_fitting(error),
        )
    target = sight.target
    found: dict[str, Told] = {
        "failure_mode": _failure_mode(target),
        "serving": _serving(target),
        "second_pool_healthy": _asked(lambda: _second(sight, kubernetes)),
        "nodes_affected": _nodes(sight),
        "pods_pending_gpu": _pending(sight),
    }
    counted = _counted(target, kubernetes)
    return Seen(target=target, facts={**found, **counted})


def _fitting(error: TriagedError) -> tuple[Workload, ...]:
    """Return the workloads among which a person has to choose; none where that is no help."""
    if not isinstance(error, Ambiguous):
        return ()
    return tuple(
        Workload(kind=one.kind, name=one.name, words=one.words) for one in error.candidates
    )


def _failure_mode(target: Target) -> Told:
    mode = target.picker.failure_mode if target.picker else ""
    if mode not in FACTS["failure_mode"].words:
        return Unknown(why="no endpoint picker is known", lasting=True)
    return Known(value=mode, unit="", source=f"InferencePool {target.pool}")


def _serving(target: Target) -> Told:
    if not target.pool:
        return Unknown(why="no InferencePool is known", lasting=True)
    return Known(value=True, unit="", source=f"InferencePool {target.pool}")


def _counted(target: Target, kubernetes: Kubernetes) -> Mapping[str, Told]:
    """Return how many replicas are wanted and missing; of a LeaderWorkerSet they are groups."""
    try:
        found = _replicas(target, kubernetes)
    except TriagedError as error:
        return {name: Unknown(why=_short(str(error))) for name in COUNTED}
    if found is None:
        why = f"the replicas of a {target.kind} are not read"
        return {name: Unknown(why=why, lasting=True) for name in COUNTED}
    wanted, ready = found
    missing = max(wanted - ready, 0)
    share: Told = Unknown(why="no replica is wanted", lasting=True)
    if wanted:
        share = Known(value=missing / wanted, unit="ratio", source=str(target))
    return {
        "replicas_wanted": Known(value=wanted, unit="replicas", source=str(target)),
        "replicas_missing": Known(value=missing, unit="replicas", source=str(target)),
        "affected_share": share,
    }


def _replicas(target: Target, kubernetes: Kubernetes) -> tuple[int, int] | None:
    """Return how many replicas are wanted and ready; None for a kind that does not say it."""
    if target.kind not in REPLICATED:
        return None
    owner = kubernetes.owner(target.namespace, target.path[-1][0])
    if owner.replicas is None or owner.ready is None:
        return None
    return owner.replicas, owner.ready


def _pending(sight: Sight) -> Told:
    """Return how many pods of the role wait for a GPU that no node has free."""
    waiting = [pod for pod in sight.pods if any(GPU.fullmatch(each) for each in pod.lacks)]
    unit = FACTS["pods_pending_gpu"].unit
    return Known(value=len(waiting), unit=unit, source=f"the pods of {sight.target}")


def _nodes(sight: Sight) -> Told:
    """Return on how many nodes pods of the role are no longer ready; without pods nobody knows.

    One that loads its model for the first time does not speak against its node: scaling would
    raise the incident that it mends.
    """
    if not sight.pods:
        return Unknown(why=f"{sight.target} has no pods", lasting=True)
    down = (pod for pod in sight.pods if pod.ready_since is None and not pod.loading)
    nodes = {pod.node for pod in down} - {""}
    unit = FACTS["nodes_affected"].unit
    return Known(value=len(nodes), unit=unit, source=f"the pods of {sight.target}")


def _second(sight: Sight, kubernetes: Kubernetes) -> Told:
    """Return whether all traffic of the pool has another pool that is ready and takes a share."""
    pool = sight.target.pool
    if not pool:
        return Unknown(why="no InferencePool is known", lasting=True)
    rules = [rule for one in kubernetes.routes(sight.target.namespace) for rule in one.rules]
    mine = [rule for rule in rules if any(_same(one, pool) for one in rule)]
    if not mine:
        return Unknown(why=f"no route leads to InferencePool {pool}", lasting=True)
    told = [_beside(pool, rule, sight) for rule in mine]
    source = f"the routes of InferencePool {pool}"
    if None in told:
        return Known(value=False, unit="", source=source)
    for one in told:
        if isinstance(one, Unknown):
            return one
    pools = sorted({one for one in told if isinstance(one, str)})
    ready = ", ".join(f"InferencePool {pool} is ready" for pool in pools)
    return Known(value=True, unit="", source=f"{source}: {ready}")


def _beside(pool: str, rule: Sequence[Backend], sight: Sight) -> str | Unknown | None:
    """Return a pool that is ready beside this one in a rule, None where there is none."""
    others = [one for one in rule if one.weight > 0 and not _same(one, pool)]
    found = [_healthy(one, pool, sight) for one in others]
    ready = [one for one in found if isinstance(one, str)]
    unseen = [one for one in found if isinstance(one, Unknown)]
    if ready:
        return ready[0]
    return unseen[0] if unseen else None


def _healthy(other: Backend, pool: str, sight: Sight) -> str | Unknown | None:
    """Return the pool's name where all its pods are ready, None where none is."""
    if other.namespace or other.pool not in sight.scene.pools:
        return Unknown(why=_short(f"InferencePool {other.pool} is not seen"), lasting=True)
    own = {pod.name for pod in sight.scene.inside(pool)}
    pods = [pod for pod in sight.scene.inside(other.pool) if pod.name not in own]
    ready = [pod for pod in pods if pod.ready_since is not None]
    if not ready:
        return None
    if len(ready) < len(pods):
        why = f"of InferencePool {other.pool} {len(ready)} of {len(pods)} pods are ready"
        return Unknown(why=_short(why))
    return other.pool


def _same(one: Backend, pool: str) -> bool:
    return one.pool == pool and not one.namespace


def _asked(ask: Callable[[], Told]) -> Told:
    try:
        return ask()
    except TriagedError as error:
        return Unknown(why=_short(str(error)))


def _short(words: str) -> str:
    return words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"
