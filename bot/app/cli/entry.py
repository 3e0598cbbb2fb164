"""The first thing that runs: Ctrl-C is clean also while the rest is still being imported."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; interrupted, it ends without a word, as a shell expects."""
    try:
        from bot.app.cli.main import main as command_line  # noqa: PLC0415  # takes a third of a second

        command_line()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
