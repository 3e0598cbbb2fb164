"""Argo Rollouts: a Rollout with a `workloadRef` keeps the Deployment's pods, and has the size."""

from typing import Final

from cluster.clients import kinds
from cluster.clients.things import Thing
from cluster.owners.ownership import Barred, Claim, Moved, OwnerKind
from cluster.owners.place import Place, Unit, value
from cluster.owners.sight import Hidden, Sight
from cluster.rights import lists


def find(place: Place, sight: Sight) -> Claim | None:
    """Return the Rollout that uses the template of a Deployment."""
    if place.thing.itself.kind != kinds.DEPLOYMENT.name:
        return None
    listed = sight.things(kinds.ROLLOUT)
    if isinstance(listed, Hidden):
        return _unseen(place, listed)
    found = [each for each in listed if _refers(each, place.thing)]
    return Moved(to=size(found[0]), follows=False) if found else None


def size(rollout: Thing) -> Place:
    """Return where a Rollout has its size."""
    return Place(thing=rollout, path=("spec", "replicas"), unit=Unit.PODS, subresource="scale")


def _refers(rollout: Thing, deployment: Thing) -> bool:
    referred = value(rollout.body, ("spec", "workloadRef"))
    kind, name = value(referred, ("kind",)), value(referred, ("name",))
    return (kind, name) == (deployment.itself.kind, deployment.itself.name)


def _unseen(place: Place, hidden: Hidden) -> Claim | None:
    """Bar a Deployment at zero, which may have been handed over; one with pods has its size."""
    if place.subresource != "scale" or place.size > 0:
        return None
    return Barred(
        because=f"{place} is at 0, and whether a Rollout took it over cannot be seen:"
        f" {hidden.because}",
        advice="let triaged list rollouts",
    )


OWNER: Final = OwnerKind(name="Argo Rollouts", find=find, rights=lists(kinds.ROLLOUT), sizes=True)
