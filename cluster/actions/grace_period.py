"""grace_period: how long a pod has to end its requests after it was asked to go."""

from collections.abc import Iterator, Mapping
from typing import Final

from cluster.actions import engine_pods, left, rolled, setting
from cluster.actions import template as templates
from cluster.actions.action import Parameter, Whole, writes_fields
from cluster.actions.engine_pods import Change, Engine, Wanted
from cluster.actions.field import Edit
from cluster.clients import kinds, parse
from cluster.owners.sight import Sight
from cluster.rights import patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "grace_period"
SECONDS: Final = "seconds"
FIELD: Final = "terminationGracePeriodSeconds"
MISSING: Final = 30
"""What the API takes an absent one for. Source: core/v1, PodSpec."""
LEAST, MOST = 1, 3600
OLD: Final = "pods that go for this rollout still have the old one"


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the grace period of all pods of the target."""
    written = setting.given(NAME, parameters, (SECONDS,)).get(SECONDS, "")
    if not (written.isascii() and written.isdigit() and LEAST <= int(written[:9]) <= MOST):
        message = f"{NAME}: {SECONDS} is a number from {LEAST} to {MOST}, not {written[:40]!r}"
        raise Rejected(message)
    return engine_pods.edit(
        target,
        sight,
        Wanted(
            action=NAME,
            wish=lambda pods: tuple(_changes(pods, int(written))),
            parameters=((SECONDS, written),),
            undo=lambda before: (("action", NAME), *before.items()),
            whole_pods=True,
            warnings=(OLD,),
        ),
    )


def _changes(pods: Engine, wanted: int) -> Iterator[Change]:
    was = parse.number(pods.body, FIELD, missing=MISSING)
    if was != wanted:
        yield Change(
            parameter=SECONDS,
            path=(*pods.path, FIELD),
            becomes=wanted,
            what=pods.named("grace period"),
            was=str(was),
            now=str(wanted),
        )


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Change how long a pod has to end its requests after it was asked to go",
    parameters={
        SECONDS: Parameter(
            shape=Whole(minimum=LEAST, maximum=MOST), required=True, meaning="So many seconds"
        )
    },
    settle=rolled.settled,
    rights=(*templates.RIGHTS, *patches(*kinds.WORKLOADS, kinds.INFERENCE_SERVICE)),
    leaves=left.Leaves(words="another grace period", of=left.changed, within=left.DAY),
)
