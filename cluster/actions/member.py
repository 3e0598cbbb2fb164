"""A pod of the target, and what goes with it when it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cluster import gpus
from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference, Pod
from cluster.clients.things import Thing
from cluster.owners import disaggregated_set, workload
from cluster.owners.place import value
from cluster.owners.sight import Hidden, Sight
from cluster.owners.workload import Workload
from cluster.rights import gets, lists
from cluster.targets.target import Target
from incidents.errors import Rejected

DEEPEST: Final = 8
"""So many controllers stand above a pod at most: a worker's leader has some of its own."""
GROUP: Final = "leaderworkerset.sigs.k8s.io/group-index"
ALONE: Final = ("None", "Default")
"""Restart policies of a LeaderWorkerSet with which the rest of a group stays.

Source: lws api/leaderworkerset/v1; without one of these a pod that is made anew takes all of its
group along.
"""

RIGHTS: Final = (
    *workload.RIGHTS,
    *gets(kinds.POD, kinds.REPLICA_SET, kinds.STATEFUL_SET, kinds.GROUPS),
    *lists(kinds.POD),
)
"""What it takes to tell whose a pod is: all that may stand above it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A pod of the target; `leaves` are the pods that go when it goes, itself among them."""

    thing: Thing
    pod: Pod
    work: Workload
    leaves: tuple[Thing, ...]

    @property
    def gpus(self) -> int:
        """Return how many GPUs the pods that go together have."""
        return sum(map(gpus_of, self.leaves))


def find(action: str, target: Target, name: str, sight: Sight) -> Member:
    """Return the pod; raises Rejected for one that is not of the target, whatever its labels."""
    found = read(action, target, name, sight)
    work = workload.of(target, sight)
    if not belongs(found, target, work, sight):
        message = f"{action} {target}: {found} is not a pod of it"
        raise Rejected(message)
    leaves = _group(action, target, found, sight)
    return Member(thing=found, pod=parse.pod(found.body), work=work, leaves=leaves)


def read(action: str, target: Target, name: str, sight: Sight) -> Thing:
    """Return the pod of that name in the target's namespace, whosever it is; raises Rejected."""
    pod = OwnerReference(kind=kinds.POD.name, name=name, api_version=kinds.POD.api_version)
    found = sight.thing(pod)
    if not isinstance(found, Thing):
        why = found.because if found else f"there is no pod {name!r} in {target.namespace}"
        message = f"{action} {target}: {why}"
        raise Rejected(message)
    return found


def belongs(pod: Thing, target: Target, work: Workload, sight: Sight) -> bool:
    """Tell whether the target's workload made it, by the uids of those that stand above it."""
    whole = target.kind == kinds.DISAGGREGATED.name
    wanted = target.uid if whole else work.place.thing.itself.uid
    roles, below = {pod.labels.get(disaggregated_set.ROLE)}, pod
    for _ in range(DEEPEST):
        above = below.controller
        if above is None or above.uid == wanted:
            # A worker has no role of its own: the set that its leader is in has it.
            return above is not None and (not whole or roles - {None} == {target.role})
        found = sight.thing(above)
        if not isinstance(found, Thing) or found.itself.uid != above.uid:
            return False
        roles.add(found.labels.get(disaggregated_set.ROLE))
        below = found
    return False


def all_of(action: str, target: Target, work: Workload, sight: Sight) -> tuple[Thing, ...]:
    """Return all pods of the target, those that go among them; raises Rejected where none is seen.

    Finished pods are left out: nothing of them runs.
    """
    listed = sight.things(kinds.POD)
    if isinstance(listed, Hidden):
        message = f"{action} {target}: its pods cannot be told: {listed.because}"
        raise Rejected(message)
    return tuple(
        each
        for each in listed
        if value(each.body, ("status", "phase")) not in parse.FINISHED
        and belongs(each, target, work, sight)
    )


def made_at(pod: Thing) -> datetime:
    """Return when a pod was made; raises Malformed."""
    written = parse.text(parse.section(pod.body, "metadata"), "creationTimestamp")
    found = parse.moment(written)
    if found is None:
        wrong = "creationTimestamp"
        raise parse.Malformed(wrong)
    return found


def gpus_of(pod: Thing) -> int:
    """Return how many GPUs a pod asks for."""
    spec = parse.section(pod.body, "spec")
    return sum(
        _whole(limits[name])
        for each in parse.items(spec, "containers")
        for limits in (parse.section(parse.section(each, "resources"), "limits"),)
        for name in limits
        if gpus.GPU.fullmatch(name)
    )


def _whole(written: object) -> int:
    """Return a count; extended resources are whole numbers, which the API writes as texts."""
    text = str(written)
    return int(text) if text.isascii() and text.isdigit() else 0


def _group(action: str, target: Target, pod: Thing, sight: Sight) -> tuple[Thing, ...]:
    name, index = pod.labels.get(workload.GROUPS), pod.labels.get(GROUP)
    if not name or index is None or _alone(name, sight):
        return (pod,)
    listed = sight.things(kinds.POD)
    if isinstance(listed, Hidden):
        message = f"{action} {target}: what goes with {pod} cannot be told: {listed.because}"
        raise Rejected(message)
    marks: Mapping[str, str] = {workload.GROUPS: name, GROUP: index}
    return tuple(each for each in listed if marks.items() <= each.labels.items())


def _alone(name: str, sight: Sight) -> bool:
    """Tell whether the rest of a group stays; of what cannot be seen the whole group goes."""
    kind = kinds.GROUPS
    found = sight.thing(OwnerReference(kind=kind.name, name=name, api_version=kind.api_version))
    path = ("spec", "leaderWorkerTemplate", "restartPolicy")
    return isinstance(found, Thing) and value(found.body, path) in ALONE
