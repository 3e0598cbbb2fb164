"""Worlds: every story has a fresh one, forked from a world that was made once and never started."""

import os
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from bot.app.clock import world_clock
from drills.alertmanager.config import Webhook
from drills.faults import MoreTraffic
from drills.world import World
from tests.crash.orphans import end_with_parent
from tests.rehearsing import TOKEN, Stage, post

READY = b"."


def made(*, webhook: str) -> World:
    """Make a quiet world whose Alertmanagers notify there; it moves in steps."""
    world = World(rate=0.0, story="quiet")
    # Who asks the model is no part of this story, and costs it half of its time.
    world.put(MoreTraffic(factor=0.02))
    world.call(Webhook(url=webhook, token=TOKEN))
    return world


@contextmanager
def started(world: World) -> Iterator[Stage]:
    """Run the world in a process of its own, from its first moment until the block ends."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        _run(world, writing)
    os.close(writing)
    try:
        if os.read(reading, 1) != READY:
            message = "the world did not start"
            raise AssertionError(message)
        stage = _stage(world)
        unlimited = {"post_pacing": False, "tier_limits": False}
        post(f"{stage.console}/control/switches", unlimited)
        yield stage
    finally:
        os.close(reading)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _run(world: World, writing: int) -> None:
    try:
        end_with_parent()
        world.start()
        os.write(writing, READY)
        signal.pause()
    except BaseException:  # noqa: BLE001  # whatever it is, somebody must read of it
        traceback.print_exc()
    os._exit(1)


def _stage(world: World) -> Stage:
    addresses = asdict(world.addresses)
    return Stage(
        control=addresses["control"],
        console=addresses["slack_console"],
        addresses=addresses,
        clock=world_clock(addresses["control"]),
    )
