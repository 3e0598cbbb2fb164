"""scale: changes the size of a target where it stays, be it a number above the target."""

import shlex
from collections.abc import Mapping
from typing import Final

from cluster.actions import left, refusal, standing
from cluster.actions import size as sizes
from cluster.actions.action import OF_SIZE, Parameter, Whole, Words, writes_fields
from cluster.actions.field import Edit
from cluster.actions.plan import Plan
from cluster.actions.size import Size
from cluster.clients import kinds
from cluster.owners import registry, workload
from cluster.owners.ownership import Ownership
from cluster.owners.place import Place, Unit
from cluster.owners.resolve import resolve
from cluster.owners.sight import Sight
from cluster.owners.workload import Workload
from cluster.rights import gets, patches
from cluster.targets.target import Target
from incidents.errors import Rejected

SCALE: Final = "scale"
MOST: Final = 1000
"""No llm-d pool is near this many replicas; a longer number is a slip."""


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the size where it stays: a number of the target's own, or a floor."""
    size = sizes.read(parameters)
    work = workload.of(target, sight)
    wanted = sizes.wanted(size, work.place.size)
    owned = resolve(work.place, sight, registry.kinds())
    floor = owned.place.unit is Unit.FLOOR
    was = owned.place.size if floor else work.place.size
    refusal.refuse_where_barred(SCALE, target, owned, was=was, becomes=wanted)
    if floor:
        return _floor(target, size, work, owned, wanted)
    return _direct(size, work, owned, wanted)


def _direct(size: Size, work: Workload, owned: Ownership, wanted: int) -> Edit:
    place = owned.place
    before = (("replicas", str(work.place.size)),)
    return Edit(
        thing=place.thing,
        subresource=place.subresource,
        fields=((place.path, wanted),),
        before=before,
        after=(("replicas", str(wanted)),),
        parameters=size.parameters,
        owner_path=owned.path,
        inverse=(("action", SCALE), *before),
        kubectl=_kubectl(place, wanted),
        warnings=(*owned.notes, *standing.warnings(work, wanted)),
    )


def _floor(target: Target, size: Size, work: Workload, owned: Ownership, wanted: int) -> Edit:
    place, current = owned.place, work.place.size
    name, top = place.path[-1], place.ceiling[-1]
    low, most = place.size, place.most
    if (wanted > current and wanted <= low) or (wanted < current and wanted >= low):
        message = (
            f"scale {target}: {place} decides between {low} and {most}, and {current} are there;"
            f" a floor of {wanted} would change nothing"
        )
        raise Rejected(message)
    raised = wanted > most
    if raised and size.at_most is None:
        message = f"scale {target}: {place} allows at most {most}; say at_most to raise that too"
        raise Rejected(message)
    tops = ((place.ceiling, wanted),) if raised else ()
    was = ((top, str(most)),) if raised else ()
    back = (("ceiling", str(most)),) if raised else ()
    fields = ((place.path, wanted), *tops)
    return Edit(
        thing=place.thing,
        fields=fields,
        before=((name, str(low)), *was),
        after=tuple((path[-1], str(new)) for path, new in fields),
        parameters=size.parameters,
        owner_path=owned.path,
        inverse=(("action", "autoscaler"), ("floor", str(low)), *back),
        kubectl=standing.patched(place.thing, fields),
        warnings=(
            f"{place} decides: the least it may make is {wanted} from now on, {current} are there",
            *owned.notes,
            *standing.warnings(work, wanted),
        ),
    )


def _kubectl(place: Place, wanted: int) -> str:
    """Return the equal command; what has no `/scale` is patched."""
    if place.subresource != SCALE:
        return standing.patched(place.thing, ((place.path, wanted),))
    return shlex.join(
        [
            *("kubectl", SCALE, standing.resource(place.thing), "-n", place.thing.namespace),
            f"--replicas={wanted}",
            f"--current-replicas={place.size}",
        ]
    )


def _left(plan: Plan) -> str:
    """Return the floor that was changed; of a size only a team can say what is usual."""
    return "" if "replicas" in dict(plan.after) else left.changed(plan)


ACTION: Final = writes_fields(
    decide,
    name=SCALE,
    meaning="Change the number of replicas",
    parameters={
        "replicas": Parameter(
            shape=Words(pattern=r"[1-9][0-9]{0,2}|[+-][1-9][0-9]{0,2}%?", example="6, +2, +50%"),
            required=True,
            meaning="So many, so many more, or such a share more (in quotes)",
        ),
        "at_most": Parameter(
            shape=Whole(minimum=1, maximum=MOST),
            required=True,
            meaning="Never more replicas than this",
        ),
        "at_least": Parameter(
            shape=Whole(minimum=1, maximum=MOST),
            default=1,
            meaning="Never fewer replicas than this",
        ),
    },
    rights=(
        *OF_SIZE,
        *gets(kinds.AUTOSCALER, kinds.SCALED_OBJECT),
        *patches(*kinds.WORKLOADS, kinds.ROLE_SCALER, subresource=SCALE),
        *patches(kinds.DISAGGREGATED, kinds.INFERENCE_SERVICE),
        *patches(kinds.AUTOSCALER, kinds.SCALED_OBJECT),
    ),
    leaves=left.Leaves(
        words="another size than the normal one of `environments.yaml`, or an autoscaler's floor",
        of=_left,
        within=left.DAY,
    ),
)
