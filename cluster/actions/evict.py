"""evict: asks a pod of the target to go, as far as its disruption budget allows."""

from typing import Final

from cluster.actions import removal
from cluster.actions.member import Member
from cluster.actions.removal import Way
from cluster.owners.sight import Sight
from cluster.targets.target import Target

NAME: Final = "evict"


def check(target: Target, found: Member, _: Sight) -> tuple[str, ...]:
    """Refuse a pod that goes already; a budget that forbids it is told by the dry run."""
    removal.refuse_leaving(NAME, target, found)
    return ()


ACTION: Final = removal.removes(
    Way(name=NAME, check=check, evicts=True),
    meaning="Ask a pod to go, as far as its disruption budget allows",
)
