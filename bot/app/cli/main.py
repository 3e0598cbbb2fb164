"""The command `triaged`: one module a command, and those that other folders register."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points, version

from cyclopts import App

from bot.app.cli.output import clean
from bot.app.redaction import without_secrets
from incidents.errors import NotAllowed, Rejected, TriagedError

GROUP = "triaged.commands"
FAILED, REFUSED, INTERRUPTED = 1, 2, 130

VERIFIES = """Recompute the journal's chain.

It covers the events: the stream, version, kind, schema, time, cause and body of each, and the order
of all of them. One that was changed, added or taken away is named, and the command fails. A tail
that was cut off together with the head shows only against a head noted elsewhere, see --head.

It does not cover what stands beside the events: the texts, which may be erased (annotations,
runbooks, policies), the summaries that lists are made of, holds, inbox, outbox and leases, and the
files of postmortems.
"""

# Named and not imported: the Kubernetes client alone takes a second, and `status` needs none.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("serve:serve", "Serve until SIGTERM: door, Slack, loops, hands."),
    "status": ("status:status", "What is open, what waits for whom, what is frozen."),
    "approve": ("approve:approve", "Show a plan that waits, or approve exactly it."),
    "reject": ("approve:reject", "Say no to a plan that waits."),
    "freeze": ("freeze:freeze", "Stop every change, also of what is approved."),
    "thaw": ("freeze:thaw", "Let changes be claimed again."),
    "snooze": ("snooze:snooze", "Let some alerts open nothing for a while; they are listed."),
    "incident": ("incident:incident", "Acknowledge, resolve or judge an incident."),
    "run": ("run:run", "Retry, skip, continue, edit, undo, answer or settle a step."),
    "followups": ("followups:followups", "What is left to be done, by whom and until when."),
    "classify": ("classify:classify", "How bad a saved alert is, why, and what would change it."),
    "backtest": ("backtest:backtest", "The incidents and pages that there would have been."),
    "postmortem": ("postmortem:postmortem", "Write a postmortem again, from the journal."),
    "runbooks": ("runbooks:runbooks", "List runbooks, check them, print their schema."),
    "shadow": ("shadow:shadow", "What runbooks in shadow would have done."),
    "rules": ("rules:rules", "Write the rule files and dashboards of your objectives."),
    "signals": ("signals:signals", "What can be read at a Prometheus, what not, what that costs."),
    "slo": ("slo:slo", "What is left of each error budget, and which incident spent it."),
    "drift": ("drift:drift", "Where the live clusters are not what environments.yaml says."),
    "rbac": ("rbac:rbac", "The roles and the admission policy to apply in your cluster."),
    "snapshot": ("snapshot:snapshot", "Note templates, images and command lines that are seen."),
    "doctor": ("doctor:doctor", "Which rights are missing in your cluster, which too many."),
    "configuration": ("configuration:configuration", "Check its files; their schemas."),
    "silence": ("silence:silence", "Silence an incident's alerts at the Alertmanagers."),
    "inbox": ("inbox:inbox", "Deliveries that were set aside."),
    "verify-journal": ("verify_journal:verify_journal", VERIFIES),
    "migrate": ("migrate:migrate", "Bring the database's schema up to date."),
    "settings": ("settings:settings", "Every setting, what it means and its default."),
}
"""The commands: where each is, and its line in the help."""

ENDS = (
    "A command ends with 0 when it was done, 1 when it failed for now (try again), 2 when it was "
    "refused for good, as with a wrong argument, and 130 when it was interrupted."
)


def application() -> App:
    """Return the command line; a command's module is imported when it is used or explained."""
    app = App(
        name="triaged",
        help="The incident desk for llm-d.",
        help_epilogue=ENDS,
        version=version("triaged"),
    )
    for name, (place, words) in COMMANDS.items():
        app.command(f"bot.app.cli.{place}", name=name, help=words)
    for entry in entry_points(group=GROUP):
        app.command(entry.load(), name=entry.name)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; what is wrong is said on standard error.

    Ends with 0 when it was done, 1 when it failed for now, 2 when it was refused for good, 130
    when it was interrupted.
    """
    try:
        application()(list(arguments) if arguments is not None else None)
    except TriagedError as error:
        sys.stderr.write(said(error))
        sys.exit(REFUSED if isinstance(error, (Rejected, NotAllowed)) else FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read has gone, as with `| head`; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


def said(error: TriagedError) -> str:
    """Return what is said of an error: without secrets, and without what a terminal obeys."""
    lines = without_secrets(f"triaged: {error}").splitlines()
    return "".join(f"{clean(line)}\n" for line in lines)


if __name__ == "__main__":
    main()
