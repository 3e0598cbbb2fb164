"""suspend_gitops: stops what brings a target back to what Git says, or lets it go on.

Argo CD is told by its own annotation and not by `syncPolicy`: an Application that is in Git itself
would get that back. Sources: argo-cd docs/user-guide/skip_reconcile.md, Flux api/v1 and api/v2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.actions import left, setting, standing
from cluster.actions.action import OneOf, Parameter, writes_fields
from cluster.actions.field import Edit
from cluster.clients import kinds
from cluster.clients.things import Thing
from cluster.owners import argo_cd, flux, registry, workload
from cluster.owners.place import Place, Unit, called, value
from cluster.owners.resolve import resolve
from cluster.owners.sight import Hidden, Sight
from cluster.rights import HOME, gets, patches
from cluster.seen import reference
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "suspend_gitops"
WORDS: Final = ("yes", "no")
SKIP: Final = ("metadata", "annotations", argo_cd.SKIP)
COVERED: Final[Mapping[str, tuple[str, ...]]] = {
    kinds.APPLICATION.name: ("status", "resources"),
    kinds.KUSTOMIZATION.name: ("status", "inventory", "entries"),
}
"""Where each kind lists what it applies; a HelmRelease does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What reconciles the target, and the field that stops it: `stops` does, `goes` does not."""

    thing: Thing
    path: tuple[str, ...]
    stops: object

    @property
    def stopped(self) -> bool:
        """Tell whether it is stopped now."""
        return value(self.thing.body, self.path) == self.stops


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write; raises Rejected where nothing reconciles it, or several things do."""
    wanted = setting.given(NAME, parameters, ("suspend",)).get("suspend", "")
    if wanted not in WORDS:
        message = f"{NAME} {target}: suspend is yes or no"
        raise Rejected(message)
    switch = _switch(target, sight)
    now, name = WORDS[0 if switch.stopped else 1], called(switch.thing.itself)
    if now == wanted:
        raise setting.unchanged(NAME, target, f"that {name} is suspended", now)
    stop = wanted == WORDS[0]
    fields = ((switch.path, switch.stops if stop else None),)
    return Edit(
        thing=switch.thing,
        fields=fields,
        before=(("suspended", now),),
        after=(("suspended", wanted),),
        parameters=(("suspend", wanted),),
        owner_path=_path(target, switch, sight, now, wanted),
        inverse=(("action", NAME), ("suspend", now)),
        kubectl=standing.patched(switch.thing, fields),
        warnings=tuple(_means(switch.thing, stop=stop)),
    )


def _switch(target: Target, sight: Sight) -> Switch:
    """Return the one thing that reconciles the target's own object."""
    own = sight.thing(reference(target))
    if not isinstance(own, Thing) or own.itself.uid != target.uid:
        why = own.because if isinstance(own, Hidden) else "it is gone, or was made anew"
        message = f"{NAME} {target}: {why}"
        raise Rejected(message)
    found = [*_argo(target, own, sight), *_flux(target, own, sight)]
    if not found:
        message = f"{NAME} {target}: neither Argo CD nor Flux is seen to reconcile it"
        raise Rejected(message)
    if len(found) > 1:
        names = " and ".join(called(each.thing.itself) for each in found)
        message = f"{NAME} {target}: {names} both reconcile it; let only one of them"
        raise Rejected(message)
    return found[0]


def _argo(target: Target, own: Thing, sight: Sight) -> Sequence[Switch]:
    found = argo_cd.above(own, sight)
    if found is None:
        return ()
    name, seen = found
    thing = _seen(target, f"Argo CD Application {name}".strip(), seen)
    return (Switch(thing=thing, path=SKIP, stops="true"),)


def _flux(target: Target, own: Thing, sight: Sight) -> Sequence[Switch]:
    found = flux.above(own, sight)
    if found is None:
        return ()
    named, seen = found
    thing = _seen(target, f"Flux {named}", seen)
    return (Switch(thing=thing, path=flux.SUSPEND, stops=True),)


def _seen(target: Target, name: str, seen: Thing | Hidden | None) -> Thing:
    if isinstance(seen, Thing):
        return seen
    why = seen.because if seen else "it is not there"
    message = f"{NAME} {target}: {name} reconciles it and cannot be read: {why}"
    raise Rejected(message)


def _path(target: Target, switch: Switch, sight: Sight, was: str, becomes: str) -> tuple[str, ...]:
    """Return who stands above what reconciles; raises Rejected where that would let it go on.

    To let it go on is always right, as Git says so: nobody is asked then.
    """
    if switch.stopped:
        place = Place(thing=switch.thing, path=switch.path, unit=Unit.SETTING)
        return resolve(place, sight, registry.kinds()).path
    return setting.owned(
        NAME, target, switch.thing, switch.path, sight, was=was, becomes=becomes
    ).path


def _means(thing: Thing, *, stop: bool) -> Sequence[str]:
    name = called(thing.itself)
    if not stop:
        return (f"{name} sets everything that it applies back to what Git says",)
    listed = value(thing.body, COVERED.get(thing.itself.kind, ()))
    covers = f"all {len(listed)} objects" if isinstance(listed, list) else "everything"
    return (
        f"{covers} that {name} applies stop following Git, not the target alone",
        "until it is resumed, what is merged is not rolled out",
    )


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Stop what brings the target back to what Git says, or let it go on",
    parameters={
        "suspend": Parameter(
            shape=OneOf(choices=WORDS), required=True, meaning="Whether it stops following Git"
        )
    },
    settle=setting.settled,
    leaves=left.Leaves(
        words="Git that is not followed",
        of=left.on("suspend", WORDS[0]),
        within=left.HOURS,
    ),
    stands=True,
    rights=(
        *registry.rights_of_settings(),
        *gets(*(kinds.BY_NAME[each] for each in workload.BEGINS)),
        *patches(kinds.APPLICATION, namespaces=argo_cd.HOMES),
        *patches(*flux.MARKS.values(), namespaces=(HOME, flux.SYSTEM)),
    ),
)
