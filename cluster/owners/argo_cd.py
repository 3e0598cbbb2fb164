"""Argo CD, which may bring an object back to what Git says."""

from typing import Final

from cluster.clients import kinds
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.owners import helm, in_git
from cluster.owners.ownership import Barred, Claim, Noted, OwnerKind
from cluster.owners.place import Place, value
from cluster.owners.sight import Hidden, Sight
from cluster.rights import gets

TRACKING: Final = "argocd.argoproj.io/tracking-id"
INSTANCE: Final = "argocd.argoproj.io/instance"
# Argo CD's default mark before 3.0, which Helm writes as well.
AMBIGUOUS: Final = "app.kubernetes.io/instance"
SKIP: Final = "argocd.argoproj.io/skip-reconcile"
MANAGERS: Final = ("argocd-controller", "argocd-application-controller")
HOMES: Final = ("argocd", "openshift-gitops")
"""Where Applications stand, unless the tracking mark names another namespace."""


def find(place: Place, sight: Sight) -> Claim | None:
    """Return what the Application does to the field; one that cannot be read is feared."""
    found = above(place.thing, sight)
    if found is None:
        return None
    name, application = found
    if not isinstance(application, Thing):
        return _bar(place, name, "which may write it back", f" ({application.because})")
    return _claim(place, application)


def above(thing: Thing, sight: Sight) -> tuple[str, Thing | Hidden] | None:
    """Return the Application that an object belongs to and its name; None where there is none.

    The name is empty where Argo CD has written the object and nothing says for which one.
    """
    if thing.controller:
        return None  # its marks are copies of those of the object that controls it
    name = _tracked(thing) or thing.labels.get(INSTANCE, "")
    applied = any(each.manager in MANAGERS for each in thing.writers)
    if not name and not applied:
        name = _by_label(thing, sight)
        if not name:
            return None
    return name, _application(name, sight) if name else Hidden(because="its name is not known")


def _claim(place: Place, application: Thing) -> Claim:
    name, spec = application.itself.name, value(application.body, ("spec",))
    where = f"in Git through Argo CD Application {name}"
    if application.annotations.get(SKIP) == "true":
        return Noted(aside=f"{where}, which is not reconciled now")
    automated = value(spec, ("syncPolicy", "automated"))
    enabled = value(automated, ("enabled",)) is not False
    healing = enabled and value(automated, ("selfHeal",)) is True
    if _ignored(place, spec):
        kept = "RespectIgnoreDifferences=true" in _words(spec, ("syncPolicy", "syncOptions"))
        note = "" if kept else f"the next sync of Argo CD Application {name} sets it back"
        return Noted(because=note, aside=f"{where}, which ignores the field")
    if in_git.declared(place, MANAGERS, applies=True) is False:
        return Noted(aside=f"{where}, where the field is not set")
    if not healing:
        note = f"the next sync of Argo CD Application {name} sets it back to what Git says"
        return Noted(because=note, aside=f"{where} without self-heal")
    return _bar(place, name, "which heals itself and writes it back", "", " with self-heal")


def _bar(place: Place, name: str, does: str, why: str, how: str = "") -> Barred:
    called = f"Argo CD Application {name}".strip()
    return Barred(
        because=f"{place} is in Git through {called}, {does}{why}",
        advice="change it in Git",
        only_here=True,
        aside=f"in Git through {called}{how}",
        file=f"the manifest that {called} applies",
    )


def _tracked(thing: Thing) -> str:
    """Return the application of the mark `APP:GROUP/KIND:NAMESPACE/NAME`.

    A mark that was copied from another object names that one, and Argo CD does not follow it.
    Source: argo-cd util/argo/resource_tracking.go.
    """
    name, _, rest = thing.annotations.get(TRACKING, "").partition(":")
    itself = thing.itself
    own = f"{itself.group}/{itself.kind}:{thing.namespace}/{itself.name}"
    return name if rest == own else ""


def _by_label(thing: Thing, sight: Sight) -> str:
    """Return the name in the ambiguous label, where an Application of that name is there."""
    name = thing.labels.get(AMBIGUOUS, "")
    if not name or helm.release(thing) is not None:
        return ""
    return name if isinstance(_application(name, sight), Thing) else ""


def _application(name: str, sight: Sight) -> Thing | Hidden:
    kind = kinds.APPLICATION
    # `NAMESPACE_NAME` outside of Argo CD's own; the name of no object has an underscore.
    namespace, _, alone = name.rpartition("_")
    homes = (namespace,) if namespace else HOMES
    hidden = Hidden(because=f"there is no Application {alone} in {' or '.join(homes)}")
    for home in homes:
        reference = OwnerReference(kind=kind.name, name=alone, api_version=kind.api_version)
        found = sight.thing(reference, namespace=home)
        if isinstance(found, Thing):
            return found
        hidden = found or hidden
    return hidden


def _ignored(place: Place, spec: object) -> bool:
    """Tell whether `ignoreDifferences` names the field of this object."""
    entries = value(spec, ("ignoreDifferences",))
    return any(_fits(place, each) for each in (entries if isinstance(entries, list) else ()))


def _fits(place: Place, entry: object) -> bool:
    itself = place.thing.itself
    mine = {"kind": itself.kind, "name": itself.name, "namespace": place.thing.namespace}
    if (value(entry, ("group",)) or "") not in ("*", itself.group):
        return False
    if any(value(entry, (key,)) not in (None, "", "*", mine[key]) for key in mine):
        return False
    if place.pointer in _words(entry, ("jsonPointers",)):
        return True
    return f".{place.dotted}" in _words(entry, ("jqPathExpressions",))


def _words(spec: object, path: tuple[str, ...]) -> tuple[str, ...]:
    found = value(spec, path)
    return tuple(str(each) for each in found) if isinstance(found, list) else ()


OWNER: Final = OwnerKind(
    name="Argo CD", find=find, rights=gets(kinds.APPLICATION, namespaces=HOMES)
)
