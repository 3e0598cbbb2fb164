"""Where the size of a target begins: what makes its pods, and how many pods one of it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.owners import argo_rollouts, disaggregated_set
from cluster.owners.ownership import Barred
from cluster.owners.place import Place, Unit, value
from cluster.owners.sight import Hidden, Sight, why
from cluster.rights import gets, lists
from cluster.targets.target import Target
from incidents.errors import Rejected

GROUPS: Final = "leaderworkerset.sigs.k8s.io/name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What makes the pods of a target: where it has its size, and how its pods are found.

    `selector` is in the API's text form; `each` is how many pods one replica is.
    """

    place: Place
    selector: str
    each: int = 1


def of(target: Target, sight: Sight) -> Workload:
    """Return the workload of a target; raises Rejected where there is none that has a size."""
    reference = OwnerReference(
        kind=target.kind, name=target.name, uid=target.uid, api_version=target.api_version
    )
    begin = BEGINS.get((reference.group, reference.kind))
    if begin is None:
        message = f"{target}: no kind that has a size; there are {', '.join(sorted(NAMES))}"
        raise Rejected(message)
    found = sight.thing(reference)
    if not isinstance(found, Thing):
        message = f"{target}: {why(found)}"
        raise Rejected(message)
    if found.itself.uid != target.uid:
        message = f"{target}: it was deleted and made anew meanwhile"
        raise Rejected(message)
    return begin(found, target.role, sight)


def _plain(thing: Thing, _: str, __: Sight) -> Workload:
    spec = parse.section(thing.body, "spec")
    place = Place(thing=thing, path=("spec", "replicas"), unit=Unit.PODS, subresource="scale")
    return Workload(place=place, selector=parse.selector(parse.section(spec, "selector")))


def _rollout(thing: Thing, _: str, sight: Sight) -> Workload:
    spec = parse.section(thing.body, "spec")
    selector = parse.section(spec, "selector")
    referred = parse.section(spec, "workloadRef")
    if referred and not selector:
        name = parse.text(referred, "name")
        api = kinds.DEPLOYMENT.api_version
        whole = sight.thing(OwnerReference(kind=kinds.DEPLOYMENT.name, name=name, api_version=api))
        found = value(whole.body, ("spec", "selector")) if isinstance(whole, Thing) else None
        selector = found if isinstance(found, Mapping) else {}
    return Workload(place=argo_rollouts.size(thing), selector=parse.selector(selector))


def _groups(thing: Thing, _: str, __: Sight) -> Workload:
    place = Place(thing=thing, path=("spec", "replicas"), unit=Unit.GROUPS, subresource="scale")
    selector = f"{GROUPS}={thing.itself.name}"
    return Workload(place=place, selector=selector, each=_group(thing.body, ("spec",)))


def _set(thing: Thing, role: str, sight: Sight) -> Workload:
    place = disaggregated_set.role_of(thing, role, sight)
    if isinstance(place, Barred):
        raise Rejected(place.because)
    labels = f"{disaggregated_set.NAME}={thing.itself.name},{disaggregated_set.ROLE}={role}"
    roles = parse.items(parse.section(thing.body, "spec"), "roles")
    index = str([parse.text(each, "name") for each in roles].index(role))
    slices = parse.number(parse.section(thing.body, "spec"), "slices", missing=1)
    each = slices * _group(thing.body, ("spec", "roles", index, "spec"))
    return Workload(place=place, selector=labels, each=each)


def _service(thing: Thing, role: str, sight: Sight) -> Workload:
    """Return the workload that KServe made for the role; its picker is one of its own, too."""
    suffix = "-prefill" if role == "prefill" else ""
    names = {f"{thing.itself.name}-kserve{several}{suffix}" for several in ("", "-mn")}
    for kind in (kinds.DEPLOYMENT, kinds.GROUPS):
        listed = sight.things(kind)
        if isinstance(listed, Hidden):
            raise Rejected(listed.because)
        for each in listed:
            above = each.controller
            if above and above.uid == thing.itself.uid and each.itself.name in names:
                return BEGINS[kind.group, kind.name](each, role, sight)
    message = f"{thing} has made no workload for {role or 'requests'} yet"
    raise Rejected(message)


def _group(body: object, path: tuple[str, ...]) -> int:
    found = value(body, (*path, "leaderWorkerTemplate", "size"))
    return found if isinstance(found, int) else 1


Begin = Callable[[Thing, str, Sight], Workload]
BEGINS: Final[Mapping[tuple[str, str], Begin]] = {
    (kind.group, kind.name): begin
    for kind, begin in (
        (kinds.DEPLOYMENT, _plain),
        (kinds.STATEFUL_SET, _plain),
        (kinds.ROLLOUT, _rollout),
        (kinds.GROUPS, _groups),
        (kinds.DISAGGREGATED, _set),
        (kinds.INFERENCE_SERVICE, _service),
    )
}
NAMES: Final = tuple(name for _, name in BEGINS)
RIGHTS: Final = (
    *gets(*(kinds.BY_NAME[each] for each in BEGINS), kinds.ROLE_SCALER),
    *lists(kinds.DEPLOYMENT, kinds.GROUPS),
)
"""What `of` needs."""
