"""The command `triaged`: one module a command, and those that other folders register."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points, version

from cyclopts import App

from incidents.errors import NotAllowed, Rejected, TriagedError

GROUP = "triaged.commands"
FAILED, REFUSED = 1, 2

# Named and not imported: the Kubernetes client alone takes a second, and `status` needs none.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("serve:serve", "Serve until SIGTERM: door, Slack, loops, hands."),
    "status": ("status:status", "What is open, what waits for whom, what is frozen."),
    "approve": ("approve:approve", "Show a plan that waits, or approve exactly it."),
    "reject": ("approve:reject", "Say no to a plan that waits."),
    "freeze": ("freeze:freeze", "Stop every change, also of what is approved."),
    "thaw": ("freeze:thaw", "Let changes be claimed again."),
    "run": ("run:run", "Retry, skip, continue, undo, answer or settle a step."),
    "postmortem": ("postmortem:postmortem", "Write a postmortem again, from the journal."),
    "runbooks": ("runbooks:runbooks", "List runbooks, check them, print their schema."),
    "inbox": ("inbox:inbox", "Deliveries that were set aside."),
    "verify-journal": ("verify_journal:verify_journal", "Recompute the journal's chain."),
    "migrate": ("migrate:migrate", "Bring the database's schema up to date."),
    "settings": ("settings:settings", "Every setting, what it means and its default."),
}
"""The commands: where each is, and its line in the help."""


def application() -> App:
    """Return the command line; a command's module is imported when it is used or explained."""
    app = App(name="triaged", help="The incident desk for llm-d.", version=version("triaged"))
    for name, (place, words) in COMMANDS.items():
        app.command(f"bot.app.cli.{place}", name=name, help=words)
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
    except BrokenPipeError:
        # Whoever read has gone, as with `| head`; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
