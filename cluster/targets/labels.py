"""Finds a workload by pools and labels of pods, and climbs from them to what controls them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cluster.clients import kinds
from cluster.clients.objects import Pod
from cluster.clients.ports import Kubernetes
from cluster.clients.refusals import Forbidden
from cluster.rights import gets, lists
from cluster.targets import climbing, found, marks, scene
from cluster.targets.climbing import Climb, Looking, climb
from cluster.targets.sight import Scene, Sight
from cluster.targets.target import Ambiguous, NotFound, Selector, Target
from incidents.errors import Rejected

CLUSTER: Final = "local"
RIGHTS: Final = (
    *lists(kinds.POD, *kinds.POOLS, kinds.ROUTE, *kinds.WORKLOADS),
    *gets(*kinds.ABOVE),
)
"""What finding a target needs."""
MADE_OF: Final = ("app.kubernetes.io/part-of", "llminferenceservice")
POOLS_APART: Final = (
    "give the alert's rule a label inference_pool where they stand in pools of their own"
)
"""What a person can do about several workloads: the first of the labels that name a pool."""

_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)

Climbing = Callable[[Pod], Climb]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What fits among the pods of a scene: those that serve the model, and what stands above."""

    scene: Scene
    up: Climbing
    of_model: Sequence[Pod]
    pods: Sequence[Pod]
    tops: Mapping[tuple[str, str, str], Sequence[Climb]]


class LabelTargets:
    """Implements the port `Targets`.

    It starts from pods, those that InferencePools select and those with llm-d's labels: some charts
    label the pods and not the Deployment. Where no pod fits, it starts from what workloads say of
    the pods that they would make: that everything is gone is no reason not to find it. The words of
    the incident are compared here and never put into a selector: alerts are text from outside.

    `cluster` is what alerts call the cluster at hand; those that name none are of it, too.
    """

    def __init__(self, kubernetes: Kubernetes, *, cluster: str = CLUSTER) -> None:
        self._kubernetes = kubernetes
        self._cluster = cluster

    def find(self, selector: Selector) -> Target:
        """Return the one workload."""
        return self.see(selector).target

    def see(self, selector: Selector) -> Sight:
        """Return the one workload, and what was looked at to find it; raises as `find` does."""
        self._check(selector)
        there = self._attempt(selector, scene.look(self._kubernetes, selector.namespace))
        if there.tops:
            return Sight(target=_only(selector, there), scene=there.scene)
        if not selector.model and not selector.pool:
            raise NotFound(_nothing(selector, there.scene, there.of_model))
        unmade = scene.unmade(self._kubernetes, selector.namespace, there.scene)
        above = self._attempt(selector, unmade)
        if not above.tops:
            looked = replace(there.scene, notes=above.scene.notes)
            raise NotFound(_nothing(selector, looked, there.of_model))
        return Sight(target=_without_pods(_only(selector, above), there.scene), scene=there.scene)

    def _attempt(self, selector: Selector, seen: Scene) -> Attempt:
        up = _climber(Looking(self._kubernetes, selector.namespace, seen.pods), seen)
        of_model, unseen = self._of_model(selector, seen, up)
        notes = tuple(dict.fromkeys((*seen.notes, *unseen)))
        pods = [pod for pod in of_model if marks.fits(seen.roles[pod.name], selector.role)]
        return Attempt(
            scene=replace(seen, notes=notes),
            up=up,
            of_model=of_model,
            pods=pods,
            tops=_tops(pods, up, selector.chosen),
        )

    def _check(self, selector: Selector) -> None:
        if selector.cluster not in {CLUSTER, self._cluster}:
            message = (
                f"no access to the cluster {selector.cluster!r}: "
                f"the one at hand is called {self._cluster!r}"
            )
            raise Rejected(message)
        if not _NAMESPACE.fullmatch(selector.namespace):
            message = f"not a namespace: {selector.namespace!r}"
            raise Rejected(message)

    def _of_model(
        self, selector: Selector, seen: Scene, up: Climbing
    ) -> tuple[Sequence[Pod], Sequence[str]]:
        """Return the pods that serve the model, and what could not be seen while looking.

        They are all pods of the pool where only that is known.
        """
        there = seen.inside(selector.pool) if selector.pool else tuple(seen.pods.values())
        if not selector.model:
            return (there if selector.pool else ()), ()
        serving = [pod for pod in there if _serves(pod, selector.model, up)]
        unseen = sorted({note for pod in there if _of_kserve(pod) for note in up(pod).notes})
        if serving:
            return serving, unseen
        routed, hidden = self._routed(selector, seen, there)
        return routed, [*unseen, *hidden]

    def _routed(
        self, selector: Selector, seen: Scene, there: Sequence[Pod]
    ) -> tuple[Sequence[Pod], Sequence[str]]:
        """Return the pods of the pools to which a route leads the model, by its exact name."""
        if not seen.pools:
            return (), ()
        try:
            routes = self._kubernetes.routes(selector.namespace)
        except Forbidden:
            return (), ("no permission to list HTTPRoutes",)
        pools = {pool for route in routes for model, pool in route.leads if model == selector.model}
        names = {pod.name for pool in pools for pod in seen.inside(pool)}
        return [pod for pod in there if pod.name in names], ()


