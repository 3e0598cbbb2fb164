"""A file that somebody saved and names on the command line."""

from pathlib import Path
from typing import Final

from incidents.errors import Rejected

LARGEST: Final = 16 << 20
"""Bytes; as much as the door takes of one delivery."""


def read(file: Path) -> bytes:
    """Return what is in the file.

    Raises Rejected where it cannot be read, or holds more than LARGEST; a device without an end
    is given up there.
    """
    try:
        with file.open("rb") as opened:
            found = opened.read(LARGEST + 1)
    except OSError as error:
        message = f"{file}: {error.strerror}"
        raise Rejected(message) from error
    if len(found) > LARGEST:
        message = f"{file}: it is larger than {LARGEST >> 20} MiB"
        raise Rejected(message)
    return found
