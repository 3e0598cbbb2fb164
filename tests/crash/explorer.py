"""The explorer: kills a forked child at a point, lets another one go on, and reads the history."""

import gc
import json
import os
import select
import shutil
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from bot.app.main import App, built
from bot.app.opening import Opened, opened
from bot.app.server import Server
from bot.app.settings import Settings
from drills.world import World
from incidents.journal import Head
from storage.migrations.migrate import migrate
from tests.crash import history, relay, worlds
from tests.crash.faults import FAULTS, NONE, Fault
from tests.crash.orphans import end_with_parent
from tests.crash.points import Points, pointed
from tests.crash.relay import Relay
from tests.crash.stepped import SteppedClock, stepped
from tests.crash.story import POLICY, RUNBOOK, NeverEndsError, Play
from tests.rehearsing import Stage, get, settings_for

DEADLINE = 90.0
PATIENCE = 8.0
RESTART = timedelta(seconds=3)
MEMORY = Path("/dev/shm")  # noqa: S108  # a disk's own pace is no part of a crash
SILENT = 50
THEN, WITH = " then ", " with "

Said = dict[str, Any]  # JSON from a child to its parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """What one point has shown; `killed` is False where the story never came to it."""

    point: str
    killed: bool
    violations: tuple[str, ...]
    doubt: bool
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Theatre:
    """A world that waits to be started, a relay that runs, and a place for databases."""

    world: World
    relay: Relay
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One story: its world, its desk's settings, who tells it, and the fault in the desk."""

    stage: Stage
    relay: Relay
    settings: Settings
    fault: Fault
    begun: datetime


@contextmanager
def theatre(*, loud: bool = False) -> Iterator[Theatre]:
    """Make all that stories have in common; ended with the block, or with this process."""
    if not loud:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT))
    relayed = relay.start()
    memory = MEMORY if MEMORY.is_dir() else None
    try:
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            world = worlds.made(webhook=relayed.webhook)
            migrate(f"sqlite:///{folder}/empty.db")
            _warm(world, Path(folder))
            yield Theatre(world=world, relay=relayed, folder=Path(folder))
    finally:
        relayed.stop()


def points(theatre: Theatre) -> Sequence[str]:
    """Return the points of the story that nobody kills, in order; raises when it goes wrong."""
    found = _tell(theatre, [], NONE)
    if found["violations"]:
        message = "without a kill: " + "; ".join(found["violations"])
        raise AssertionError(message)
    passed: Sequence[str] = found["points"]
    return passed


def explore(theatre: Theatre, point: str) -> Explored:
    """Kill the story at a point, let it end, and say what its history lacks.

    `after commit: keep #1 then 7` kills who goes on, too, at the seventh point that it passes;
    `after commit: keep #1 with no-look-back` plants a fault in everybody.
    """
    begun = time.monotonic()
    deaths, _, fault = point.partition(WITH)
    found = _tell(theatre, deaths.split(THEN), FAULTS[fault] if fault else NONE)
    return Explored(
        point=point,
        killed=found["killed"],
        violations=tuple(found["violations"]),
        doubt=found["doubt"],
        seconds=round(time.monotonic() - begun, 2),
    )


def _warm(world: World, folder: Path) -> None:
    """Make a desk once, without a thread, so that forks find every module imported."""
    with (
        worlds.started(world) as stage,
        built(settings_for(stage, folder, database_url="memory:")),
    ):
        pass
    gc.collect()
    gc.freeze()
    assert threading.active_count() == 1, threading.enumerate()


def _tell(theatre: Theatre, deaths: Sequence[str], fault: Fault) -> Said:
    folder = theatre.folder / "point"
    folder.mkdir()
    theatre.relay.forget()
    try:
        with worlds.started(theatre.world) as stage:
            return _live(_scene(theatre, stage, folder, fault), deaths)
    finally:
        theatre.relay.lead_to(None)
        shutil.rmtree(folder)


