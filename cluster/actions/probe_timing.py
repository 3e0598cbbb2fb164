"""probe_timing: how often a probe of the engine asks, how long it waits, how often it may fail."""

from collections.abc import Iterator, Mapping
from typing import Final

from cluster.actions import engine_pods, left, rolled, setting
from cluster.actions import template as templates
from cluster.actions.action import OneOf, Parameter, Whole, writes_fields
from cluster.actions.engine_pods import Change, Engine, Wanted
from cluster.actions.field import Edit
from cluster.clients import kinds, parse
from cluster.owners.sight import Sight
from cluster.rights import patches
from cluster.targets.target import Target
from incidents.errors import Rejected

NAME: Final = "probe_timing"
PROBE: Final = "probe"
PROBES: Final = ("startup", "readiness", "liveness")
FIELDS: Final[Mapping[str, tuple[str, int, int, int]]] = {
    "period": ("periodSeconds", 10, 1, 600),
    "timeout": ("timeoutSeconds", 1, 1, 600),
    "failures": ("failureThreshold", 3, 1, 1000),
    "delay": ("initialDelaySeconds", 0, 0, 3600),
}
"""What the API calls it and takes an absent one for, and the bounds. Source: core/v1, Probe."""
MEANINGS: Final = {
    "period": "Seconds between two questions",
    "timeout": "Seconds until an answer counts as failed",
    "failures": "So many failures in a row until it counts",
    "delay": "Seconds until the first question",
}


def decide(target: Target, parameters: Mapping[str, object], sight: Sight) -> Edit:
    """Return the write of the timing of one probe; what is not asked for stays."""
    given = setting.given(NAME, parameters, (PROBE, *FIELDS))
    probe = given.get(PROBE, "")
    wanted = {name: _number(name, given[name]) for name in FIELDS if name in given}
    if probe not in PROBES or not wanted:
        message = f"{NAME}: say {PROBE} ({', '.join(PROBES)}) and one of {', '.join(FIELDS)}"
        raise Rejected(message)
    about = f"{NAME} {target}"
    return engine_pods.edit(
        target,
        sight,
        Wanted(
            action=NAME,
            wish=lambda engine: tuple(_changes(engine, probe, wanted, about)),
            parameters=((PROBE, probe), *((name, str(each)) for name, each in wanted.items())),
            undo=lambda before: (("action", NAME), (PROBE, probe), *before.items()),
        ),
    )


def _number(name: str, written: str) -> int:
    _, _, least, most = FIELDS[name]
    if not (written.isascii() and written.isdigit() and least <= int(written[:9]) <= most):
        message = f"{NAME}: {name} is a whole number from {least} to {most}, not {written[:40]!r}"
        raise Rejected(message)
    return int(written)


def _changes(engine: Engine, probe: str, wanted: Mapping[str, int], about: str) -> Iterator[Change]:
    found = parse.section(engine.body, f"{probe}Probe")
    if not found:
        message = f"{about}: the engine has no {probe} probe"
        raise Rejected(message)
    for name, becomes in wanted.items():
        field, missing, _, _ = FIELDS[name]
        was = parse.number(found, field, missing=missing)
        if was != becomes:
            yield Change(
                parameter=name,
                path=(*engine.path, f"{probe}Probe", field),
                becomes=becomes,
                what=engine.named(f"{probe} {name}"),
                was=str(was),
                now=str(becomes),
            )


ACTION: Final = writes_fields(
    decide,
    name=NAME,
    meaning="Change how often a probe of the engine asks, waits and may fail",
    parameters={
        PROBE: Parameter(shape=OneOf(choices=PROBES), required=True, meaning="Which probe"),
        **{
            name: Parameter(shape=Whole(minimum=least, maximum=most), meaning=MEANINGS[name])
            for name, (_, _, least, most) in FIELDS.items()
        },
    },
    one_of=tuple(FIELDS),
    settle=rolled.settled,
    rights=(*templates.RIGHTS, *patches(*kinds.WORKLOADS, kinds.INFERENCE_SERVICE)),
    leaves=left.Leaves(words="another timing of a probe", of=left.changed, within=left.DAY),
)
