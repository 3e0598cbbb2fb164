"""Objects as checks look at them: what is there, or in words why it was not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.reads import Objects
from cluster.clients.things import Thing
from cluster.rights import gets, lists
from cluster.targets import marks
from cluster.targets.target import Target
from incidents.errors import TriagedError

OF_KSERVE: Final = "app.kubernetes.io/part-of=llminferenceservice,app.kubernetes.io/name"
OF_SET: Final = "disaggregatedset.x-k8s.io/name"
WORKLOAD: Final = gets(*kinds.ABOVE)
"""What `workload` needs."""
PODS: Final = (*WORKLOAD, *lists(kinds.POD))
"""What `workload` and `pods` need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Objects that were asked for; `missing` says why they were not seen, empty where they were.

    `asked` is what was asked for, in words.
    """

    asked: str
    things: tuple[Thing, ...] = ()
    missing: str = ""


def one(objects: Objects, namespace: str, reference: OwnerReference) -> Seen:
    """Return one object, or why it was not seen."""
    return _seen(f"{reference} of {namespace}", lambda: [objects.thing(namespace, reference)])


def listed(objects: Objects, namespace: str, kind: Kind, *, selector: str = "") -> Seen:
    """Return the objects of a kind, or why they were not seen."""
    plural = f"{kind}es" if kind.name.endswith("s") else f"{kind}s"
    where = f"{plural} of {namespace}" if namespace else plural
    asked = f"{where} with {selector}" if selector else where
    return _seen(asked, lambda: objects.things(namespace, kind, selector=selector))


def workload(objects: Objects, target: Target) -> Seen:
    """Return the target's own object."""
    return one(objects, target.namespace, reference(target))


def reference(target: Target) -> OwnerReference:
    """Return what names the target."""
    return OwnerReference(
        kind=target.kind, name=target.name, uid=target.uid, api_version=target.api_version
    )


def pods(objects: Objects, target: Target, above: Seen) -> Seen:
    """Return all pods of the target, finished ones too; `above` is its own object.

    They are found by its selector; where its kind has none, by the names that were found. Where
    the object that has it was not seen, others of its pods may be there.
    """
    selector = _selector(target, above)
    found = listed(objects, target.namespace, kinds.POD, selector=selector)
    known = {member.name for member in target.members} | set(target.pods)
    there = tuple(
        pod
        for pod in found.things
        if (pod.itself.name in known or (selector and _of_role(pod, target.role)))
    )
    missing = found.missing or ("" if selector else above.missing)
    return Seen(asked=found.asked, things=there, missing=missing)


def _seen(asked: str, ask: Callable[[], Sequence[Thing]]) -> Seen:
    try:
        return Seen(asked=asked, things=tuple(ask()))
    except TriagedError as error:
        told = str(error)
        named = asked.split(" ", 1)[0] in told
        return Seen(asked=asked, missing=told if named else f"{asked}: {told}")


def _selector(target: Target, above: Seen) -> str:
    match target.kind:
        case "LeaderWorkerSet":
            return f"{marks.GROUPS}={target.name}"
        case "LLMInferenceService":
            return f"{OF_KSERVE}={target.name}"
        case "DisaggregatedSet":
            return f"{OF_SET}={target.name}"
        case _:
            return _written(above)


def _written(above: Seen) -> str:
    """Return the selector that the object itself has; empty where it has none we can read."""
    try:
        return next(
            parse.selector(parse.section(parse.section(each.body, "spec"), "selector"))
            for each in above.things
        )
    except (StopIteration, ValueError):
        return ""


def _of_role(pod: Thing, role: str) -> bool:
    own = pod.labels.get(marks.ROLE) or pod.labels.get(marks.SET_ROLE, "")
    return marks.fits(own, role)
