"""cordon: closes a node of the target to new pods."""

from collections.abc import Mapping
from typing import Final

from cluster.actions import left, nodes, setting
from cluster.actions.action import writes_fields
from cluster.actions.field import Edit
from cluster.owners.sight import Sight
from cluster.targets.target import Target

NAME: Final = "cordon"


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write; what stands on the node stays there."""
    return nodes.decide(NAME, target, parameters, sight, closed=True, back="uncordon")


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Close a node to new pods",
    parameters={"node": nodes.NODE},
    settle=setting.settled,
    stands=True,
    rights=nodes.RIGHTS,
    leaves=left.Leaves(
        words="the node stays closed to new pods",
        of=lambda plan: f"Node {plan.write.name} is closed to new pods",
        within=left.HOURS,
    ),
)
