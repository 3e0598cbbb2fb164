"""uncordon: opens a node of the target to new pods again."""

from collections.abc import Mapping
from typing import Final

from cluster.actions import nodes, setting
from cluster.actions.action import writes_fields
from cluster.actions.field import Edit
from cluster.owners.sight import Sight
from cluster.targets.target import Target

NAME: Final = "uncordon"


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write; what stands on the node stays there."""
    return nodes.decide(NAME, target, parameters, sight, closed=False, back="cordon")


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Open a node to new pods again",
    parameters={"node": nodes.NODE},
    settle=setting.settled,
    stands=True,
    rights=nodes.RIGHTS,
)
