"""`triaged demo`: one incident from the alert to the postmortem, without Slack and a cluster."""

import os
import select
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from drills.demo.folder import own_folder
from drills.demo.interruption import Ended, heard
from drills.demo.playing import Play
from drills.demo.rehearsal_room import Failed, Room
from drills.demo.screen import Screen

# World seconds per real second while nobody is asked anything.
RATE = 60.0
AUTO_SECONDS = 85.0
INTERRUPTED = 130
# Of each process, when one of them has failed.
LAST_LINES = 30

Auto = Annotated[bool, Parameter(help="A scripted SRE presses the button (also AUTO=1).")]


def demo(*, auto: Auto = False) -> None:
    """Rehearse one incident: long-context traffic exhausts the KV cache of a decode pool."""
    scripted = auto or os.environ.get("AUTO") == "1" or not sys.stdin.isatty()
    screen = Screen(os.environ)
    with heard() as stopped:
        try:
            _rehearse(screen, scripted=scripted, stopped=stopped)
        except Ended:
            screen.say("\nended; nothing was left behind")
            sys.exit(INTERRUPTED)
        except Failed as error:
            screen.say(f"\n{error}")
            sys.exit(1)


def _rehearse(screen: Screen, *, scripted: bool, stopped: Callable[[], bool]) -> None:
    postmortems = Path("postmortems").resolve()
    with _folder(postmortems) as folder:
        room = Room(
            folder,
            postmortems=postmortems,
            rate=RATE,
            environment=os.environ,
            stopped=stopped,
            say=screen.progress,
        )
        try:
            scene = room.open()
            pressed = _nobody if scripted else _pressed
            play = Play(room, scene, screen=screen, rate=RATE, scripted=scripted, pressed=pressed)
            play.run(deadline=AUTO_SECONDS if scripted else None)
        except Failed:
            _show_logs(screen, folder)
            raise
        finally:
            room.close()


@contextmanager
def _folder(postmortems: Path) -> Iterator[Path]:
    """Give the rehearsal's own folder; raises Failed where nothing can be kept."""
    place = postmortems if postmortems.exists() else postmortems.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        message = f"the postmortem would be written into {place}, which cannot be: {error.strerror}"
        raise Failed(message) from error
    with ExitStack() as closing:
        try:
            folder = closing.enter_context(own_folder(Path(tempfile.gettempdir())))
        except OSError as error:
            message = f"there is no room for temporary files: {error.strerror}"
            raise Failed(message) from error
        yield folder


def _pressed() -> bool:
    """Return whether the reader pressed Enter, in a terminal."""
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(ready) and sys.stdin.readline() != ""


def _nobody() -> bool:
    return False


def _show_logs(screen: Screen, folder: Path) -> None:
    for log in sorted(folder.glob("*.log")):
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        if tail:
            screen.say(f"\n--- the end of {log.name}\n" + "\n".join(tail))
