"""A node of the target: what stands on it, and who may be kept off it."""

from collections.abc import Mapping, Sequence
from typing import Final

from cluster.actions import field, member, setting
from cluster.actions.action import Parameter, Words
from cluster.actions.field import Edit
from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.owners import workload
from cluster.owners.place import value
from cluster.owners.sight import Hidden, Sight
from cluster.rights import gets, patches
from cluster.targets.target import Target
from incidents.errors import Rejected

PATH: Final = ("spec", "unschedulable")
NODE: Final = Parameter(
    shape=Words(pattern=r"[a-z0-9][-a-z0-9.]{0,252}", example="gpu-7"),
    required=True,
    meaning="Name of the node, on which a pod of the target stands",
)
RIGHTS: Final = (*member.RIGHTS, *gets(kinds.NODE), *patches(kinds.NODE))


def decide(  # one direction, and its way back
    action: str,
    target: Target,
    parameters: Mapping[str, object],
    sight: Sight,
    *,
    closed: bool,
    back: str,
) -> Edit:
    """Return the write that closes a node to new pods, or opens it; raises Rejected."""
    name = setting.given(action, parameters, ("node",)).get("node", "")
    node = read(action, target, name, sight)
    here = _pods(action, target, node, sight)
    now = value(node.body, PATH) is True
    if now == closed:
        raise setting.unchanged(action, target, f"that {node} is closed", _word(now))
    return Edit(
        thing=node,
        fields=((PATH, True if closed else None),),
        before=(("closed to new pods", _word(now)),),
        after=(("closed to new pods", _word(closed)),),
        parameters=(("node", name),),
        owner_path=(str(node),),
        inverse=(("action", back), ("node", name)),
        kubectl=f"kubectl {action} {name}",
        warnings=_stay(here) if closed else _ready(node),
    )


def read(action: str, target: Target, name: str, sight: Sight) -> Thing:
    """Return the node of that name; raises Rejected."""
    kind = kinds.NODE
    found = sight.thing(OwnerReference(kind=kind.name, name=name, api_version=kind.api_version))
    if not isinstance(found, Thing):
        message = f"{action} {target}: {found.because if found else f'there is no node {name!r}'}"
        raise Rejected(message)
    return found


def _pods(action: str, target: Target, node: Thing, sight: Sight) -> tuple[Thing, ...]:
    """Return the target's pods on the node; none is enough only where triaged wrote it before."""
    listed = sight.things(kinds.POD)
    if isinstance(listed, Hidden):
        message = f"{action} {target}: what stands on {node} cannot be told: {listed.because}"
        raise Rejected(message)
    name, work = node.itself.name, workload.of(target, sight)
    found = tuple(
        each
        for each in listed
        if stands_on(each, name) and member.belongs(each, target, work, sight)
    )
    if not found and field.RUN not in node.annotations:
        message = f"{action} {target}: no pod of it stands on {node}"
        raise Rejected(message)
    return found


def _stay(here: tuple[Thing, ...]) -> tuple[str, ...]:
    names = ", ".join(sorted(each.itself.name for each in here)) or "none"
    return (
        f"pods of the target that stay on it until they are drained, one by one: {names}",
        *lost(here),
    )


def stands_on(pod: Thing, node: str) -> bool:
    """Tell whether a pod was given to this node."""
    return value(pod.body, ("spec", "nodeName")) == node


def lost(here: Sequence[Thing]) -> tuple[str, ...]:
    """Return what the target has less without the node that these pods stand on."""
    gpus = sum(map(member.gpus_of, here))
    return (
        f"without the node the target has {len(here)} pods and {gpus} GPUs less",
        "pods of other namespaces on it are not seen here",
    )


def _ready(node: Thing) -> tuple[str, ...]:
    conditions = parse.items(parse.section(node.body, "status"), "conditions")
    ready = any(
        parse.text(each, "type") == "Ready" and parse.text(each, "status") == "True"
        for each in conditions
    )
    return () if ready else (f"{node} does not say that it is ready",)


def _word(closed: bool) -> str:  # noqa: FBT001  # what is said
    return "yes" if closed else "no"
