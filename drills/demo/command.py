"""`triaged demo`: one incident from the alert to the postmortem, without Slack and a cluster."""

import os
import select
import sys
import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from drills.demo.playing import Play
from drills.demo.rehearsal_room import Failed, Room

# World seconds per real second while nobody is asked anything.
RATE = 60.0
AUTO_SECONDS = 85.0

Auto = Annotated[bool, Parameter(help="A scripted SRE presses the button (also AUTO=1).")]


def demo(*, auto: Auto = False) -> None:
    """Rehearse one incident: long-context traffic exhausts the KV cache of a decode pool."""
    scripted = auto or os.environ.get("AUTO") == "1" or not sys.stdin.isatty()
    postmortems = Path("postmortems").resolve()
    try:
        _rehearse(postmortems, scripted=scripted)
    except KeyboardInterrupt:
        sys.stdout.write("\nended\n")
    except Failed as error:
        sys.stdout.write(f"\n{error}\n")
        sys.exit(1)


def _rehearse(postmortems: Path, *, scripted: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="triaged-demo-") as folder:
        room = Room(Path(folder), postmortems=postmortems, rate=RATE, environment=os.environ)
        try:
            play = Play(room, room.open(), rate=RATE, scripted=scripted, pressed=_pressed)
            play.run(deadline=AUTO_SECONDS if scripted else None)
        except Failed:
            _show_logs(Path(folder))
            raise
        finally:
            room.close()


def _pressed() -> bool:
    """Return whether the reader pressed a key, in a terminal."""
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(ready) and sys.stdin.readline() != ""


def _show_logs(folder: Path) -> None:
    for log in sorted(folder.glob("*.log")):
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:]
        sys.stdout.write(f"\n--- {log.name}\n" + "\n".join(tail) + "\n")
