"""The pod template of a target: where it stands, and who would write it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cluster.actions import refusal
from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Json, Thing
from cluster.owners import argo_rollouts, kserve, registry, rollout_routes, workload
from cluster.owners.ownership import Barred, Ownership, pull_request
from cluster.owners.place import Place, Unit, value
from cluster.owners.resolve import resolve
from cluster.owners.sight import Sight
from cluster.owners.workload import Workload
from cluster.rights import gets, lists
from cluster.targets.target import Target
from incidents.errors import Rejected

PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    kinds.DEPLOYMENT.name: ("spec", "template"),
    kinds.STATEFUL_SET.name: ("spec", "template"),
    kinds.ROLLOUT.name: ("spec", "template"),
    kinds.GROUPS.name: ("spec", "leaderWorkerTemplate", "workerTemplate"),
}
"""Where each kind has it; a LeaderWorkerSet may have another one for its leaders."""
MAKERS: Final[Mapping[str, str]] = {
    kinds.INFERENCE_SERVICE.name: "take spec.model, spec.template or baseRefs of it back",
    kinds.DISAGGREGATED.name: "take the templates of its roles back, which rolls all roles",
    kinds.GROUPS.name: "take its leaderWorkerTemplate back",
}
"""What always writes a template back, and what a person does there instead.

Sources: KServe pkg/controller/v1alpha2/llmisvc, lws pkg/controllers and api/disaggregatedset/v1.
"""
OWNERS: Final = tuple(
    each for each in registry.kinds() if each not in (argo_rollouts.OWNER, rollout_routes.OWNER)
)
"""Who is asked for: a Rollout takes the size of a Deployment over, and not its template."""
OF_OWNERS: Final = tuple(
    right
    for each in OWNERS
    if not each.sizes and not {name for _, name in each.controls} & MAKERS.keys()
    for right in each.rights
)
"""What it takes to ask them; of what always writes a template back nothing has to be read."""
RIGHTS: Final = tuple(
    dict.fromkeys(
        (
            *gets(*kinds.WORKLOADS, kinds.INFERENCE_SERVICE),
            *lists(kinds.DEPLOYMENT, kinds.GROUPS, kinds.POD),
            *OF_OWNERS,
        )
    )
)
"""What it takes to find a template and its owners, and to look at its pods afterwards."""
BECAUSE: Final = "what was rolled out is worse"
SIZE: Final = "replicas"
DIGEST: Final = "template"
IMAGES: Final = "images"
"""What a plan says that holds no values: its size, what its pods are made from, and their images,
as in `main=vllm:1, proxy=envoy:2`."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A pod template of `work`, in `thing` at `path`; the two differ for a Rollout's reference."""

    work: Workload
    thing: Thing
    path: tuple[str, ...]

    @property
    def top(self) -> Thing:
        """Return what has the history of the template: the workload, or the service above it."""
        service = self.thing.itself.kind == kinds.INFERENCE_SERVICE.name
        return self.thing if service else self.work.place.thing

    @property
    def body(self) -> Json:
        """Return the template; raises Malformed."""
        found = value(self.thing.body, self.path)
        return parse.section({"template": found}, "template")


def place(thing: Thing, path: tuple[str, ...]) -> Place:
    """Return the place of a field that is about how pods are made, not how many."""
    return Place(thing=thing, path=path, unit=Unit.SETTING)


def of(action: str, target: Target, sight: Sight) -> Template:
    """Return the template of a target; raises Rejected where it has none of its own."""
    if target.kind == kinds.DISAGGREGATED.name:
        message = f"{action} {target}: {MAKERS[target.kind]}"
        raise Rejected(message)
    work = workload.of(target, sight)
    thing = _referred(action, target, work.place.thing, sight)
    if thing.itself.kind not in PATHS:
        message = f"{action} {target}: no pod template of a {thing.itself.kind} is known"
        raise Rejected(message)
    return Template(work=work, thing=thing, path=PATHS[thing.itself.kind])


def outermost(action: str, target: Target, sight: Sight) -> Template:
    """Return the template where it is declared: that of a service of KServe stands in itself."""
    if target.kind != kinds.INFERENCE_SERVICE.name:
        return of(action, target, sight)
    service = sight.thing(
        OwnerReference(kind=target.kind, name=target.name, api_version=target.api_version)
    )
    work = workload.of(target, sight)
    assert isinstance(service, Thing)  # noqa: S101  # its workload was found from it
    at = kserve.part(service, work.place.thing)
    return Template(work=work, thing=service, path=(*at, "template"))


def owned(  # where it is, what it was, what it becomes
    action: str,
    target: Target,
    place: Place,
    sight: Sight,
    *,
    was: str,
    becomes: str,
    instead: str = "",
) -> Ownership:
    """Return who stands above a field of the template; raises Rejected where it would not stay.

    `instead` is what a person does below an operator, where that is not to change its template.
    """
    above = place.thing.controller
    if above is not None and above.kind in MAKERS:
        barred = Barred(
            because=f"{above} always writes the template of {place.thing} back",
            advice=instead or MAKERS[above.kind],
            file="" if instead else f"the manifest of {above}",
        )
        wish = pull_request(barred, place, was=was, becomes=becomes, because=BECAUSE)
        said = filter(None, [f"{barred.because}; {barred.advice}", wish])
        message = f"{action} {target}: {'. '.join(said)}"
        raise Rejected(message)
    owners = resolve(place, sight, OWNERS)
    refusal.refuse_where_barred(action, target, owners, was=was, becomes=becomes, because=BECAUSE)
    return owners


def told(before: Pairs, after: Pairs) -> tuple[int, bool] | None:
    """Return which size a plan without fields says it leads to, and whether its template differs.

    None where it says neither; raises ValueError for a size that is no number.
    """
    was, becomes = dict(before), dict(after)
    if SIZE not in becomes or DIGEST not in becomes:
        return None
    return int(becomes[SIZE]), was.get(DIGEST) != becomes[DIGEST]


def _referred(action: str, target: Target, thing: Thing, sight: Sight) -> Thing:
    """Return the Deployment whose template a Rollout uses instead of one of its own."""
    referred = parse.section(parse.section(thing.body, "spec"), "workloadRef")
    if thing.itself.kind != kinds.ROLLOUT.name or not referred:
        return thing
    reference = OwnerReference(
        kind=parse.text(referred, "kind"),
        name=parse.text(referred, "name"),
        api_version=parse.text(referred, "apiVersion"),
    )
    found = sight.thing(reference)
    if reference.kind != kinds.DEPLOYMENT.name or not isinstance(found, Thing):
        message = f"{action} {target}: {reference}, whose template it uses, cannot be read"
        raise Rejected(message)
    return found
