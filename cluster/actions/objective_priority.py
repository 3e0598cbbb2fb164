"""objective_priority: whose requests a pool drops first when it cannot serve all of them."""

from collections.abc import Mapping
from typing import Final

from cluster.actions import left, setting, standing
from cluster.actions.action import Parameter, Whole, Words, writes_fields
from cluster.actions.field import Edit
from cluster.clients import kinds, parse
from cluster.clients.things import Thing
from cluster.owners import registry
from cluster.owners.place import called
from cluster.owners.sight import Sight
from cluster.rights import gets, lists, patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "objective_priority"
LOWEST, HIGHEST = -1000, 1000
PATH: Final = ("spec", "priority")
DEFAULT: Final = 0
"""What a missing priority counts as; below it requests are dropped while the pool is saturated.

Source: the type InferenceObjective of llm-d-router and gateway-api-inference-extension.
"""


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the priority of an objective of the target's pool."""
    asked = setting.given(NAME, parameters, ("objective", "priority"))
    wanted = _number(asked.get("priority", ""))
    objective = setting.one(NAME, target, asked.get("objective", ""), kinds.OBJECTIVES, sight)
    _of_the_pool(target, objective)
    spec = parse.section(objective.body, "spec")
    was, what = parse.number(spec, "priority", missing=DEFAULT), called(objective.itself)
    if was == wanted:
        raise setting.unchanged(NAME, target, f"the priority of {what}", was)
    owned = setting.owned(NAME, target, objective, PATH, sight, was=str(was), becomes=str(wanted))
    dropped = f"requests of {what} are the first to be dropped while the pool is saturated"
    return Edit(
        thing=objective,
        fields=((PATH, wanted),),
        before=(("priority", str(was)),),
        after=(("priority", str(wanted)),),
        parameters=(("objective", objective.itself.name), ("priority", str(wanted))),
        owner_path=owned.path,
        inverse=(("action", NAME), ("objective", objective.itself.name), ("priority", str(was))),
        kubectl=standing.patched(objective, ((PATH, wanted),)),
        warnings=(*((dropped,) if wanted < DEFAULT else ()), *owned.notes),
    )


def _number(written: str) -> int:
    digits = written.removeprefix("-")
    if digits.isascii() and digits.isdigit() and LOWEST <= int(written[:9]) <= HIGHEST:
        return int(written[:9])
    message = f"{NAME}: priority must be a number from {LOWEST} to {HIGHEST}, not {written!r}"
    raise Rejected(message)


def _of_the_pool(target: Target, objective: Thing) -> None:
    refers = parse.section(parse.section(objective.body, "spec"), "poolRef")
    pool = parse.text(refers, "name")
    if not target.pool or pool != target.pool:
        what = called(objective.itself)
        message = f"{NAME} {target}: {what} is of pool {pool}, not of {target.pool or 'a pool'}"
        raise Rejected(message)


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Change which requests a pool drops first",
    parameters={
        "objective": Parameter(
            shape=Words(pattern=r"[a-z0-9][-a-z0-9.]{0,252}", example="batch"),
            required=True,
            meaning="Name of the InferenceObjective",
        ),
        "priority": Parameter(
            shape=Whole(minimum=LOWEST, maximum=HIGHEST),
            required=True,
            meaning="Higher is served first; below 0 is dropped while the pool is saturated",
        ),
    },
    settle=setting.settled,
    stands=True,
    rights=(
        *registry.rights_of_settings(),
        *gets(*kinds.OBJECTIVES),
        *lists(*kinds.OBJECTIVES),
        *patches(*kinds.OBJECTIVES),
    ),
    leaves=left.Leaves(words="another priority of the objective", of=left.changed, within=left.DAY),
)
