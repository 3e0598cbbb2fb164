"""A HorizontalPodAutoscaler: the size becomes its floor."""

from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.owners.ownership import Barred, Claim, Moved, OwnerKind, Proof
from cluster.owners.place import Place, Unit
from cluster.owners.sight import Hidden, Sight
from cluster.rights import lists


def find(place: Place, sight: Sight) -> Claim | None:
    """Return the autoscaler that scales the object; it syncs every 15 s by default."""
    if place.subresource != "scale":
        return None
    listed = sight.things(kinds.AUTOSCALER)
    if isinstance(listed, Hidden):
        return Barred(
            because=f"it cannot be told whether an autoscaler scales it: {listed.because}",
            advice="let triaged list horizontalpodautoscalers",
        )
    found = [each for each in listed if scales(each, place.thing.itself)]
    if len(found) > 1:
        names = ", ".join(sorted(each.itself.name for each in found))
        return Barred(
            because=f"several HorizontalPodAutoscalers scale it: {names}",
            advice="leave one of them",
        )
    if not found:
        return None
    if place.size == 0:
        return Barred(
            because=f"HPA {found[0].itself.name} sleeps as long as there are 0 replicas",
            advice="give it its first replicas by hand",
        )
    return Moved(to=floor(found[0]))


def floor(autoscaler: Thing) -> Place:
    """Return the place of its floor."""
    return Place(
        thing=autoscaler,
        path=("spec", "minReplicas"),
        unit=Unit.FLOOR,
        ceiling=("spec", "maxReplicas"),
    )


def scales(autoscaler: Thing, reference: OwnerReference) -> bool:
    """Tell whether `spec.scaleTargetRef` names the object; its version may be another one."""
    target = parse.section(parse.section(autoscaler.body, "spec"), "scaleTargetRef")
    # KEDA takes a missing kind for a Deployment; an HPA always says it.
    kind = parse.text(target, "kind") or kinds.DEPLOYMENT.name
    named = OwnerReference(
        kind=kind,
        name=parse.text(target, "name"),
        api_version=parse.text(target, "apiVersion") or kinds.DEPLOYMENT.api_version,
    )
    same = (reference.group, reference.kind, reference.name)
    return (named.group, named.kind, named.name) == same


OWNER: Final = OwnerKind(
    name="HorizontalPodAutoscaler",
    find=find,
    proof=Proof.REAL,
    rights=lists(kinds.AUTOSCALER),
    sizes=True,
)
