"""autoscaler: how few and how many an autoscaler may make, and whether KEDA scales at all."""

from collections.abc import Mapping
from typing import Final

from cluster.actions import left, refusal, standing
from cluster.actions.action import OF_SIZE, OneOf, Parameter, Whole, writes_fields
from cluster.actions.field import Edit
from cluster.actions.plan import Plan
from cluster.clients import kinds
from cluster.clients.things import Thing
from cluster.owners import keda, registry, workload
from cluster.owners.ownership import Ownership
from cluster.owners.place import Place, Unit
from cluster.owners.resolve import resolve
from cluster.owners.sight import Sight
from cluster.owners.workload import Workload
from cluster.rights import gets, patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "autoscaler"
MOST: Final = 1000
YES, NO = "yes", "no"
KNOWN: Final = ("floor", "ceiling", "pause")


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of an autoscaler's bounds, or of KEDA's mark that pauses it."""
    given = {name: str(asked) for name, asked in parameters.items() if asked is not None}
    _check(given)
    work = workload.of(target, sight)
    owned = resolve(work.place, sight, registry.kinds())
    if "pause" in given:
        return _paused(target, given["pause"], work, owned, sight)
    if owned.place.unit is not Unit.FLOOR:
        message = f"{NAME} {target}: no autoscaler scales {work.place}"
        raise Rejected(message)
    return _bounds(target, given, work, owned)


def _check(given: Mapping[str, str]) -> None:
    if unknown := sorted(given.keys() - set(KNOWN)):
        message = f"{NAME}: unknown parameter {unknown[0]!r}; there are: {', '.join(KNOWN)}"
        raise Rejected(message)
    if not given or ("pause" in given and len(given) > 1):
        message = f"{NAME}: say floor or ceiling, or pause alone"
        raise Rejected(message)
    if given.get("pause", YES) not in (YES, NO):
        message = f"{NAME}: pause is {YES} or {NO}, not {given['pause']!r}"
        raise Rejected(message)
    for name in ("floor", "ceiling"):
        written = given.get(name, "1")
        if not (written.isascii() and written.isdigit() and int(written[:9]) <= MOST):
            message = f"{NAME}: {name} must be a number of at most {MOST}, not {written!r}"
            raise Rejected(message)


def _bounds(target: Target, given: Mapping[str, str], work: Workload, owned: Ownership) -> Edit:
    place = owned.place
    low, most = place.size, place.most
    floor, ceiling = int(given.get("floor", low)), int(given.get("ceiling", most))
    refusal.refuse_where_barred(
        NAME, target, owned, was=f"{low} to {most}", becomes=f"{floor} to {ceiling}"
    )
    if (floor, ceiling) == (low, most):
        message = f"{NAME} {target}: nothing to change: {place} is between {low} and {most}"
        raise Rejected(message)
    if floor > ceiling or ceiling < 1 or (floor < 1 and place.missing > 0):
        message = f"{NAME} {target}: {place} cannot be between {floor} and {ceiling}"
        raise Rejected(message)
    changes = [
        (path, word, was, new)
        for path, word, was, new in (
            (place.path, "floor", low, floor),
            (place.ceiling, "ceiling", most, ceiling),
        )
        if was != new
    ]
    fields = tuple((path, new) for path, _, _, new in changes)
    return Edit(
        thing=place.thing,
        fields=fields,
        before=tuple((path[-1], str(was)) for path, _, was, _ in changes),
        after=tuple((path[-1], str(new)) for path, _, _, new in changes),
        parameters=tuple(sorted(given.items())),
        owner_path=owned.path,
        inverse=(("action", NAME), *((word, str(was)) for _, word, was, _ in changes)),
        kubectl=standing.patched(place.thing, fields),
        warnings=(*_pods(work.place.size, floor, ceiling), *owned.notes),
    )


def _pods(size: int, floor: int, ceiling: int) -> tuple[str, ...]:
    if size > ceiling:
        return (f"{size - ceiling} of {size} replicas go at its next sync",)
    if size < floor:
        return (f"{floor - size} replicas come at its next sync",)
    return ("it may scale to zero",) if floor == 0 else ()


def _paused(target: Target, asked: str, work: Workload, owned: Ownership, sight: Sight) -> Edit:
    wanted = asked == YES
    scaled = _scaled_object(target, work, owned, sight)
    now = scaled.annotations.get(keda.PAUSED) == "true"
    mark = Place(thing=scaled, path=("metadata", "annotations", keda.PAUSED), unit=Unit.OTHER)
    word = {True: YES, False: NO}
    above = refusal.stays(NAME, target, mark, sight, was=word[now], becomes=word[wanted])
    if now == wanted:
        message = f"{NAME} {target}: nothing to change: paused is {word[now]}"
        raise Rejected(message)
    fields = ((mark.path, "true" if wanted else None),)
    says = "nothing scales by load from now on" if wanted else "it scales by load from now on"
    return Edit(
        thing=scaled,
        fields=fields,
        before=(("paused", word[now]),),
        after=(("paused", word[wanted]),),
        parameters=(("pause", word[wanted]),),
        owner_path=(*owned.path[:-1], *above.path) if len(owned.path) > 1 else owned.path,
        inverse=(("action", NAME), ("pause", word[now])),
        kubectl=standing.patched(scaled, fields),
        warnings=(says, *above.notes),
    )


def _left(plan: Plan) -> str:
    asked = dict(plan.parameters).get("pause")
    if asked is None:
        return left.changed(plan)
    what = f"{plan.write.kind} {plan.write.namespace}/{plan.write.name}"
    return f"{what} is paused: nothing scales by load" if asked == YES else ""


def _scaled_object(target: Target, work: Workload, owned: Ownership, sight: Sight) -> Thing:
    """Return what is to be paused: above the autoscaler, or of a paused one the workload's own."""
    if owned.place.thing.itself.kind == kinds.SCALED_OBJECT.name:
        return owned.place.thing
    found = keda.of(work.place, sight)
    if len(found) != 1:
        message = f"{NAME} {target}: only a ScaledObject can be paused, and none scales it alone"
        raise Rejected(message)
    return found[0]


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Change how few and how many an autoscaler may make, or pause it",
    parameters={
        "floor": Parameter(
            shape=Whole(minimum=1, maximum=MOST), meaning="Never fewer replicas than this"
        ),
        "ceiling": Parameter(
            shape=Whole(minimum=1, maximum=MOST), meaning="Never more replicas than this"
        ),
        "pause": Parameter(
            shape=OneOf(choices=(YES, NO)), meaning="Whether a ScaledObject of KEDA stops scaling"
        ),
    },
    one_of=KNOWN,
    rights=(
        *OF_SIZE,
        *gets(kinds.AUTOSCALER, kinds.SCALED_OBJECT),
        *patches(kinds.AUTOSCALER, kinds.SCALED_OBJECT, kinds.INFERENCE_SERVICE),
    ),
    leaves=left.Leaves(
        words="other bounds than the usual ones, or a pause of KEDA", of=_left, within=left.DAY
    ),
)