def _live(scene: Scene, deaths: Sequence[str]) -> Said:
    """Kill one desk after the other, and let the last one bring the story to its end."""
    for number, fatal in enumerate(deaths):
        said = _child(partial(_play, scene, fatal=fatal, anew=number > 0))
        if said is not None:
            return {"killed": False} | said
        scene.relay.lead_to(None)
    said = _child(partial(_play, scene, fatal=None, anew=bool(deaths)))
    died: Said = {"violations": ["who went on died"], "doubt": False}
    return {"killed": True} | (said or died)


def _scene(theatre: Theatre, stage: Stage, folder: Path, fault: Fault) -> Scene:
    shutil.copy(theatre.folder / "empty.db", folder / "t.db")
    settings = settings_for(stage, folder, database_url=f"sqlite:///{folder}/t.db")
    config = folder / "config"
    (config / "policy.yaml").write_text(POLICY)
    (config / "runbooks").mkdir()
    shutil.copy(RUNBOOK, config / "runbooks")
    begun = _time(stage)
    return Scene(stage=stage, relay=theatre.relay, settings=settings, fault=fault, begun=begun)


def _child(work: Callable[[], Said]) -> Said | None:
    """Do the work in a fork and return what it says; None when it was killed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        end_with_parent()
        _say(writing, work)
    os.close(writing)
    try:
        said = _hear(reading)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    heard: Said | None = json.loads(said) if said else None
    return heard


def _say(writing: int, work: Callable[[], Said]) -> None:
    try:
        said = work()
    except BaseException:  # noqa: BLE001  # whatever it is, the parent must hear of it
        said = {"violations": [traceback.format_exc()], "doubt": False, "points": []}
    with os.fdopen(writing, "w") as out:
        json.dump(said, out)
    # Threads of servers and sockets are left behind: this process has said all it knows.
    os._exit(0)


def _hear(reading: int) -> bytes:
    said, until = b"", time.monotonic() + DEADLINE
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return json.dumps({"violations": ["it hangs"], "doubt": False, "points": []}).encode()
        more = os.read(reading, 1 << 16)
        if not more:
            return said
        said += more


def _play(scene: Scene, *, fatal: str | None, anew: bool) -> Said:
    """Let the story go on in this process, to its end, and look at its history.

    Who starts `anew` looks first at what the last one left.
    """
    found, heads = _left(scene) if anew else ([], [])
    # Who starts anew comes so much later, and need not wait for what may still be on its way.
    later = RESTART if anew else timedelta()
    counted, clock = Points(fatal=fatal), SteppedClock(_time(scene.stage))
    with built(
        scene.settings,
        before_commit=counted.before_commit,
        after_commit=counted.after_commit,
        between=pointed(counted, stepped(clock, scene.fault.between(), later=later)),
    ) as app:
        _listen(scene, app)
        until = time.monotonic() + PATIENCE
        play = Play(stage=scene.stage, app=app, begun=scene.begun, clock=clock, patient_until=until)
        try:
            play.to_the_end()
        except NeverEndsError as error:
            found.append(str(error))
    with opened(scene.settings) as memory:
        seen = _history(scene, memory)
        found += history.end(seen, heads=heads)
        doubt = any(one.recorded.kind == "StepInDoubt" for one in seen.entries)
    return {"violations": found, "doubt": doubt, "points": counted.passed}


def _left(scene: Scene) -> tuple[list[str], list[Head]]:
    """Return what is wrong right after a death, and the journal's head."""
    with opened(scene.settings) as memory:
        return list(history.cut(_history(scene, memory))), [memory.store.journal.head()]


def _listen(scene: Scene, app: App) -> None:
    """Let the desk hear; what listens ends with this process."""
    port = Server(app.web, host="127.0.0.1", port=0).start()
    assert app.sockets is not None
    app.sockets.start()
    scene.relay.lead_to(f"http://127.0.0.1:{port}")


def _history(scene: Scene, memory: Opened) -> history.History:
    return history.History(
        opened=memory, stage=scene.stage, acknowledged=scene.relay.acknowledged()
    )


def _time(stage: Stage) -> datetime:
    return datetime.fromisoformat(get(f"{stage.control}/clock")["time"])


def line(explored: Explored) -> str:
    """Return a result as a line of JSON."""
    return json.dumps(asdict(explored))
