"""The explorer: kills a forked child at a point, lets another one go on, and reads the history."""

import gc
import json
import os
import select
import shutil
import signal
import subprocess
import sys
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
from bot.app.opening import opened
from bot.app.server import Server
from bot.app.settings import Settings
from storage.migrations.migrate import migrate
from tests.crash import history, relay
from tests.crash.faults import FAULTS, NONE, Fault
from tests.crash.orphans import end_with_parent
from tests.crash.points import Points, pointed
from tests.crash.relay import Relay
from tests.crash.stepped import SteppedClock, stepped
from tests.crash.story import POLICY, RUNBOOK, NeverEndsError, Play
from tests.rehearsing import Stage, get, post, settings_for

DEADLINE = 90.0
PATIENCE = 8.0
RESTART = timedelta(seconds=3)
MEMORY = Path("/dev/shm")  # noqa: S108  # a disk's own pace is no part of a crash
SILENT = 50
THEN = " then "

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
    """A world and a relay, both in processes of their own, and a place for databases."""

    stage: Stage
    relay: Relay
    folder: Path
    fault: Fault


@contextmanager
def theatre(*, fault: str | None = None, loud: bool = False) -> Iterator[Theatre]:
    """Start world and relay; ended with the block, or with this process."""
    if not loud:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT))
    relayed = relay.start()
    command = [sys.executable, "-m", "drills.world", "--stepped", "--story", "quiet"]
    with (
        tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder,
        subprocess.Popen([*command, f"--end-with={os.getpid()}"], stdout=subprocess.PIPE) as world,
    ):
        try:
            stage = _stage(world)
            stage.ring(relayed.webhook)
            migrate(f"sqlite:///{folder}/empty.db")
            _warm(stage, Path(folder))
            named = FAULTS[fault] if fault else NONE
            yield Theatre(stage=stage, relay=relayed, folder=Path(folder), fault=named)
        finally:
            world.terminate()
            relayed.stop()


def points(theatre: Theatre) -> Sequence[str]:
    """Return the points of the story that nobody kills, in order; raises when it goes wrong."""
    found = _tell(theatre, None)
    if found["violations"]:
        message = "without a kill: " + "; ".join(found["violations"])
        raise AssertionError(message)
    passed: Sequence[str] = found["points"]
    return passed


def explore(theatre: Theatre, point: str) -> Explored:
    """Kill the story at a point, let it end, and say what its history lacks.

    `after commit: keep #1 then 7` kills who goes on, too, at the seventh point that it passes.
    """
    started = time.monotonic()
    found = _tell(theatre, point)
    return Explored(
        point=point,
        killed=found["killed"],
        violations=tuple(found["violations"]),
        doubt=found["doubt"],
        seconds=round(time.monotonic() - started, 2),
    )


def _warm(stage: Stage, folder: Path) -> None:
    """Make a desk once, without a thread, so that forks find every module imported."""
    with built(settings_for(stage, folder, database_url="memory:")):
        pass
    gc.collect()
    gc.freeze()
    assert threading.active_count() == 1, threading.enumerate()


def _tell(theatre: Theatre, point: str | None) -> Said:
    folder = theatre.folder / "point"
    folder.mkdir()
    try:
        settings, begun = _set_up(theatre, folder)
        for fatal in point.split(THEN) if point else [None]:
            said = _child(partial(_play, theatre, settings, begun, fatal=fatal))
            if said is not None:
                return {"killed": False} | said
            theatre.relay.lead_to(None)
        said = _child(partial(_play, theatre, settings, begun, fatal=None))
        died: Said = {"violations": ["who went on died"], "doubt": False}
        return {"killed": True} | (said or died)
    finally:
        theatre.relay.lead_to(None)
        shutil.rmtree(folder)


def _set_up(theatre: Theatre, folder: Path) -> tuple[Settings, datetime]:
    stage = theatre.stage
    post(f"{stage.control}/reset", {})
    unlimited = {"post_pacing": False, "tier_limits": False}
    post(f"{stage.console}/control/switches", unlimited)
    theatre.relay.forget()
    shutil.copy(theatre.folder / "empty.db", folder / "t.db")
    settings = settings_for(stage, folder, database_url=f"sqlite:///{folder}/t.db")
    config = folder / "config"
    (config / "policy.yaml").write_text(POLICY)
    (config / "runbooks").mkdir()
    shutil.copy(RUNBOOK, config / "runbooks")
    return settings, _time(stage)


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


def _play(theatre: Theatre, settings: Settings, begun: datetime, *, fatal: str | None) -> Said:
    """Let the story go on in this process, to its end, and look at its history."""
    with opened(settings) as memory:
        found = list(history.cut(_history(theatre, memory)))
        heads = [memory.store.journal.head()]
    # Who starts anew comes so much later, and need not wait for what may still be on its way.
    later = RESTART if fatal is None else timedelta()
    counted, clock = Points(fatal=fatal), SteppedClock(_time(theatre.stage))
    with built(
        settings,
        before_commit=counted.before_commit,
        after_commit=counted.after_commit,
        between=pointed(counted, stepped(clock, theatre.fault.between(), later=later)),
    ) as app:
        _listen(theatre, app)
        until = time.monotonic() + PATIENCE
        play = Play(stage=theatre.stage, app=app, begun=begun, clock=clock, patient_until=until)
        try:
            play.to_the_end()
        except NeverEndsError as error:
            found.append(str(error))
    with opened(settings) as memory:
        seen = _history(theatre, memory)
        found += history.end(seen, heads=heads)
        doubt = any(one.recorded.kind == "StepInDoubt" for one in seen.entries)
    return {"violations": found, "doubt": doubt, "points": counted.passed}


def _listen(theatre: Theatre, app: App) -> None:
    """Let the desk hear; what listens ends with this process."""
    port = Server(app.web, host="127.0.0.1", port=0).start()
    assert app.sockets is not None
    app.sockets.start()
    theatre.relay.lead_to(f"http://127.0.0.1:{port}")


def _history(theatre: Theatre, memory: Any) -> history.History:  # what `opened` yields
    return history.History(
        opened=memory, stage=theatre.stage, acknowledged=theatre.relay.acknowledged()
    )


def _time(stage: Stage) -> datetime:
    return datetime.fromisoformat(get(f"{stage.control}/clock")["time"])


def _stage(world: "subprocess.Popen[bytes]") -> Stage:
    assert world.stdout is not None
    said = json.loads(world.stdout.readline())
    return Stage(control=said["control"], console=said["slack_console"], addresses=said)


def line(explored: Explored) -> str:
    """Return a result as a line of JSON."""
    return json.dumps(asdict(explored))
