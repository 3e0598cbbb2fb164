"""drain: asks the next pod of the target on a closed node to go; repeated, it empties the node."""

from collections.abc import Mapping
from typing import Final

from cluster.actions import member, nodes, removal, turns
from cluster.actions.member import Member
from cluster.actions.removal import Way
from cluster.clients import kinds
from cluster.owners import workload
from cluster.owners.place import value
from cluster.owners.sight import Sight
from cluster.rights import gets
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "drain"


def choose(target: Target, asked: Mapping[str, str], sight: Sight) -> str:
    """Return the pod whose turn it is; raises Unavailable while the one before is not back."""
    node = nodes.read(NAME, target, asked.get("node", ""), sight)
    if value(node.body, nodes.PATH) is not True:
        message = f"{NAME} {target}: {node} takes new pods; cordon it first"
        raise Rejected(message)
    work = workload.of(target, sight)
    own = member.all_of(NAME, target, work, sight)
    here = [each for each in own if nodes.stands_on(each, node.itself.name)]
    staying = [each for each in here if not turns.leaving(each)]
    if not here:
        message = f"{NAME} {target}: no pod of it stands on {node}: it is drained"
        raise Rejected(message)
    # What stands here goes anyway, ready or not: it is the others that have to serve meanwhile.
    turns.wait_for(NAME, target, work, own, going=staying)
    broken = [each for each in staying if not turns.ready(each)]
    return turns.oldest(broken or staying).itself.name


def check(target: Target, found: Member, sight: Sight) -> tuple[str, ...]:
    """Say what is left on the node, and what the target has less without it."""
    own = member.all_of(NAME, target, found.work, sight)
    here = tuple(each for each in own if nodes.stands_on(each, found.pod.node))
    left = len({each.itself.uid for each in here} - {each.itself.uid for each in found.leaves})
    return (
        f"{left} more pods of the target stand on Node {found.pod.node} after it",
        *nodes.lost(here),
    )


ACTION: Final = removal.removes(
    Way(name=NAME, check=check, evicts=True, choose=choose, parameters={"node": nodes.NODE}),
    meaning="Ask the next pod of the target on a closed node to go",
    rights=gets(kinds.NODE),
)
