"""The command `triaged`: one module a command, and those that other folders register."""

import sys
from collections.abc import Sequence
from importlib.metadata import entry_points, version

from cyclopts import App

from bot.app.cli.approve import approve, reject
from bot.app.cli.freeze import freeze, thaw
from bot.app.cli.inbox import inbox
from bot.app.cli.migrate import migrate
from bot.app.cli.postmortem import postmortem
from bot.app.cli.run import run
from bot.app.cli.runbooks import runbooks
from bot.app.cli.serve import serve
from bot.app.cli.settings import settings
from bot.app.cli.status import status
from bot.app.cli.verify_journal import verify_journal
from incidents.errors import NotAllowed, Rejected, TriagedError

GROUP = "triaged.commands"
FAILED, REFUSED = 1, 2


def application() -> App:
    """Return the command line; importing it opens nothing."""
    app = App(name="triaged", help="The incident desk for llm-d.", version=version("triaged"))
    for command in (
        serve,
        status,
        approve,
        reject,
        freeze,
        thaw,
        postmortem,
        verify_journal,
        migrate,
        settings,
    ):
        app.command(command)
    for group in (run, runbooks, inbox):
        app.command(group)
    for entry in entry_points(group=GROUP):
        app.command(entry.load(), name=entry.name)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; what is wrong is one sentence on standard error."""
    try:
        application()(list(arguments) if arguments is not None else None)
    except TriagedError as error:
        sys.stderr.write(f"triaged: {error}\n")
        sys.exit(REFUSED if isinstance(error, (Rejected, NotAllowed)) else FAILED)


if __name__ == "__main__":
    main()