def _only(selector: Selector, there: Attempt) -> Target:
    """Return the target below the only top; raises Ambiguous for several."""
    if len(there.tops) > 1:
        raise _several(selector, there.tops)
    ((_, climbs),) = there.tops.items()
    return found.target(
        selector,
        there.scene,
        members=_members(there.pods, climbs, there.scene, there.up, selector.role),
        climbs=climbs,
        of_model=there.of_model,
    )


def _without_pods(target: Target, seen: Scene) -> Target:
    """Return a target that was found by what it would make: it has no pods."""
    alone = len(seen.inside(target.pool)) == 1 if target.pool else None
    return replace(target, pods=(), members=(), one_endpoint=alone)


def _climber(look: Looking, seen: Scene) -> Climbing:
    """Return a function that climbs from each pod once."""
    known: dict[str, Climb] = {}

    def up(pod: Pod) -> Climb:
        start = _leader(pod, seen) or pod
        if start.name not in known:
            known[start.name] = climb(start, look)
        return known[start.name]

    return up


def _leader(pod: Pod, seen: Scene) -> Pod | None:
    """Return the leader of a worker, when its pod was seen: hundreds of workers share its way.

    A worker's StatefulSet has the name of the leader's pod.
    """
    first = climbing.controller(pod.owners)
    if first is None or first.kind != "StatefulSet" or not marks.rank(pod):
        return None
    leader = seen.pods.get(first.name)
    if leader is None or marks.rank(leader) != 0:
        return None
    same = leader.labels.get(marks.GROUPS) == pod.labels.get(marks.GROUPS)
    return leader if same else None


def _serves(pod: Pod, model: str, up: Climbing) -> bool:
    """Tell whether the pod serves the model; KServe says so in the object that made the pod."""
    if marks.serves(pod, model):
        return True
    return _of_kserve(pod) and any(model in owner.models for owner in up(pod).owners)


def _of_kserve(pod: Pod) -> bool:
    name, value = MADE_OF
    return pod.labels.get(name) == value


def _tops(
    pods: Sequence[Pod], up: Climbing, chosen: str
) -> Mapping[tuple[str, str, str], Sequence[Climb]]:
    tops: dict[tuple[str, str, str], list[Climb]] = {}
    for pod in pods:
        above = up(pod)
        if chosen in {"", str(above.top)}:
            tops.setdefault(above.key, []).append(above)
    return tops


def _members(
    pods: Sequence[Pod], climbs: Sequence[Climb], seen: Scene, up: Climbing, role: str
) -> Sequence[Pod]:
    """Return all pods of the workload: workers of a group may say nothing of their model."""
    key = climbs[0].key
    own = [pod for pod in pods if up(pod).key == key]
    groups = {pod.labels[marks.GROUPS] for pod in own if pod.labels.get(marks.GROUPS)}
    names = {pod.name for pod in own}
    workers = [
        pod
        for pod in seen.pods.values()
        if pod.name not in names
        and pod.labels.get(marks.GROUPS) in groups
        and marks.fits(seen.roles[pod.name], role)
        and up(pod).key == key
    ]
    return sorted([*own, *workers], key=lambda pod: pod.name)


def _meant(selector: Selector) -> str:
    model = f" of {selector.model!r}" if selector.model else ""
    pool = f" of the InferencePool {selector.pool!r}" if selector.pool else ""
    return f"{selector.role} workload{model}{pool} in {selector.namespace}"


def _nothing(selector: Selector, seen: Scene, of_model: Sequence[Pod]) -> str:
    """Say what was looked for and where: a person has to see what is missing."""
    return f"no {_meant(selector)}: {'; '.join(_where(selector, seen, of_model))}"


def _where(selector: Selector, seen: Scene, of_model: Sequence[Pod]) -> Iterator[str]:
    if not selector.model and not selector.pool:
        yield "neither a model nor a pool is known"
        return
    pools = ", ".join(seen.pools) or "none"
    labels = ", ".join(scene.LABELS)
    yield f"looked at {len(seen.pods)} pods with labels ({labels}) or in InferencePools ({pools})"
    if of_model and selector.chosen:
        yield f"none of them belongs to {selector.chosen!r}"
    elif of_model:
        roles = sorted({seen.roles[pod.name] for pod in of_model})
        yield f"the model is served as {', '.join(roles)} only"
    yield from seen.notes


def _several(selector: Selector, tops: Mapping[tuple[str, str, str], Sequence[Climb]]) -> Ambiguous:
    candidates = [found.candidate(climbs) for climbs in tops.values()]
    ordered = sorted(candidates, key=lambda each: (each.kind, each.name, each.api_version))
    named = ", ".join(map(str, ordered))
    apart = "" if selector.pool else f", and {POOLS_APART}"
    message = (
        f"several workloads could be the {_meant(selector)}: {named}; "
        f"none is chosen: say which one is meant{apart}"
    )
    return Ambiguous(message, candidates=ordered)
