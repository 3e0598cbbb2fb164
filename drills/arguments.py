"""The world as a process: reads its arguments, says its addresses, ends when it is told to."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from drills.alertmanager.config import Webhook
from drills.stories import STORIES
from drills.world import World

# How often, in real seconds, an orphaned world notices that it is one.
_LOOK_EVERY = 0.25


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a world until SIGTERM, SIGINT or `POST /stop`; 0 when it ended as asked.

    When all addresses answer, one line of JSON with them is written to standard output.
    """
    parent = os.getppid()
    given = _parser().parse_args(arguments)
    world = World(
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
    _wait(world, parent if given.end_with_parent else None)
    world.stop()
    return 0


def _wait(world: World, parent: int | None) -> None:
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
    add("--end-with-parent", action="store_true", help="end when the starting process is gone")
    return parser
