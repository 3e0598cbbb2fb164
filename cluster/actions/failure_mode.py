"""failure_mode: what becomes of requests while the endpoint picker of the target's pool is away."""

from collections.abc import Mapping
from typing import Final

from cluster.actions import left, setting, standing
from cluster.actions.action import OneOf, Parameter, writes_fields
from cluster.actions.field import Edit
from cluster.clients import kinds, parse
from cluster.clients.things import Thing
from cluster.owners import registry
from cluster.owners.place import called
from cluster.owners.sight import Sight
from cluster.rights import gets, lists, patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "failure_mode"
OPEN, CLOSE = "FailOpen", "FailClose"
PICKERS: Final = ("endpointPickerRef", "extensionRef")
"""What v1 calls the reference to the picker, and what v1alpha2 called it."""
MEANS: Final[Mapping[str, str]] = {
    OPEN: "while the picker is away requests go to any endpoint, whatever its load, cache or role",
    CLOSE: "while the picker is away requests fail",
}


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the failure mode of the pool that the target's pods are in."""
    wanted = setting.given(NAME, parameters, ("mode",)).get("mode", "")
    if wanted not in MEANS:
        message = f"{NAME}: mode is {OPEN} or {CLOSE}, not {wanted!r}"
        raise Rejected(message)
    if not target.pool:
        message = f"{NAME} {target}: its pods are in no InferencePool"
        raise Rejected(message)
    pool = setting.one(NAME, target, target.pool, kinds.POOLS, sight)
    was = parse.pool(pool.body).failure_mode
    if was == wanted:
        raise setting.unchanged(NAME, target, f"the failure mode of {called(pool.itself)}", was)
    path = ("spec", _picker(target, pool), "failureMode")
    owned = setting.owned(NAME, target, pool, path, sight, was=was, becomes=wanted)
    return Edit(
        thing=pool,
        fields=((path, wanted),),
        before=(("failure mode", was),),
        after=(("failure mode", wanted),),
        parameters=(("mode", wanted),),
        owner_path=owned.path,
        inverse=(("action", NAME), ("mode", was)),
        kubectl=standing.patched(pool, ((path, wanted),)),
        warnings=(MEANS[wanted], *owned.notes),
    )


def _picker(target: Target, pool: Thing) -> str:
    spec = parse.section(pool.body, "spec")
    for name in PICKERS:
        if parse.section(spec, name):
            return name
    message = f"{NAME} {target}: {called(pool.itself)} names no endpoint picker"
    raise Rejected(message)


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Change what becomes of requests while the pool's endpoint picker is away",
    parameters={
        "mode": Parameter(
            shape=OneOf(choices=(OPEN, CLOSE)),
            required=True,
            meaning="FailOpen: they go to any endpoint; FailClose: they fail",
        )
    },
    settle=setting.settled,
    stands=True,
    rights=(
        *registry.rights_of_settings(),
        *gets(*kinds.POOLS),
        *lists(*kinds.POOLS),
        *patches(*kinds.POOLS),
    ),
    leaves=left.Leaves(words="another failure mode of the pool", of=left.changed, within=left.DAY),
)
