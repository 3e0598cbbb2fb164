"""KEDA: the ScaledObject keeps its autoscaler as it is, so the size becomes the ScaledObject's."""

from collections.abc import Sequence
from typing import Final

from cluster.clients import kinds
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.owners import hpa
from cluster.owners.ownership import Barred, Claim, Moved, Noted, OwnerKind, Proof
from cluster.owners.place import Place, Unit
from cluster.owners.sight import Hidden, Sight, why
from cluster.rights import gets, lists

LABEL: Final = "scaledobject.keda.sh/name"
PAUSED: Final = "autoscaling.keda.sh/paused"
PINNED: Final = "autoscaling.keda.sh/paused-replicas"
NOT_OUT: Final = "autoscaling.keda.sh/paused-scale-out"
WRITER: Final = "keda"
"""What its names as a writer begin with."""
# Source: keda apis/keda/v1alpha1/scaledobject_types.go.
LEAST, MOST = 0, 100


def find(place: Place, sight: Sight) -> Claim | None:
    """Return the ScaledObject above an autoscaler, or above a workload that has none now."""
    if place.thing.itself.kind == kinds.AUTOSCALER.name:
        return _above(place, sight)
    if place.subresource != "scale":
        return None
    listed = sight.things(kinds.SCALED_OBJECT)
    if isinstance(listed, Hidden):
        return _unseen(place, listed)
    found = of(place, sight)
    if len(found) > 1:
        names = ", ".join(sorted(each.itself.name for each in found))
        return Barred(because=f"several ScaledObjects scale it: {names}", advice="leave one")
    if not found or _has_autoscaler(place, sight):
        return None
    return _paused(found[0]) or Moved(to=floor(found[0]))


def of(place: Place, sight: Sight) -> Sequence[Thing]:
    """Return the ScaledObjects that scale a workload; those that we may not see are not there.

    An autoscaler that one of those made names it, and then it has to be read.
    """
    listed = sight.things(kinds.SCALED_OBJECT)
    seen = () if isinstance(listed, Hidden) else listed
    return [each for each in seen if hpa.scales(each, place.thing.itself)]


def floor(scaled: Thing) -> Place:
    """Return the place of its floor."""
    return Place(
        thing=scaled,
        path=("spec", "minReplicaCount"),
        unit=Unit.FLOOR,
        missing=LEAST,
        ceiling=("spec", "maxReplicaCount"),
        missing_ceiling=MOST,
    )


def _unseen(place: Place, hidden: Hidden) -> Claim:
    """Judge by the last writer: one that is paused at a number has no autoscaler to be seen by."""
    field = ".".join(place.path)
    theirs = [each for each in place.thing.writers if each.manager.startswith(WRITER)]
    because = f"whether KEDA scales it cannot be seen: {hidden.because}"
    if any(field in each.fields for each in theirs):
        return Barred(
            because=f"KEDA wrote the size of {place} last, and {because}",
            advice="let triaged list scaledobjects",
        )
    return Noted(because=because)


def _above(place: Place, sight: Sight) -> Claim | None:
    above, name = place.thing.controller, place.thing.labels.get(LABEL, "")
    if above is not None and above.kind != kinds.SCALED_OBJECT.name:
        return None
    if above is None and not name:
        return None
    api = kinds.SCALED_OBJECT.api_version
    reference = above or OwnerReference(kind=kinds.SCALED_OBJECT.name, name=name, api_version=api)
    scaled = sight.thing(reference)
    if not isinstance(scaled, Thing):
        return Barred(
            because=f"KEDA keeps {place} as {reference} says, which cannot be read: {why(scaled)}",
            advice=f"change {reference}",
        )
    return _paused(scaled, autoscaled=True) or Moved(to=floor(scaled))


def _paused(scaled: Thing, *, autoscaled: bool = False) -> Claim | None:
    notes, name = scaled.annotations, scaled.itself.name
    for mark in (PINNED, NOT_OUT):
        if notes.get(mark, "false") != "false":
            return Barred(
                because=f"ScaledObject {name} holds the size by {mark}: {notes[mark][:40]}",
                advice=f"take {mark} away from it, or change its value",
            )
    if notes.get(PAUSED) != "true":
        return None
    if autoscaled:
        return Barred(
            because=f"ScaledObject {name} is paused, and its autoscaler is not gone yet",
            advice="try again",
        )
    return Noted(because=f"ScaledObject {name} is paused: nothing scales by load")


def _has_autoscaler(place: Place, sight: Sight) -> bool:
    listed = sight.things(kinds.AUTOSCALER)
    if isinstance(listed, Hidden):
        return False
    return any(hpa.scales(each, place.thing.itself) and _made(each) for each in listed)


def _made(autoscaler: Thing) -> bool:
    above = autoscaler.controller
    return LABEL in autoscaler.labels or bool(above and above.kind == kinds.SCALED_OBJECT.name)


OWNER: Final = OwnerKind(
    name="KEDA",
    find=find,
    controls=frozenset({(kinds.SCALED_OBJECT.group, kinds.SCALED_OBJECT.name)}),
    proof=Proof.REAL,
    rights=(*gets(kinds.SCALED_OBJECT), *lists(kinds.SCALED_OBJECT, kinds.AUTOSCALER)),
    sizes=True,
)
