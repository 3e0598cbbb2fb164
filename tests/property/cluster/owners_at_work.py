"""A small model of the controllers that write sizes: what each brings back to what it knows.

It shares no code with the planner: rules here are said once more, from the sources named in
docs/owners.md.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]  # objects are JSON, whose shape follows their kind
Key = tuple[str, str]
ROUNDS = 12
"""Controllers that have not come to rest after so many rounds fight each other."""


@dataclass
class World:
    """Objects by kind and name, what Git would bring back, and what the load asks for.

    `healed` are the objects with their paths that a Git controller writes back; `workload` is the
    object whose number of replicas counts; `operated` is kept by an operator nobody knows.
    """

    objects: dict[Key, Body]
    workload: Key
    load: int
    healed: Mapping[Key, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    git: Mapping[Key, Body] = field(default_factory=dict)
    operated: bool = False
    kept_by_operator: int = 0

    def copy(self) -> "World":
        return World(**{**self.__dict__, "objects": deepcopy(self.objects)})

    @property
    def size(self) -> int:
        return read(self.objects[self.workload], path_of_size(self)) or 0


def path_of_size(world: World) -> tuple[str, ...]:
    """Return where the workload has its size; of a DisaggregatedSet the second role has it."""
    if world.workload[0] == "DisaggregatedSet":
        return ("spec", "roles", "1", "spec", "replicas")
    return ("spec", "replicas")


def settled(world: World) -> World | None:
    """Return the world when all controllers have nothing left to do; None when they never have."""
    now = world.copy()
    for _ in range(ROUNDS):
        rest = [_changes_nothing(now, controller) for controller in CONTROLLERS]
        if all(rest):
            return now
    return None


def _changes_nothing(world: World, controller: Callable[[World], None]) -> bool:
    # Two that undo each other leave every round as it began: each is asked for itself.
    before = deepcopy(world.objects)
    controller(world)
    return world.objects == before


def git(world: World) -> None:
    """Bring back the fields that Git has of the objects that are healed."""
    for key, paths in world.healed.items():
        for path in paths:
            write(world.objects[key], path, read(world.git[key], path))


def kserve(world: World) -> None:
    """Write what the service says into what it made."""
    for (kind, name), service in list(world.objects.items()):
        if kind != "LLMInferenceService":
            continue
        spec, scaling = service["spec"], service["spec"].get("scaling")
        for key, made in world.objects.items():
            if owner(made) != (kind, name):
                continue
            if key[0] == "HorizontalPodAutoscaler" and scaling:
                made["spec"] |= {each: scaling[each] for each in ("minReplicas", "maxReplicas")}
            if key[0] == "ScaledObject" and scaling:
                made["spec"]["minReplicaCount"] = scaling["minReplicas"]
                made["spec"]["maxReplicaCount"] = scaling["maxReplicas"]
            if key[0] == "Deployment" and spec.get("replicas") is not None:
                made["spec"]["replicas"] = spec["replicas"]


def keda(world: World) -> None:
    """Write the bounds into the generated autoscaler, or hold the workload at a number."""
    for (kind, name), scaled in list(world.objects.items()):
        if kind != "ScaledObject":
            continue
        notes = scaled["metadata"]["annotations"]
        if pinned := notes.get("autoscaling.keda.sh/paused-replicas"):
            world.objects[scaled_by(scaled)]["spec"]["replicas"] = int(pinned)
        for made in world.objects.values():
            if owner(made) == (kind, name):
                made["spec"]["minReplicas"] = max(1, scaled["spec"].get("minReplicaCount", 0))
                made["spec"]["maxReplicas"] = scaled["spec"].get("maxReplicaCount", 100)


def autoscalers(world: World) -> None:
    """Clamp what the load asks for; a workload at zero is left alone."""
    for (kind, _), autoscaler in world.objects.items():
        if kind != "HorizontalPodAutoscaler":
            continue
        spec = autoscaler["spec"]
        target = world.objects[scaled_by(autoscaler)]
        if target["spec"]["replicas"] > 0:
            low = spec.get("minReplicas", 1)
            target["spec"]["replicas"] = min(max(world.load, low), spec["maxReplicas"])


def rollouts(world: World) -> None:
    """Keep the Deployment whose template a Rollout uses at zero."""
    for (kind, _), rollout in world.objects.items():
        if kind == "Rollout" and (referred := rollout["spec"].get("workloadRef")):
            world.objects[referred["kind"], referred["name"]]["spec"]["replicas"] = 0


def operator(world: World) -> None:
    """Write the replicas back, as an operator does that nobody here knows."""
    if world.operated:
        write(world.objects[world.workload], path_of_size(world), world.kept_by_operator)


CONTROLLERS = (git, kserve, keda, autoscalers, rollouts, operator)


def owner(body: Body) -> Key | None:
    """Return the controller of an object."""
    owners = body["metadata"]["ownerReferences"]
    return (owners[0]["kind"], owners[0]["name"]) if owners else None


def scaled_by(autoscaler: Body) -> Key:
    """Return what an autoscaler or a ScaledObject scales."""
    target = autoscaler["spec"]["scaleTargetRef"]
    return target.get("kind", "Deployment"), target["name"]


def read(body: Any, path: tuple[str, ...]) -> Any:
    """Return what stands at a path, None for nothing."""
    for part in path:
        body = body[int(part)] if isinstance(body, list) else body.get(part)
        if body is None:
            return None
    return body


def write(body: Any, path: tuple[str, ...], new: object) -> None:
    """Put a value at a path."""
    for part in path[:-1]:
        body = body[int(part)] if isinstance(body, list) else body.setdefault(part, {})
    body[path[-1]] = new
