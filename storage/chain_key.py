"""The chain key's file: 32 random bytes that nobody else can read."""

import os
import secrets
import stat
from pathlib import Path

from incidents.errors import Rejected
from storage.chain import KEY_BYTES

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def chain_key_from_file(path: str | Path, *, create: bool) -> bytes:
    """Return the key; with `create`, make the file (mode 0600) when there is none.

    Raises Rejected when the file is missing, is open to others, or is no key.
    """
    file = Path(path)
    if create:
        _create(file)
    try:
        with file.open("rb") as opened:
            _refuse_open_to_others(opened.fileno(), file)
            key = opened.read(KEY_BYTES + 1)
    except OSError as error:
        message = f"chain key {file}: {error.strerror}"
        raise Rejected(message) from error
    if len(key) != KEY_BYTES:
        message = f"chain key {file}: it must hold exactly {KEY_BYTES} bytes"
        raise Rejected(message)
    return key


def _create(file: Path) -> None:
    # Written aside and linked: a second process never sees, and never replaces, half a key.
    aside = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        if file.exists():
            return
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(KEY_BYTES))
            os.fsync(descriptor)
            _link(aside, file)
        finally:
            os.close(descriptor)
            aside.unlink()
    except OSError as error:
        message = f"chain key {file}: {error.strerror}"
        raise Rejected(message) from error


def _link(aside: Path, file: Path) -> None:
    try:
        os.link(aside, file)
    except FileExistsError:
        return


def _refuse_open_to_others(descriptor: int, file: Path) -> None:
    if os.fstat(descriptor).st_mode & OTHERS:
        message = f"chain key {file}: others can read it; run chmod 600 on it"
        raise Rejected(message)
