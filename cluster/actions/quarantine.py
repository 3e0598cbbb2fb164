"""quarantine: takes a pod out of its pool and leaves it running, for somebody to look at."""

from collections.abc import Mapping
from typing import Final

from cluster.actions import left, member, removal, setting, standing
from cluster.actions.action import OneOf, Parameter, writes_fields
from cluster.actions.field import Edit
from cluster.actions.member import Member
from cluster.actions.plan import Plan
from cluster.clients import kinds, parse
from cluster.clients.things import Thing
from cluster.owners import workload
from cluster.owners.place import called, value
from cluster.owners.sight import Hidden, Sight
from cluster.rights import lists, patches
from cluster.targets import marks
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "quarantine"
OUT: Final = marks.OUT
MARK: Final = "triaged.dev/quarantined"
"""The annotation that says for which target a pod was taken out, and what its label was."""
ANNOTATION: Final = ("metadata", "annotations", MARK)
YES, NO = "yes", "no"
NEW_POD: Final = "ReplicaSet"
"""The kind of owner that makes another pod for one that it no longer selects."""


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the label that decides whether a pod is in its pool."""
    asked = setting.given(NAME, parameters, ("pod", "back"))
    name, back = asked.get("pod", ""), asked.get("back", NO)
    if back not in (YES, NO):
        message = f"{NAME}: back is {YES} or {NO}, not {back!r}"
        raise Rejected(message)
    return _back(target, name, sight) if back == YES else _out(target, name, sight)


def _out(target: Target, name: str, sight: Sight) -> Edit:
    found = member.find(NAME, target, name, sight)
    removal.refuse_leaving(NAME, target, found)
    if not target.pool:
        message = f"{NAME} {target}: its pods are in no InferencePool"
        raise Rejected(message)
    pool = setting.one(NAME, target, target.pool, kinds.POOLS, sight)
    chosen = parse.pool(pool.body).selector
    if not chosen or not chosen.items() <= found.thing.labels.items():
        message = f"{NAME} {target}: {found.thing} is not in {called(pool.itself)}"
        raise Rejected(message)
    _refuse_last(target, found, chosen, sight)
    label, anew = _label(target, found.thing, chosen, sight)
    was = chosen[label]
    return Edit(
        thing=found.thing,
        fields=(
            (("metadata", "labels", label), OUT),
            (ANNOTATION, f"{target.uid} {label}={was}"),
        ),
        before=((label, was), ("mark", "none")),
        after=((label, OUT), ("mark", f"{label}={was}")),
        parameters=(("pod", name),),
        owner_path=(f"Pod {name}", str(found.work.place)),
        inverse=(("action", NAME), ("pod", name), ("back", YES)),
        kubectl=standing.patched(found.thing, ((("metadata", "labels", label), OUT),)),
        warnings=_told(found, anew=anew),
    )


def _back(target: Target, name: str, sight: Sight) -> Edit:
    pod = member.read(NAME, target, name, sight)
    uid, _, kept = pod.annotations.get(MARK, "").partition(" ")
    label, _, was = kept.partition("=")
    if uid != target.uid or not label or pod.labels.get(label) != OUT:
        message = f"{NAME} {target}: {pod} was not taken out of the pool of this target"
        raise Rejected(message)
    place = workload.of(target, sight).place
    adopted = f"{place} takes it back, has one pod more than it wants, and deletes one"
    fields = ((("metadata", "labels", label), was), (ANNOTATION, None))
    return Edit(
        thing=pod,
        fields=fields,
        before=((label, OUT), ("mark", kept)),
        after=((label, was), ("mark", "none")),
        parameters=(("pod", name), ("back", YES)),
        owner_path=(f"Pod {name}", str(place)),
        inverse=(("action", NAME), ("pod", name)),
        kubectl=standing.patched(pod, fields),
        warnings=(adopted,) if pod.controller is None else (),
    )


def _refuse_last(target: Target, found: Member, chosen: Mapping[str, str], sight: Sight) -> None:
    """Raise Rejected where the pool would be left without a pod that is ready."""
    listed = sight.things(kinds.POD)
    if isinstance(listed, Hidden):
        message = f"{NAME} {target}: what is left of the pool cannot be told: {listed.because}"
        raise Rejected(message)
    others = [
        parse.pod(each.body)
        for each in listed
        if chosen.items() <= each.labels.items() and each.itself.uid != found.thing.itself.uid
    ]
    if not any(each.ready_since and not each.leaving for each in others):
        message = f"{NAME} {target}: no other pod of pool {target.pool} is ready"
        raise Rejected(message)


def _label(target: Target, pod: Thing, chosen: Mapping[str, str], sight: Sight) -> tuple[str, bool]:
    """Return the label to change, and whether the pod's owner makes another pod then.

    A ReplicaSet lets go of a pod that it does not select and makes another. A StatefulSet would
    let go of it too, and could make none: its name is taken.
    """
    above = pod.controller
    owner = sight.thing(above) if above else None
    if above is None or not isinstance(owner, Thing):
        message = f"{NAME} {target}: what controls {pod} cannot be read"
        raise Rejected(message)
    selects = value(owner.body, ("spec", "selector", "matchLabels"))
    mine = set(selects) if isinstance(selects, Mapping) else set()
    shared, free = sorted(chosen.keys() & mine), sorted(chosen.keys() - mine)
    if above.kind == NEW_POD and shared:
        return shared[0], True
    if free:
        return free[0], False
    message = f"{NAME} {target}: {above} would let go of {pod} and could make no other"
    raise Rejected(message)


def _left(plan: Plan) -> str:
    if dict(plan.parameters).get("back") == YES:
        return ""
    pool = plan.target.pool
    return f"Pod {plan.write.namespace}/{plan.write.name} runs outside of pool {pool}"


def _told(found: Member, *, anew: bool) -> tuple[str, ...]:
    above, number = found.work.place, sum(map(member.gpus_of, (found.thing,)))
    new = (
        f"{above} makes a new pod, which needs {number} GPUs besides those that it keeps"
        if anew
        else f"{above} makes no new pod: the pool has one less"
    )
    return (new, "it gets no new requests; those that run on it end there")


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Take a pod out of its pool and leave it running, or put it back",
    parameters={
        "pod": removal.POD,
        "back": Parameter(
            shape=OneOf(choices=(YES, NO)), meaning="Whether it is put back, instead"
        ),
    },
    stands=True,
    rights=(
        *member.RIGHTS,
        *lists(*kinds.POOLS, kinds.POD),
        *patches(kinds.POD),
    ),
    leaves=left.Leaves(
        words="the pod runs outside of its pool, and keeps its GPUs", of=_left, within=left.HOURS
    ),
)
