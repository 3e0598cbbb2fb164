"""`triaged configuration`: look at its files before they are needed."""

from pathlib import Path
from typing import Literal

from cyclopts import App

from bot.app.cli.output import Json, show
from bot.app.configuration import load as load_configuration
from bot.app.configuration_severity import doubtful
from bot.app.configuration_shapes import schema as schema_of
from bot.app.settings import load
from incidents.default_policy import default_policy

configuration = App(
    name="configuration",
    help="Policy, people, ownership, objectives, environments: check them, their schemas.",
)


@configuration.command
def check(folder: Path | None = None, /, *, as_json: Json = False) -> None:
    """Check a folder, TRIAGED_CONFIG where none is named; says who may approve.

    What is allowed and may cost dear is a warning, and no error.
    """
    found = load_configuration(folder or load().config)
    people = [person.id for person in found.people.all()]
    approvers = list(found.policy.approvers)
    ownership, default = found.policy.ownership, found.policy.ownership.default.team
    warnings = doubtful(found.policy, default_policy())
    lines = [
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
        "people": people,
        "approvers": approvers,
        "digest": digest,
        "warnings": list(warnings),
        "environments": environments,
    }
    show(told, lines, as_json=as_json)


@configuration.command
def schema(
    name: Literal["policy", "people", "ownership", "objectives", "environments"],
    /,
    *,
    as_json: Json = True,  # noqa: ARG001  # it is JSON, asked for or not
) -> None:
    """Print the JSON Schema of one of the files, for editors."""
    show(schema_of(f"{name}.yaml"), (), as_json=True)
