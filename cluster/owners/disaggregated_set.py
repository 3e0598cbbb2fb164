"""A DisaggregatedSet: a role's size is in the set, or with External scaling in its RoleScaler.

Source: lws api/disaggregatedset/v1.
"""

from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.owners.ownership import Barred, Claim, Moved, OwnerKind, Proof
from cluster.owners.place import Place, Unit, value
from cluster.owners.sight import Sight, why
from cluster.rights import gets

NAME: Final = "disaggregatedset.x-k8s.io/name"
ROLE: Final = "disaggregatedset.x-k8s.io/role"


def find(place: Place, sight: Sight) -> Claim | None:
    """Return the role of a child LeaderWorkerSet; a RoleScaler is there to be written."""
    above = place.thing.controller
    if above is None or above.kind != kinds.DISAGGREGATED.name:
        return None
    if place.thing.itself.kind == kinds.ROLE_SCALER.name:
        return None
    whole = sight.thing(above)
    if not isinstance(whole, Thing):
        return Barred(because=f"{above} cannot be read: {why(whole)}", advice=f"change {above}")
    found = role_of(whole, place.thing.labels.get(ROLE, ""), sight)
    return Moved(to=found) if isinstance(found, Place) else found


def role_of(whole: Thing, role: str, sight: Sight) -> Place | Barred:
    """Return where the size of a role is written."""
    roles = parse.items(parse.section(whole.body, "spec"), "roles")
    names = [parse.text(each, "name") for each in roles]
    if role not in names:
        return Barred(
            because=f"{whole} has no role {role or 'of that name'}; there are {', '.join(names)}",
            advice="say which role is meant",
        )
    index = names.index(role)
    if value(roles[index], ("scaling", "mode")) == "External":
        return _external(whole, role, sight)
    return Place(
        thing=whole,
        path=("spec", "roles", str(index), "spec", "replicas"),
        unit=Unit.GROUPS,
        words=f"{whole.itself} role {role}",
    )


def _external(whole: Thing, role: str, sight: Sight) -> Place | Barred:
    kind = kinds.ROLE_SCALER
    reference = OwnerReference(
        kind=kind.name, name=f"{whole.itself.name}-{role}", api_version=kind.api_version
    )
    scaler = sight.thing(reference)
    if not isinstance(scaler, Thing):
        return Barred(
            because=f"role {role} of {whole} is scaled by {reference}: {why(scaler)}",
            advice=f"look at {reference}",
        )
    return Place(
        thing=scaler,
        path=("spec", "replicas"),
        unit=Unit.GROUPS,
        subresource="scale",
        missing=0,
    )


OWNER: Final = OwnerKind(
    name="DisaggregatedSet",
    find=find,
    controls=frozenset({(kinds.DISAGGREGATED.group, kinds.DISAGGREGATED.name)}),
    proof=Proof.REAL,
    rights=gets(kinds.DISAGGREGATED, kinds.ROLE_SCALER),
    sizes=True,
)
