"""The world as a process: reads its arguments, says its addresses, ends when it is told to."""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol  # Any: the addresses are a dataclass of the world's own

from drills.alertmanager.config import Webhook
from drills.stories import STORIES

# How often, in real seconds, an orphaned world notices that it is one.
_LOOK_EVERY = 0.25


class Runs(Protocol):
    """A world that can be run; the world itself starts this module, so it is not imported here."""

    ended: threading.Event
    addresses: Any  # see the import

    def start(self) -> None:
        """Serve all addresses."""

    def stop(self) -> None:
        """End everything."""

    def end(self) -> None:
        """Ask for the end."""

    def call(self, webhook: Webhook) -> None:
        """Point the Alertmanagers at a receiver."""


def main(make: Callable[..., Runs], arguments: Sequence[str] | None = None) -> int:
    """Make and run a world until SIGTERM, SIGINT or `POST /stop`; 0 when it ended as asked.

    When all addresses answer, one line of JSON with them is written to standard output.
    """
    given = _parser().parse_args(arguments)
    world = make(
        seed=given.seed,
        rate=0.0 if given.stepped else given.rate,
        story=given.story,
        alertmanagers=given.alertmanager,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: world.end())
    if given.webhook:
        token = given.token_file.read_text().strip() if given.token_file else ""
        world.call(Webhook(url=given.webhook, token=token))
    world.start()
    sys.stdout.write(json.dumps(asdict(world.addresses)) + "\n")
    sys.stdout.flush()
    _wait(world, given.end_with)
    world.stop()
    return 0


def _wait(world: Runs, parent: int | None) -> None:
    while not world.ended.wait(_LOOK_EVERY):
        if parent is not None and os.getppid() != parent:
            return


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m drills.world", description=__doc__)
    add = parser.add_argument
    add("--rate", type=float, default=1.0, help="world seconds per real second (default 1)")
    add("--stepped", action="store_true", help="rate 0: only POST /clock/advance moves time")
    add("--seed", type=int, default=1, help="the same seed gives the same world (default 1)")
    add("--story", choices=sorted(STORIES), default="kv-cache", help="which faults begin when")
    add("--webhook", default="", metavar="URL", help="where the Alertmanagers notify")
    add("--token-file", type=Path, metavar="FILE", help="the bearer token of that receiver")
    add(
        "--alertmanager",
        action="append",
        default=[],
        metavar="URL",
        help="a real Alertmanager to ring instead of the stand-ins (repeatable)",
    )
    # The id is given: looked up here, it would be another one if that process went meanwhile.
    add("--end-with", type=int, metavar="PID", help="end when this starting process is gone")
    return parser
