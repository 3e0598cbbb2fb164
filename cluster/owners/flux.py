"""Flux, which brings an object back to what Git says at its next reconciliation."""

from collections.abc import Mapping
from typing import Final

from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.owners import in_git
from cluster.owners.ownership import Barred, Claim, Noted, OwnerKind
from cluster.owners.place import Place, value
from cluster.owners.sight import Hidden, Sight
from cluster.rights import HOME, gets

MARKS: Final[Mapping[str, Kind]] = {
    "kustomize.toolkit.fluxcd.io": kinds.KUSTOMIZATION,
    "helm.toolkit.fluxcd.io": kinds.HELM_RELEASE,
}
MANAGERS: Final = ("kustomize-controller", "helm-controller")
RECONCILE: Final = "kustomize.toolkit.fluxcd.io/reconcile"
APPLY: Final = "kustomize.toolkit.fluxcd.io/ssa"
SUSPEND: Final = ("spec", "suspend")
LEFT_ALONE: Final = ("ifnotpresent", "ignore")
SYSTEM: Final = "flux-system"
"""Where Flux's own objects stand, unless they are beside what they make."""


def find(place: Place, sight: Sight) -> Claim | None:
    """Return what the Kustomization or HelmRelease that the labels name does to the field."""
    found = above(place.thing, sight)
    return _claim(place, *found) if found else None


def above(thing: Thing, sight: Sight) -> tuple[OwnerReference, Thing | Hidden | None] | None:
    """Return what the labels of an object name, as it was seen; None where they name nothing."""
    # What another object controls got its labels from that one, as KEDA's autoscalers do.
    labels = {} if thing.controller else thing.labels
    for mark, kind in MARKS.items():
        if name := labels.get(f"{mark}/name"):
            reference = OwnerReference(kind=kind.name, name=name, api_version=kind.api_version)
            home = labels.get(f"{mark}/namespace", "")
            return reference, sight.thing(reference, namespace=home)
    return None


def _claim(place: Place, reference: OwnerReference, owner: object) -> Claim:
    where = f"in Git through Flux {reference}"
    if _left_alone(place, reference):
        return Noted(aside=f"{where}, which leaves this object alone")
    if not isinstance(owner, Thing):
        why = getattr(owner, "because", "it is not there")
        return _bar(place, reference, f"which may write it back ({why})")
    if value(owner.body, SUSPEND) is True:
        return Noted(
            because=f"Flux {reference} sets it back when it is resumed",
            aside=f"{where}, which is suspended",
        )
    if reference.kind == kinds.HELM_RELEASE.name and not _corrects(place, owner):
        return Noted(
            because=f"the next upgrade by Flux {reference} sets it back",
            aside=f"{where}, which does not correct this drift",
        )
    if in_git.declared(place, MANAGERS) is False:
        return Noted(aside=f"{where}, where the field is not set")
    return _bar(place, reference, "which writes it back at its next reconciliation")


def _left_alone(place: Place, reference: OwnerReference) -> bool:
    """Tell whether the object says so; only the kustomize-controller asks it."""
    if reference.kind != kinds.KUSTOMIZATION.name:
        return False
    notes = place.thing.annotations
    disabled = notes.get(RECONCILE, "").lower() == "disabled"
    return disabled or notes.get(APPLY, "").lower() in LEFT_ALONE


def _corrects(place: Place, release: Thing) -> bool:
    """Tell whether drift of the field is corrected; source: helm-controller api/v2."""
    drift = value(release.body, ("spec", "driftDetection"))
    if value(drift, ("mode",)) != "enabled":
        return False
    ignored = value(drift, ("ignore",))
    return not any(_ignores(place, each) for each in (ignored if isinstance(ignored, list) else ()))


def _ignores(place: Place, rule: object) -> bool:
    paths, target = value(rule, ("paths",)), value(rule, ("target",))
    itself = place.thing.itself
    mine = {"group": itself.group, "kind": itself.kind, "name": itself.name}
    named = target if isinstance(target, Mapping) else {}
    # Labels and versions are not compared here: a rule with more than these is not counted on.
    fits = all(key in mine and named[key] in ("", mine[key]) for key in named)
    return fits and isinstance(paths, list) and place.pointer in paths


def _bar(place: Place, reference: OwnerReference, does: str) -> Barred:
    return Barred(
        because=f"{place} is in Git through Flux {reference}, {does}",
        advice="change it in Git, or suspend that first and resume it afterwards",
        only_here=True,
        aside=f"in Git through Flux {reference}",
        file=f"the manifest that Flux {reference} applies",
    )


OWNER: Final = OwnerKind(
    name="Flux", find=find, rights=gets(*MARKS.values(), namespaces=(HOME, SYSTEM))
)
