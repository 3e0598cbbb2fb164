"""`triaged runbooks`: look at runbooks before they are needed."""

from collections.abc import Sequence
from pathlib import Path

from cyclopts import App

from bot.app.cli.output import Json, clean, show, table
from bot.app.configuration import load as load_configuration
from bot.app.settings import load
from incidents.errors import Rejected
from runbooks.language.grammar import runbook as grammar
from runbooks.language.loader import LIBRARY, lint
from runbooks.language.loader import load as load_runbooks
from runbooks.language.registry import verbs
from runbooks.language.schema import published

runbooks = App(name="runbooks", help="Runbooks: list them, check them, print their schema.")


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


def _in_force() -> Sequence[Path]:
    return (LIBRARY, *load_configuration(load().config, files=()).runbooks)
