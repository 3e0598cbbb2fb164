"""delete_pod: deletes a pod of the target, whatever its disruption budget says."""

from typing import Final

from cluster.actions import removal
from cluster.actions.member import Member
from cluster.actions.removal import Way
from cluster.owners.sight import Sight
from cluster.targets.target import Target

NAME: Final = "delete_pod"


def check(target: Target, found: Member, _: Sight) -> tuple[str, ...]:
    """Refuse a pod that goes already, and say that no budget is asked."""
    removal.refuse_leaving(NAME, target, found)
    return ("no disruption budget is asked; evict asks it",)


ACTION: Final = removal.removes(
    Way(name=NAME, check=check),
    meaning="Delete a pod, whatever its disruption budget says",
)
