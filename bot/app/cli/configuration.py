"""`triaged configuration`: look at its files before they are needed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from cyclopts import App

from bot.app.cli.output import Json, show
from bot.app.configuration import load as load_configuration
from bot.app.configuration import names
from bot.app.configuration_severity import doubtful
from bot.app.configuration_shapes import SHAPES
from bot.app.configuration_shapes import schema as schema_of
from bot.app.settings import load
from incidents.default_policy import default_policy
from incidents.errors import Rejected

configuration = App(
    name="configuration",
    help="Policy, people, ownership, objectives, environments: check them, their schemas.",
)


@configuration.command
def check(folder: Path | None = None, /, *, as_json: Json = False) -> None:
    """Check a folder, TRIAGED_CONFIG where none is named; says who may approve.

    What is allowed and may cost dear is a warning, and no error. A folder that is named here and
    holds no file of ours is refused: its name was mistyped.
    """
    here = folder or load().config
    found = load_configuration(here)
    there = names(here)
    if folder is not None and not there:
        message = f"{folder}: no file of ours is there; ours are {', '.join(SHAPES)}"
        raise Rejected(message)
    people = [person.id for person in found.people.all()]
    approvers = list(found.policy.approvers)
    ownership, default = found.policy.ownership, found.policy.ownership.default.team
    warnings = doubtful(found.policy, default_policy())
    lines = [
        *_defaults(here, there),
        *(f"warning: {one}" for one in warnings),
        f"{len(people)} people: {', '.join(people) or 'nobody'}",
        f"may approve: {', '.join(approvers) or 'nobody'}; needed: {found.policy.approvals_needed}",
        f"{len(ownership.entries)} entries of ownership; whatever fits none: {default}",
    ]
    digest = found.policy.digest
    environments = [one.name for one in found.environments.environments]
    if environments:
        workloads = len(found.environments.places)
        lines.append(f"{workloads} workloads in {', '.join(environments)}")
    told = {
        "files": list(there),
        "people": people,
        "approvers": approvers,
        "digest": digest,
        "warnings": list(warnings),
        "environments": environments,
    }
    show(told, lines, as_json=as_json)


def _defaults(folder: Path | None, there: Sequence[str]) -> Iterator[str]:
    """Yield the line that says that nothing was configured, where that is so."""
    if folder is None:
        yield "TRIAGED_CONFIG names no folder: the defaults are in force"
    elif not there:
        yield f"no file of ours is in {folder}: the defaults are in force"


@configuration.command
def schema(
    name: Literal["policy", "people", "ownership", "objectives", "environments"],
    /,
    *,
    as_json: Json = True,  # noqa: ARG001  # it is JSON, asked for or not
) -> None:
    """Print the JSON Schema of one of the files, for editors."""
    show(schema_of(f"{name}.yaml"), (), as_json=True)
