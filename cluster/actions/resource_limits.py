"""resource_limits: how much CPU and memory the engine may have, as its limits say."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cluster.actions import engine_pods, left, rolled, setting
from cluster.actions import template as templates
from cluster.actions.action import Parameter, Words, writes_fields
from cluster.actions.engine_pods import NONE, Change, Engine, Wanted
from cluster.actions.field import Edit
from cluster.clients import kinds
from cluster.owners.place import value
from cluster.owners.sight import Sight
from cluster.rights import patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "resource_limits"
NAMES: Final = ("cpu", "memory")
WRITTEN: Final[Mapping[str, str]] = {
    "cpu": r"[1-9][0-9]{0,2}|[1-9][0-9]{2,5}m",
    "memory": r"[1-9][0-9]{0,3}Gi|[1-9][0-9]{2,6}Mi",
}
"""From 100 millicores and 100 MiB on; an engine with less does not start."""
SWEPT: Final = "a pod that needs more memory than its limit is killed"


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the limits that are asked for; the others, and requests, stay."""
    given = setting.given(NAME, parameters, NAMES)
    if not given:
        message = f"{NAME}: say {' or '.join(NAMES)}"
        raise Rejected(message)
    for name, wanted in given.items():
        if wanted != NONE and not re.fullmatch(WRITTEN[name], wanted, re.ASCII):
            message = f"{NAME}: {name} is a quantity such as {EXAMPLES[name]}, not {wanted[:40]!r}"
            raise Rejected(message)
    return engine_pods.edit(
        target,
        sight,
        Wanted(
            action=NAME,
            wish=lambda engine: tuple(_changes(engine, given)),
            parameters=tuple((name, given[name]) for name in NAMES if name in given),
            undo=_undo,
            warnings=(SWEPT,) if "memory" in given else (),
        ),
    )


EXAMPLES: Final = {"cpu": "16 or 500m", "memory": "96Gi or 512Mi"}


def _undo(before: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    known = all(
        was == NONE or re.fullmatch(WRITTEN[name], was, re.ASCII) for name, was in before.items()
    )
    return (("action", NAME), *before.items()) if known else ()


def _changes(engine: Engine, given: Mapping[str, str]) -> Iterator[Change]:
    for name in NAMES:
        found = value(engine.body, ("resources", "limits", name))
        was = NONE if found is None else str(found)
        if name not in given or was == given[name]:
            continue
        path, new = engine_pods.put(engine, ("resources", "limits", name), _written(given[name]))
        yield Change(
            parameter=name,
            path=path,
            becomes=new,
            what=engine.named(f"{name} limit"),
            was=was,
            now=given[name],
        )


def _written(wanted: str) -> str | None:
    return None if wanted == NONE else wanted


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Change how much CPU and memory the engine may have",
    parameters={
        name: Parameter(
            shape=Words(pattern=f"{WRITTEN[name]}|{NONE}", example=EXAMPLES[name]),
            meaning=f"The limit of {name}; `none` takes it away",
        )
        for name in NAMES
    },
    one_of=NAMES,
    settle=rolled.settled,
    rights=(*templates.RIGHTS, *patches(*kinds.WORKLOADS, kinds.INFERENCE_SERVICE)),
    leaves=left.Leaves(words="other limits of the engine", of=left.changed, within=left.DAY),
)
