"""From a pod up to its topmost controller, and what is worth showing of the way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cluster.clients import kinds
from cluster.clients.objects import Owner, OwnerReference, Pod
from cluster.clients.ports import Kubernetes
from cluster.clients.refusals import Forbidden, Missing
from cluster.targets import marks
from cluster.targets.target import Path
from incidents.errors import Rejected

HIGHEST: Final = 8
"""More levels than any install has; what claims to have more goes in circles."""

GROUPS: Final = "LeaderWorkerSet"
GROUPS_API: Final = "leaderworkerset.x-k8s.io/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """The owners above one pod, the topmost last, and what could not be seen."""

    way: tuple[OwnerReference, ...]
    owners: tuple[Owner, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def top(self) -> OwnerReference:
        """Return what stands highest."""
        return self.way[-1]

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what makes two tops the same object; versions of an API show the same one."""
        return (self.top.group, self.top.kind, self.top.name)


Look = Callable[[OwnerReference], Owner | str]
"""Returns the object behind a reference, or in words why nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Asks for every object once; `pods` are those that are known already."""

    kubernetes: Kubernetes
    namespace: str
    pods: Mapping[str, Pod]
    seen: dict[OwnerReference, Owner | str] = field(default_factory=dict)

    def __call__(self, reference: OwnerReference) -> Owner | str:
        """Return the object, or why there is nothing to go on from."""
        if reference not in self.seen:
            self.seen[reference] = self._ask(reference)
        return self.seen[reference]

    def _ask(self, reference: OwnerReference) -> Owner | str:
        if not kinds.above(reference):
            return f"{reference} is of a kind that is not read: nothing is known of what is above"
        known = self.pods.get(reference.name) if reference.kind == "Pod" else None
        if known is not None and known.uid == reference.uid:
            return Owner(itself=reference, owners=known.owners)
        found = self._asked(reference)
        if isinstance(found, Owner) and reference.uid not in {"", found.itself.uid}:
            return f"{reference} was deleted and made anew: the pods are of the old one"
        return found

    def _asked(self, reference: OwnerReference) -> Owner | str:
        try:
            return self.kubernetes.owner(self.namespace, reference)
        except Forbidden:
            return f"{reference}: no permission to see what is above it"
        except Missing:
            return f"{reference} is gone"
        except Rejected as error:
            return f"{reference} cannot be read: {error}"


def climb(pod: Pod, look: Look) -> Climb:
    """Return what stands above a pod; one without a controller stands for itself.

    A worker of a LeaderWorkerSet is climbed through its leader's pod; where that is gone or not to
    be seen, its label names the set.
    """
    itself = OwnerReference(kind="Pod", name=pod.name, uid=pod.uid, api_version="v1")
    first = controller(pod.owners)
    if first is None:
        return Climb(way=(itself,))
    found = _from(first, look)
    if found.notes and found.top.kind in {"StatefulSet", "Pod"} and pod.labels.get(marks.GROUPS):
        return _by_label(pod, look) or found
    return found


def controller(owners: Sequence[OwnerReference]) -> OwnerReference | None:
    """Return the controlling owner; the API allows one, and of several the first by name counts."""
    found = [each for each in owners if each.controller]
    return min(found, key=_order, default=None)


def levels(climbs: Sequence[Climb]) -> Path:
    """Return the ways of several pods to one top as levels, without what nobody acts on."""
    ways = {_shown(each.way) for each in climbs}
    highest = max(len(way) for way in ways)
    # Counted from the top: the pods of one workload may stand at different depths.
    found = [[way[-up] for way in ways if len(way) >= up] for up in range(highest, 0, -1)]
    return tuple(_once(level) for level in found)


def _from(first: OwnerReference, look: Look) -> Climb:
    way: list[OwnerReference] = []
    owners: list[Owner] = []
    current: OwnerReference | None = first
    while current is not None:
        if current in way or len(way) >= HIGHEST:
            return Climb(way=tuple(way), owners=tuple(owners), notes=(f"{current} owns itself",))
        way.append(current)
        found = look(current)
        if isinstance(found, str):
            return Climb(way=tuple(way), owners=tuple(owners), notes=(found,))
        owners.append(found)
        current = controller(found.owners)
    return Climb(way=tuple(way), owners=tuple(owners))


def _by_label(pod: Pod, look: Look) -> Climb | None:
    named = OwnerReference(kind=GROUPS, name=pod.labels[marks.GROUPS], api_version=GROUPS_API)
    found = look(named)
    if isinstance(found, str):
        return None
    # With its uid, which the label does not say.
    return _from(replace(named, uid=found.itself.uid), look)


def _shown(way: Sequence[OwnerReference]) -> tuple[OwnerReference, ...]:
    """Return the way without ReplicaSets, and without what a LeaderWorkerSet is made of."""
    grouped = any(each.kind == GROUPS for each in way)
    plumbing = {"ReplicaSet", "StatefulSet", "Pod"} if grouped else {"ReplicaSet"}
    return (*(each for each in way[:-1] if each.kind not in plumbing), way[-1])


def _once(level: Sequence[OwnerReference]) -> tuple[OwnerReference, ...]:
    """Return each object once: references may name it by different versions of its API."""
    known = {(each.group, each.kind, each.name): each for each in sorted(level, key=_order)}
    return tuple(sorted(known.values(), key=_order))


def _order(reference: OwnerReference) -> tuple[str, str, str, str]:
    return (reference.kind, reference.name, reference.uid, reference.api_version)
