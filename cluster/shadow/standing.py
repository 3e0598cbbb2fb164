"""What stands of a plan that nobody carried out: its object, its target and the target's pods."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cluster import seen
from cluster.actions import copying
from cluster.actions.pointers import path
from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.reads import Objects
from cluster.clients.refusals import Missing
from cluster.clients.things import Thing
from cluster.owners.place import value
from cluster.seen import Seen
from cluster.targets.target import Target
from incidents.errors import Rejected, Unavailable
from incidents.events.run import PlanRecord

Pairs = tuple[tuple[str, str], ...]

SAID: Final = frozenset({"apiVersion", "kind", "metadata", "status"})
"""Roots of an object that are nobody's wish; of its metadata the labels are."""
MOST: Final = 500
"""So many pods, and so many parts, are remembered: they are foreign, and stay for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands at a moment; an object that is gone, or another one of its name, is None.

    `written` is what the plan writes, `target` the workload, which may be the same. `pods` are the
    target's with their uids, without those that go. `hidden` says what could not be read.
    """

    written: Thing | None
    target: Thing | None
    pods: Mapping[str, str]
    hidden: str = ""

    @property
    def things(self) -> Iterator[Thing]:
        """Yield the objects that are there, each once."""
        if self.written is not None:
            yield self.written
        if self.target is not None and self.target is not self.written:
            yield self.target


def read(objects: Objects, plan: PlanRecord) -> Standing:
    """Read what the plan is about.

    Raises Rejected or Unavailable where the object that it writes is not seen; what stands beside
    it may be hidden. Raises Malformed for what is not as its API says.
    """
    written = _read(objects, plan.write.namespace, _written(plan))
    top, hidden = _target(plan), ""
    if (plan.write.kind, plan.write.name) == (plan.kind, plan.name):
        target = written
    else:
        target, hidden = _beside(objects, top.namespace, seen.reference(top))
    if target is None:
        return Standing(written=written, target=None, pods={}, hidden=hidden)
    listed = seen.pods(objects, top, Seen(asked=str(top), things=(target,)))
    there = {pod.itself.name: pod.itself.uid for pod in listed.things if not leaving(pod)}
    return Standing(written=written, target=target, pods=there, hidden=listed.missing)


def planned(plan: PlanRecord) -> tuple[str, ...]:
    """Return the JSON pointers of what the plan writes; a removal has none."""
    fields = (field for field, _ in plan.write.fields)
    return (*fields, *(each.field for each in plan.write.copied))


def marks(plan: PlanRecord, now: Standing) -> Pairs:
    """Return what stands there as digests: of the planned fields, and of every other part.

    Templates hold secrets, so that no value is kept.
    """
    found = dict[str, str]()
    if now.written is not None:
        for each in planned(plan):
            found[each] = copying.digest(value(now.written.body, path(each)))
    for thing in now.things:
        found.update((named(thing, part), digest) for part, digest in parts(thing).items())
    return tuple(sorted(found.items())[:MOST])


def pods(now: Standing) -> Pairs:
    """Return the pods that must not vanish: none while a rollout replaces them."""
    if now.target is None or _rolling(now.target):
        return ()
    return tuple(sorted(now.pods.items())[:MOST])


def parts(thing: Thing) -> Mapping[str, str]:
    """Return the digests of what somebody wishes of an object, a level below its roots."""
    # A node's labels tell what it has: drivers and discovery write them, day and night.
    wished = thing.itself.kind != kinds.NODE.name
    found = {"metadata.labels": copying.digest(dict(thing.labels) if wished else {})}
    for root, inside in thing.body.items():
        if root in SAID:
            continue
        if isinstance(inside, Mapping):
            found.update((f"{root}.{name}", copying.digest(what)) for name, what in inside.items())
        else:
            found[root] = copying.digest(inside)
    return found


def named(thing: Thing, part: str) -> str:
    """Return how a part is told: `Deployment decode spec.template`."""
    return f"{thing.itself} {part}"


def leaving(pod: Thing) -> bool:
    """Tell whether a pod was asked to go."""
    return "deletionTimestamp" in parse.section(pod.body, "metadata")


def _read(objects: Objects, namespace: str, reference: OwnerReference) -> Thing | None:
    try:
        found = objects.thing(namespace, reference)
    except Missing:
        return None
    return found if found.itself.uid == reference.uid else None


def _beside(
    objects: Objects, namespace: str, reference: OwnerReference
) -> tuple[Thing | None, str]:
    try:
        return _read(objects, namespace, reference), ""
    except (Rejected, Unavailable) as error:
        return None, str(error)


def _written(plan: PlanRecord) -> OwnerReference:
    write = plan.write
    return OwnerReference(
        kind=write.kind, name=write.name, uid=write.uid, api_version=write.api_version
    )


def _target(plan: PlanRecord) -> Target:
    """Return the plan's target, as far as its pods are found by it."""
    return Target(
        cluster=plan.cluster,
        namespace=plan.namespace,
        kind=plan.kind,
        name=plan.name,
        uid=plan.uid,
        model=plan.model,
        role=plan.role,
        pods=plan.pods,
        api_version=plan.api_version,
    )


def _rolling(thing: Thing) -> bool:
    """Tell whether pods are replaced at this moment, so that their going says nothing."""
    updated = parse.section(thing.body, "status").get("updatedReplicas")
    wanted = parse.section(thing.body, "spec").get("replicas")
    return isinstance(wanted, int) and isinstance(updated, int) and updated < wanted
