"""The folder of one rehearsal: locked while that lives, and gone afterwards, however it went."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "triaged-demo-"


@contextmanager
def own_folder(place: Path) -> Iterator[Path]:
    """Make a folder in a place of temporary files, and remove what killed rehearsals have left.

    Raises OSError where there is no room for it.
    """
    _remove_left(place)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=place) as name, _opened(Path(name)) as lock:
        # The kernel lets go of it when this process ends, whatever ends it. A file system without
        # locks has none for those who would remove the folder either.
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(name)


def _remove_left(place: Path) -> None:
    for folder in place.glob(f"{PREFIX}*"):
        # Another user's, one that is in use, one that somebody else removes: each is left.
        with suppress(OSError), _opened(folder) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # An empty one may have been made just now, and its owner is about to lock it.
            if any(folder.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """Open a folder that is no link and give its descriptor, which child processes do not get."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
