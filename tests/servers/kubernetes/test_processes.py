"""What a program of the suite does that hangs, dies or never begins."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.servers.kubernetes import build
from tests.servers.kubernetes.processes import NotReady, await_ready, running, until

pytestmark = pytest.mark.server

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


def test_a_program_that_is_frozen_is_ended(tmp_path: Path) -> None:
    """It hears no SIGTERM; nothing may be left behind by a suite."""
    log = tmp_path / "log"
    with running(SLEEPER, log=log, patience=0.2) as program:
        until(log.read_text)
        os.kill(program.pid, signal.SIGSTOP)
        # A signal that comes before it has stopped would still be heard.
        stands = Path(f"/proc/{program.pid}/stat")
        until(lambda: stands.read_text().rpartition(")")[2].split()[0] == "T")

    assert program.returncode == -signal.SIGKILL


def test_a_program_that_ends_at_once_is_not_waited_for(tmp_path: Path) -> None:
    """A wrong flag should not cost a minute, and its complaint is what one needs."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", "raise SystemExit('unknown flag')"]

    with (
        running(command, log=log) as program,
        pytest.raises(NotReady, match="it: ended with 1:\nunknown flag"),
    ):
        await_ready("it", lambda: False, program, log=log, within=60)


def test_a_program_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """Whatever it waits for."""
    log = tmp_path / "log"
    with (
        running(SLEEPER, log=log) as program,
        pytest.raises(NotReady, match="it: not ready within"),
    ):
        await_ready("it", lambda: False, program, log=log, within=0.2)

    assert program.returncode is not None


def test_another_pin_is_another_folder(tmp_path: Path) -> None:
    """A program of yesterday's version must not pass for today's."""
    for module in {module for module, _ in build.PROGRAMS.values()}:
        (tmp_path / module).mkdir()
        for name in build.PINS:
            (tmp_path / module / name).write_bytes((build.HERE / module / name).read_bytes())
    same = build.pinned(tmp_path)
    (tmp_path / "etcd" / "go.sum").write_text("another")

    assert same == build.pinned()
    assert build.pinned(tmp_path) != same
