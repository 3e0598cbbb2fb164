"""`triaged runbooks`: look at runbooks before they are needed."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from cyclopts import App

from bot.app.cli.output import Json, clean, show, table
from bot.app.clock import world_clock
from bot.app.configuration import load as load_configuration
from bot.app.settings import load
from incidents.errors import Rejected
from runbooks.language.grammar import runbook as grammar
from runbooks.language.loader import LIBRARY, lint
from runbooks.language.loader import load as load_runbooks
from runbooks.language.registry import verbs
from runbooks.language.schema import published

runbooks = App(
    name="runbooks", help="Runbooks: list them, check them, try one, print their schema."
)


@runbooks.command(name="lint")
def lint_folder(folder: Path | None = None, /, *, as_json: Json = False) -> None:
    """Check every runbook of a folder, of all that are in force where none is named.

    Fails with file and line of everything wrong.
    """
    folders = _in_force() if folder is None else (folder,)
    problems = [problem for one in folders for problem in lint(one)]
    if problems and not as_json:
        raise Rejected("\n".join(clean(str(problem)) for problem in problems))
    show({"problems": problems}, [f"{one}: nothing is wrong" for one in folders], as_json=as_json)
    if problems:
        message = f"{len(problems)} problems"
        raise Rejected(message)


@runbooks.command(name="list")
def list_runbooks(*, as_json: Json = False) -> None:
    """List the runbooks that are in force, with what they cover."""
    found = sorted(load_runbooks(_in_force()).values(), key=lambda one: one.name)
    rows = [[one.name, ", ".join(one.covers), one.title, one.digest[:12]] for one in found]
    plain = [
        {"name": one.name, "covers": one.covers, "title": one.title, "digest": one.digest}
        for one in found
    ]
    show(plain, table(rows), as_json=as_json)


@runbooks.command
def schema(*, as_json: Json = True) -> None:  # noqa: ARG001  # it is JSON, asked for or not
    """Print the JSON Schema of a runbook, for editors."""
    show(published(grammar(verbs())), (), as_json=True)


@runbooks.command(name="dry-run")
def dry_run(webhook: Path, /, *, as_json: Json = False) -> None:
    """Say what the runbook for a saved webhook body would find and propose; act on nothing.

    WEBHOOK is a body as Alertmanager posts it (version 4). Checks read the live cluster and
    metrics; a plan asks the API server for a dry run of its one write, and nothing is applied.
    """
    # Imported here: clients and engine take a second to load, and only this needs them.
    from bot.app import classifying  # noqa: PLC0415  # see above
    from bot.app.canaries import with_canaries  # noqa: PLC0415  # see above
    from bot.app.cli import dry_run_told  # noqa: PLC0415  # see above
    from bot.app.dry_running import dry_runs  # noqa: PLC0415  # see above
    from bot.app.guarding import careful  # noqa: PLC0415  # see above
    from bot.app.reach import canaries, tools  # noqa: PLC0415  # see above

    settings = load()
    delivery = classifying.read(webhook)
    with ExitStack() as closing:
        configuration = load_configuration(settings.config)
        clock = world_clock(settings.clock_url) if settings.clock_url else _utc
        found = dry_runs(
            delivery,
            configuration=configuration,
            tools=with_canaries(
                careful(
                    tools(settings, closing=closing),
                    rules=lambda: configuration.policy.guardrails,
                    intended=lambda: configuration.environments,
                    own=settings.cluster,
                    clock=clock,
                ),
                canaries(settings, intended=lambda: configuration.environments),
            ),
            at=clock(),
            cluster=settings.cluster,
        )
    first, *others = map(dry_run_told.plain, found)
    lines = [line for one in found for line in dry_run_told.lines(one)]
    show({**first, "others": others}, lines, as_json=as_json)


def _in_force() -> Sequence[Path]:
    return (LIBRARY, *load_configuration(load().config, files=()).runbooks)


def _utc() -> datetime:
    return datetime.now(UTC)
