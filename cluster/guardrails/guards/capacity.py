"""capacity: new pods find GPUs of the right kind, and the quota allows them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.things import Thing
from cluster.guardrails import effect, room
from cluster.guardrails.effect import Effect
from cluster.guardrails.guard import Answer, CannotTell, Guard, Refused, Warned
from cluster.guardrails.room import Free, Gpus
from cluster.guardrails.scene import OnePod, Scene
from cluster.owners.sight import Hidden
from cluster.rights import lists
from cluster.targets import marks

AUTOSCALED: Final = ("karpenter.sh/", "cluster-autoscaler.kubernetes.io/")
"""How labels and annotations begin of nodes that somebody makes and takes away."""
TAINTED: Final = "ClusterAutoscaler"
EXCLUSIVE: Final = "leaderworkerset.sigs.k8s.io/exclusive-topology"
"""With this annotation each group of a LeaderWorkerSet has a domain of nodes for itself."""
BLOCKED: Final = (
    "let an old pod go before a new one comes (rollout_strategy with max_surge 0 and"
    " max_unavailable 1), or free GPUs"
)
INSTEAD: Final = "free GPUs, uncordon or add nodes, or ask for fewer replicas"


def judge(scene: Scene) -> Iterator[Answer]:
    """Refuse new pods that certainly find no room; say how much there is at most."""
    found = effect.of(scene)
    if isinstance(found, Hidden):
        yield CannotTell(f"whether there are GPUs for new pods: {found.because}")
        return
    if not found.comes:
        return
    needs = _needs(scene, found)
    if isinstance(needs, Hidden):
        yield CannotTell(f"how many GPUs new pods need: {needs.because}")
        return
    if any(map(sum, (each.values() for each in needs))):
        # What goes before gives back what it has of a quota.
        yield from () if found.leave else _quotas(scene, found, needs)
        yield from _nodes(scene, found, needs)


def _needs(scene: Scene, found: Effect) -> tuple[Gpus, ...] | Hidden:
    """Return the GPUs of each new pod: as many as its like has now."""
    pods = scene.pods
    if isinstance(pods, Hidden) or not pods:
        return Hidden(because=pods.because if isinstance(pods, Hidden) else "it has no pod now")
    if found.leave:
        return tuple(room.wants(each.thing) for each in pods if each.name in found.leave)
    unit = [room.wants(each.thing) for each in _one_replica(pods)]
    # What a replica is made of is repeated; an incomplete group says at least what one pod needs.
    return tuple(unit[index % len(unit)] for index in range(found.comes))


def _one_replica(pods: Sequence[OnePod]) -> Sequence[OnePod]:
    """Return the pods of the largest group, or one pod where there are no groups."""
    groups: dict[tuple[str, str], list[OnePod]] = {}
    for each in pods:
        key = (each.pod.labels.get(marks.GROUPS, ""), each.pod.labels.get(marks.GROUP, each.name))
        groups.setdefault(key, []).append(each)
    return max(groups.values(), key=len)


def _quotas(scene: Scene, found: Effect, needs: Sequence[Gpus]) -> Iterator[Answer]:
    listed = scene.things(kinds.QUOTA)
    if isinstance(listed, Hidden):
        yield CannotTell(f"whether the quota allows it: {listed.because}")
        return
    wanted: dict[str, int] = {"pods": found.comes, "count/pods": found.comes}
    for each in needs:
        for name, number in each.items():
            key = f"requests.{name}"
            wanted[key] = wanted.get(key, 0) + number
    for quota in listed:
        yield from _quota(quota, wanted)


def _quota(quota: Thing, wanted: Mapping[str, int]) -> Iterator[Answer]:
    status, spec = parse.section(quota.body, "status"), parse.section(quota.body, "spec")
    hard, used = parse.section(status, "hard"), parse.section(status, "used")
    for name in sorted(hard.keys() & wanted.keys()):
        left = room.whole(hard[name]) - room.whole(used.get(name, "0"))
        if wanted[name] <= left:
            continue
        said = (
            f"{quota} leaves {max(0, left)} of {hard[name]} {name}, and {wanted[name]} are needed"
        )
        if "scopes" in spec or "scopeSelector" in spec:
            yield Warned(f"{said}, if it is meant for these pods")
        else:
            yield Refused(said, "ask for fewer replicas, or have the quota raised")


def _nodes(scene: Scene, found: Effect, needs: Sequence[Gpus]) -> Iterator[Answer]:
    listed, around, pods = scene.things(kinds.NODE), scene.around, scene.pods
    if isinstance(listed, Hidden):
        yield CannotTell(f"whether there are GPUs for new pods: {listed.because}")
    elif not listed:
        yield CannotTell("whether there are GPUs for new pods: no node is seen")
    elif not isinstance(around, Hidden) and not isinstance(pods, Hidden):
        things = [each.thing for each in around]
        rooms = room.free(listed, things, pods[0].thing, found.leave)
        if _placed(scene, found, needs, rooms):
            yield _fits(scene, needs, rooms)
        else:
            yield _none(scene, found, needs, rooms)


def _said(needs: Sequence[Gpus]) -> str:
    each = ", ".join(f"{number} {name}" for name, number in sorted(needs[0].items()))
    return (
        f"{len(needs)} new pods need {each} each" if len(needs) > 1 else f"a new pod needs {each}"
    )


def _none(scene: Scene, found: Effect, needs: Sequence[Gpus], rooms: Sequence[Free]) -> Answer:
    """Return what it means that not all find room."""
    said = _said(needs)
    if found.rolls and found.away:
        return Warned(f"{said}, and there is no room beside the old ones: the rollout goes slowly")
    if _comes_by_itself(scene):
        return Warned(f"{said}: there is no room for all, and a new node has to come first")
    if found.leave:
        return Warned(f"{said}: the nodes there are have no room for them")
    if not (room.certainly_none(needs, rooms) or _exclusive(scene)):
        return Warned(f"{said}: they may not all find room")
    free = sum(max(0, x) for one in rooms for x in one.gpus.values())
    return Refused(
        f"{said}, and at most {free} GPUs are free on {len(rooms)} nodes that may hold them",
        BLOCKED if found.rolls else INSTEAD,
    )


def _fits(scene: Scene, needs: Sequence[Gpus], rooms: Sequence[Free]) -> Answer:
    gpus, said = scene.place.workload.gpus if scene.place else None, _said(needs)
    if gpus and gpus.kind:
        meant = [one for one in rooms if one.labels.get(gpus.label) == gpus.kind]
        if room.fits(needs, meant) < len(needs):
            return Warned(f"{said}: not all find room on nodes of {gpus.kind}, as is intended")
    free = sum(max(0, x) for one in rooms for x in one.gpus.values())
    return Warned(
        f"{said}: there is room on {len(rooms)} nodes with {free} free GPUs at most"
        f" (pods of other namespaces are not seen)"
    )


def _placed(scene: Scene, found: Effect, needs: Sequence[Gpus], rooms: Sequence[Free]) -> bool:
    """Tell whether all find room; a group with a topology of its own needs a whole one."""
    key = _exclusive(scene)
    if not key:
        return room.fits(needs, rooms) == len(needs)
    taken = _domains(scene, rooms, key)
    domains: dict[str, list[Free]] = {}
    for one in rooms:
        domains.setdefault(one.labels.get(key, ""), []).append(one)
    size = max(1, found.each)
    group = needs[:size]
    able = [
        name
        for name, own in domains.items()
        if name and name not in taken and room.fits(group, own) == len(group)
    ]
    return len(able) >= len(needs) // size


def _domains(scene: Scene, rooms: Sequence[Free], key: str) -> frozenset[str]:
    """Return the domains in which a group of the target stands already."""
    pods = scene.pods
    hosts = set() if isinstance(pods, Hidden) else {each.pod.node for each in pods}
    return frozenset(one.labels.get(key, "") for one in rooms if one.name in hosts)


def _exclusive(scene: Scene) -> str:
    work = scene.work
    return "" if isinstance(work, Hidden) else work.place.thing.annotations.get(EXCLUSIVE, "")


def _comes_by_itself(scene: Scene) -> bool:
    """Tell whether nodes come where they are wanted: as configured, or as nodes look."""
    if scene.rules.node_autoscaler is not None:
        return scene.rules.node_autoscaler
    listed = scene.things(kinds.NODE)
    return not isinstance(listed, Hidden) and any(map(_autoscaled, listed))


def _autoscaled(node: Thing) -> bool:
    taints = parse.items(parse.section(node.body, "spec"), "taints")
    names = (*node.labels, *node.annotations)
    return any(name.startswith(AUTOSCALED) for name in names) or any(
        TAINTED in parse.text(taint, "key") for taint in taints
    )


GUARD: Final = Guard(
    name="capacity",
    meaning="New pods find GPUs of the right kind, and the quota allows them",
    judge=judge,
    rights=(*effect.RIGHTS, *lists(kinds.NODE, kinds.QUOTA)),
)
