"""Programs of a test: started with a log, awaited with a deadline, ended by their id."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

STOPPED_WITHIN = 15.0  # seconds; an API server takes up to ten
SHOWN = 2000  # characters of a log


class NotReady(Exception):
    """A program ended, or did not become ready in time; says what it told last."""


@contextmanager
def running(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    patience: float = STOPPED_WITHIN,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends, however it ends; whoever kills the tests kills it too."""
    leash = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
    with log.open("wb") as told:
        program = subprocess.Popen(
            [*leash, *command],
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            env={**os.environ, **(environment or {})},
            cwd=log.parent,
        )
        try:
            yield program
        finally:
            end(program, patience=patience)


def end(program: subprocess.Popen[bytes], *, patience: float) -> None:
    """End a program by its id; one that does not listen, or is frozen, is killed."""
    program.terminate()
    try:
        program.wait(patience)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait(STOPPED_WITHIN)


def await_ready(
    name: str,
    ready: Callable[[], bool],
    program: subprocess.Popen[bytes],
    *,
    log: Path,
    within: float,
) -> None:
    """Return when `ready` says so; raises NotReady when the program ends or time is up."""
    deadline = time.monotonic() + within
    while not ready():
        ended = program.poll()
        if ended is not None or time.monotonic() > deadline:
            said = log.read_text("utf-8", errors="replace")[-SHOWN:]
            why = f"not ready within {within:g} s" if ended is None else f"ended with {ended}"
            message = f"{name}: {why}:\n{said}"
            raise NotReady(message)
        time.sleep(0.05)


def until(ask: Callable[[], Found], *, within: float = 30.0, every: float = 0.1) -> Found:
    """Return the first answer that is true; raises AssertionError with the last when time is up."""
    deadline = time.monotonic() + within
    while not (found := ask()):
        if time.monotonic() > deadline:
            message = f"not within {within:g} s; the last answer was {found!r}"
            raise AssertionError(message)
        time.sleep(every)
    return found
