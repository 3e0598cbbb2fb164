"""force_delete: forgets a pod that was asked to go, on a node that is confirmed dead.

A pod that still runs would go on writing to its volume beside the one that takes its place.
"""

from typing import Final

from cluster.actions import removal
from cluster.actions.member import Member
from cluster.actions.removal import Way
from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.owners.sight import Hidden, Sight
from cluster.rights import gets
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "force_delete"
OUT_OF_SERVICE: Final = "node.kubernetes.io/out-of-service"
"""The taint that says that a node is off: a person sets it, or what has cut its power.

Source: Kubernetes, "Non-graceful node shutdown".
"""


def check(target: Target, found: Member, sight: Sight) -> tuple[str, ...]:
    """Refuse all but a pod that does not go, on a node that is gone or confirmed dead."""
    if not found.pod.leaving:
        message = f"{NAME} {target}: {found.thing} was not asked to go; delete it first"
        raise Rejected(message)
    name = found.pod.node
    node = OwnerReference(kind=kinds.NODE.name, name=name, api_version=kinds.NODE.api_version)
    seen = sight.thing(node) if name else Hidden(because=f"{found.thing} has no node")
    if isinstance(seen, Hidden):
        message = f"{NAME} {target}: whether its node is dead cannot be told: {seen.because}"
        raise Rejected(message)
    if seen is None:
        return (f"Node {name} is gone",)
    _confirm(target, seen)
    return (f"{seen} is not ready and tainted {OUT_OF_SERVICE}",)


def _confirm(target: Target, node: Thing) -> None:
    conditions = parse.items(parse.section(node.body, "status"), "conditions")
    ready = {parse.text(each, "type"): parse.text(each, "status") for each in conditions}.get(
        "Ready"
    )
    if ready not in ("False", "Unknown"):
        said = "is ready" if ready == "True" else "does not say whether it is ready"
        message = f"{NAME} {target}: {node} {said}: what runs there goes by itself"
        raise Rejected(message)
    taints = parse.items(parse.section(node.body, "spec"), "taints")
    if OUT_OF_SERVICE not in {parse.text(each, "key") for each in taints}:
        message = (
            f"{NAME} {target}: {node} is not ready, and nobody has confirmed that it is off;"
            f" make sure of it, then taint it {OUT_OF_SERVICE}=nodeshutdown:NoExecute"
        )
        raise Rejected(message)


ACTION: Final = removal.removes(
    Way(name=NAME, check=check, grace=0),
    meaning="Forget a pod that does not go, on a node that is confirmed dead",
    rights=gets(kinds.NODE),
)
