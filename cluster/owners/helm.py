"""Helm, which leaves a change alone until somebody upgrades the release."""

from typing import Final

from cluster.clients.things import Thing
from cluster.owners.ownership import Claim, Noted, OwnerKind, Proof
from cluster.owners.place import Place
from cluster.owners.sight import Sight

RELEASE: Final = "meta.helm.sh/release-name"
MANAGED_BY: Final = "app.kubernetes.io/managed-by"


def find(place: Place, _: Sight) -> Claim | None:
    """Return the release by the marks that Helm writes."""
    name = release(place.thing)
    if name is None:
        return None
    owner = f"Helm release {name}".strip()
    because = f"{owner}: the next `helm upgrade` sets the {_what(place)} back to the chart's values"
    return Noted(because=because)


def release(thing: Thing) -> str | None:
    """Return the name of its release, empty where it is not said, None where there is none."""
    name = thing.annotations.get(RELEASE, "")
    return name if name or thing.labels.get(MANAGED_BY) == "Helm" else None


def _what(place: Place) -> str:
    return place.path[-1]


OWNER: Final = OwnerKind(name="Helm", find=find, proof=Proof.READ_ONLY)
