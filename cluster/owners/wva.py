"""The workload variant autoscaler: it says what an HPA or KEDA should make of the workload."""

from typing import Final

from cluster.clients import kinds
from cluster.owners import hpa
from cluster.owners.ownership import Claim, Noted, OwnerKind, Proof
from cluster.owners.place import Place, Unit
from cluster.owners.sight import Hidden, Sight
from cluster.rights import lists

MANAGED: Final = "llm-d.ai/managed"


def find(place: Place, sight: Sight) -> Claim | None:
    """Tell of it: it writes a metric only, so the floor of what reads the metric still holds."""
    if place.unit is Unit.FLOOR:
        managed = place.thing.annotations.get(MANAGED) == "true"
        return Noted(aside="driven by the workload variant autoscaler") if managed else None
    if place.subresource != "scale":
        return None
    listed = sight.things(kinds.VARIANT)
    if isinstance(listed, Hidden):
        return None
    for each in listed:
        if hpa.scales(each, place.thing.itself):
            return Noted(because=f"VariantAutoscaling {each.itself.name} proposes its size")
    return None


OWNER: Final = OwnerKind(
    name="Workload variant autoscaler",
    find=find,
    proof=Proof.READ_ONLY,
    rights=lists(kinds.VARIANT),
    sizes=True,
)
