"""Reloading: a changed configuration folder comes into force, or says why it does not."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event

import structlog
from prometheus_client import Gauge

from bot.app.configuration import RUNBOOKS, Configuration, load
from bot.app.configuration_shapes import PEOPLE
from incidents.errors import Rejected

log = structlog.get_logger()

LOOK_SECONDS = 1.0

Apply = Callable[[Configuration], None]
"""Brings the policy of a configuration into force."""


class Reloading:
    """Looks at the folder every second; what is wrong in it changes nothing that is in force.

    Policy, objectives and environments come into force at once. Who the people are, which runbooks
    there are and how many changes an hour may bring are read at the start: with those the whole
    change waits, because half of it could name people who are not there.
    """

    name = "configuration"

    def __init__(
        self, folder: Path | None, *, loaded: Configuration, apply: Apply, refused: Gauge
    ) -> None:
        self._folder = folder
        self.loaded = loaded
        """What is in force."""
        self._apply, self._refused = apply, refused
        self._last, self._books = _looks(folder), _books(loaded)
        self._never = Event()
        self.notice = ""
        """Why the folder is not what is in force; empty where it is."""

    def once(self) -> bool:
        """Look once; return whether the folder had changed."""
        looks = _looks(self._folder)
        if looks == self._last:
            return False
        self._last = looks
        try:
            found = load(self._folder)
        except Rejected as error:
            self._refuse(f"the changed configuration is refused: {error}")
            return True
        needs = self._needs(found)
        if needs:
            self._refuse(f"the changed configuration needs a restart: {', '.join(needs)}")
            return True
        self._apply(found)
        self.loaded, self.notice = found, ""
        self._refused.set(0)
        log.info("configuration in force", policy=found.policy.digest)
        return True

    def wait(self) -> None:
        """Wait until the next look."""
        self._never.wait(LOOK_SECONDS)

    def _refuse(self, because: str) -> None:
        self.notice = f"{because}; what was in force before stays in force"
        self._refused.set(1)
        log.error("configuration not in force", because=because)

    def _needs(self, found: Configuration) -> Sequence[str]:
        """Return what changed of that which is read at the start."""
        was = self.loaded
        changed = {
            PEOPLE: found.people.all() != was.people.all(),
            f"{RUNBOOKS}/": _books(found) != self._books,
            "changes_per_hour": found.policy.changes_per_hour != was.policy.changes_per_hour,
        }
        return [name for name, differs in changed.items() if differs]


def _looks(folder: Path | None) -> Sequence[tuple[str, int, int, int]]:
    """Return what tells one state of the folder from another, without reading its files.

    A mounted ConfigMap changes by a link that points elsewhere: other files, of other numbers.
    """
    if folder is None:
        return ()
    try:
        found = sorted((*folder.glob("*.y*ml"), *folder.glob(f"{RUNBOOKS}/*.y*ml")))
        looks = [(path.name, path.stat()) for path in found]
    except OSError:
        # It is being exchanged: at the next look it is there again, or it is refused.
        return (("", 0, 0, 0),)
    return [(name, one.st_ino, one.st_mtime_ns, one.st_size) for name, one in looks]


def _books(loaded: Configuration) -> Mapping[str, bytes]:
    """Return the texts of the team's own runbooks; one that cannot be read is another one."""
    files = (file for folder in loaded.runbooks for file in folder.glob("*.y*ml"))
    return {file.name: _bytes(file) for file in files}


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
