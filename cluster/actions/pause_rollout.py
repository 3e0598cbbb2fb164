"""pause_rollout: stops a rollout where it is, or lets it go on."""

from collections.abc import Mapping
from typing import Final

from cluster.actions import left, setting, standing
from cluster.actions.action import OneOf, Parameter, writes_fields
from cluster.actions.field import Edit
from cluster.clients import kinds
from cluster.owners import workload
from cluster.owners.place import value
from cluster.owners.sight import Sight
from cluster.rights import patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "pause_rollout"
PATH: Final = ("spec", "paused")
YES, NO = "yes", "no"
KINDS: Final = (kinds.DEPLOYMENT.name, kinds.ROLLOUT.name)
HELD: Final = "nothing new is rolled out and nothing is rolled back until somebody resumes it"
GOES_ON: Final = "a template that was written meanwhile is rolled out now"


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of `spec.paused`; an absent one is no pause."""
    wanted = setting.given(NAME, parameters, ("pause",)).get("pause")
    if wanted not in (YES, NO):
        message = f"{NAME}: pause is {YES} or {NO}, not {wanted!r}"
        raise Rejected(message)
    work = workload.of(target, sight)
    thing = work.place.thing
    if thing.itself.kind not in KINDS:
        message = f"{NAME} {target}: a {thing.itself.kind} cannot be paused"
        raise Rejected(message)
    now = YES if value(thing.body, PATH) is True else NO
    if now == wanted:
        raise setting.unchanged(NAME, target, "paused", now)
    owned = setting.owned(NAME, target, thing, PATH, sight, was=now, becomes=wanted)
    fields = ((PATH, True if wanted == YES else None),)
    return Edit(
        thing=thing,
        fields=fields,
        before=(("paused", now),),
        after=(("paused", wanted),),
        parameters=(("pause", wanted),),
        owner_path=owned.path,
        inverse=(("action", NAME), ("pause", now)),
        kubectl=standing.patched(thing, fields),
        warnings=(
            HELD if wanted == YES else GOES_ON,
            *standing.warnings(work, work.place.size),
            *owned.notes,
        ),
    )


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Stop a rollout where it is, or let it go on",
    parameters={
        "pause": Parameter(
            shape=OneOf(choices=(YES, NO)), required=True, meaning="Whether it stands still"
        ),
    },
    settle=setting.settled,
    stands=True,
    rights=(*setting.RIGHTS, *patches(kinds.DEPLOYMENT, kinds.ROLLOUT)),
    leaves=left.Leaves(
        words="the rollout stands still: nothing new comes, and nothing is rolled back",
        of=left.on("pause", YES, lambda plan: f"the rollout of {plan.target} stands still"),
        within=left.HOURS,
    ),
)
