"""A LeaderWorkerSet above a StatefulSet: the size is the number of its groups."""

from typing import Final

from cluster.clients import kinds
from cluster.owners.ownership import Barred, Claim, OwnerKind, Proof
from cluster.owners.place import Place
from cluster.owners.sight import Sight


def find(place: Place, _: Sight) -> Claim | None:
    """Bar a StatefulSet of a LeaderWorkerSet: its replicas are the pods of groups."""
    above = place.thing.controller
    if above is None or above.kind != kinds.GROUPS.name:
        return None
    return Barred(
        because=f"{above} keeps {place} as it is",
        advice=f"scale {above}, in groups",
    )


OWNER: Final = OwnerKind(
    name="LeaderWorkerSet",
    find=find,
    controls=frozenset({(kinds.GROUPS.group, kinds.GROUPS.name)}),
    proof=Proof.REAL,
)
