"""Room for GPUs: which nodes a pod may stand on, what is free there, and what fits. Pure.

Only the pods of one namespace are seen, so that what is free is free at most.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json, Thing
from cluster.gpus import GPU
from cluster.owners.place import value

Gpus = Mapping[str, int]
"""How many GPUs of each resource, such as `nvidia.com/gpu`."""
NEVER: Final = frozenset({"NoSchedule", "NoExecute"})
LONGEST: Final = 9
"""Digits of a count; extended resources are whole numbers, which the API writes as texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """A node that the pod may stand on, and what is free there at most."""

    name: str
    gpus: Gpus
    labels: Mapping[str, str]


def wants(pod: Thing) -> Gpus:
    """Return the GPUs that a pod asks for; raises Malformed."""
    found: dict[str, int] = {}
    for each in parse.items(parse.section(pod.body, "spec"), "containers"):
        limits = parse.section(parse.section(each, "resources"), "limits")
        for name in limits:
            if GPU.fullmatch(name):
                found[name] = found.get(name, 0) + whole(limits[name])
    return found


def whole(written: object) -> int:
    """Return a count, 0 for what is none."""
    text = str(written)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST else 0


def free(
    nodes: Sequence[Thing], pods: Sequence[Thing], model: Thing, leaving: Sequence[str]
) -> tuple[Free, ...]:
    """Return the nodes on which a pod like `model` may stand, and what is free on each.

    `leaving` are the names of pods whose GPUs come free before. Raises Malformed.
    """
    used: dict[str, list[Gpus]] = {}
    for each in pods:
        phase = parse.text(parse.section(each.body, "status"), "phase")
        if each.itself.name not in leaving and phase not in parse.FINISHED:
            host = parse.text(parse.section(each.body, "spec"), "nodeName")
            used.setdefault(host, []).append(wants(each))
    return tuple(
        Free(
            name=node.itself.name,
            gpus={
                name: has - _sum(used.get(node.itself.name, ()), name) for name, has in _has(node)
            },
            labels=node.labels,
        )
        for node in nodes
        if _may_stand(model, node)
    )


def fits(needs: Sequence[Gpus], rooms: Sequence[Free]) -> int:
    """Return how many of the pods find room, the largest first, each where least is left over."""
    left = [dict(each.gpus) for each in rooms]
    placed = 0
    for need in sorted(needs, key=lambda each: sum(each.values()), reverse=True):
        fitting = [each for each in left if all(each.get(k, 0) >= n for k, n in need.items())]
        if fitting:
            chosen = min(fitting, key=lambda each: sum(each.values()))
            for name, number in need.items():
                chosen[name] -= number
            placed += 1
    return placed


def certainly_none(needs: Sequence[Gpus], rooms: Sequence[Free]) -> bool:
    """Tell whether not all can find room, however they are placed.

    Pods that want the same are placed exactly; of others the total and the largest are compared.
    """
    if fits(needs, rooms) == len(needs):
        return False
    if all(each == needs[0] for each in needs):
        return True
    names = {name for each in needs for name in each}
    return any(
        sum(each.get(name, 0) for each in needs) > sum(max(0, x.gpus.get(name, 0)) for x in rooms)
        or max(each.get(name, 0) for each in needs)
        > max((x.gpus.get(name, 0) for x in rooms), default=0)
        for name in names
    )


def _has(node: Thing) -> Iterator[tuple[str, int]]:
    room = parse.section(parse.section(node.body, "status"), "allocatable")
    return ((name, whole(room[name])) for name in room if GPU.fullmatch(name))


def _sum(used: Sequence[Gpus], name: str) -> int:
    return sum(each.get(name, 0) for each in used)


def _may_stand(pod: Thing, node: Thing) -> bool:
    spec, kept = parse.section(node.body, "spec"), parse.section(pod.body, "spec")
    if spec.get("unschedulable") is True or not _ready(node):
        return False
    chosen = parse.texts(kept, "nodeSelector")
    tolerated = all(_tolerates(kept, taint) for taint in parse.items(spec, "taints"))
    return tolerated and chosen.items() <= node.labels.items() and _affine(kept, node)


def _ready(node: Thing) -> bool:
    conditions = parse.items(parse.section(node.body, "status"), "conditions")
    return any(
        parse.text(each, "type") == "Ready" and parse.text(each, "status") == "True"
        for each in conditions
    )


def _tolerates(spec: Json, taint: Json) -> bool:
    """Tell whether a pod may stand beside a taint; one named after GPUs is tolerated by admission.

    Source: Kubernetes, ExtendedResourceToleration.
    """
    effect, key = parse.text(taint, "effect"), parse.text(taint, "key")
    if effect not in NEVER or GPU.fullmatch(key):
        return True
    return any(_matches(each, taint) for each in parse.items(spec, "tolerations"))


def _matches(toleration: Json, taint: Json) -> bool:
    effect, key = parse.text(toleration, "effect"), parse.text(toleration, "key")
    if effect not in ("", parse.text(taint, "effect")):
        return False
    if parse.text(toleration, "operator") == "Exists":
        return key in ("", parse.text(taint, "key"))
    same = parse.text(toleration, "value") == parse.text(taint, "value")
    return key == parse.text(taint, "key") and same


def _affine(spec: Json, node: Thing) -> bool:
    """Tell whether one term of the required node affinity fits; what is not known fits."""
    needed = value(
        spec, ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    )
    if not isinstance(needed, Mapping):
        return True
    terms = parse.items(needed, "nodeSelectorTerms")
    return any(
        all(_expressed(each, node.labels) for each in parse.items(term, "matchExpressions"))
        for term in terms
    )


def _expressed(term: Json, labels: Mapping[str, str]) -> bool:
    key, listed = parse.text(term, "key"), term.get("values")
    values = [str(each) for each in listed] if isinstance(listed, list) else []
    match parse.text(term, "operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return True
