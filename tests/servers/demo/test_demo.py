"""The demo as a newcomer runs it: to its end, interrupted at any moment, and cut off."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[3]
# What the file of a newcomer may take after set-up, and what an end may take.
WITHIN, ENDS_WITHIN = 90.0, 12.0
INTERRUPTED = 130
LOOK_EVERY = 0.05
MARK = "REHEARSED_BY"
TEMPORARY = "temporary"
"""The folder for temporary files of every demo of a test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A running demo; `mark` stands in the environment of every process that it starts."""

    process: "subprocess.Popen[bytes]"
    output: Path
    mark: str

    def said(self) -> str:
        """Return what it has said so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def until(self, words: str, *, seconds: float = 60.0) -> None:
        """Wait until it has said these words."""
        end = time.monotonic() + seconds
        while words not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(LOOK_EVERY)

    def left(self) -> list[str]:
        """Return the processes that are still there."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes()
            except OSError:  # gone meanwhile
                continue
            if f"{MARK}={self.mark}".encode() in environment and command:
                found.append(command.replace(b"\0", b" ").decode())
        return found


Start = Callable[[], Demo]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return what starts a demo in a folder of its own; what is left of it is killed."""
    started: list[Demo] = []

    def begin() -> Demo:
        output = tmp_path / "said"
        with output.open("wb") as file:
            demo = _demo(output, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
        started.append(demo)
        return demo

    yield begin
    for demo in started:
        _end(demo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A demo in a terminal of its own, and the keyboard of that."""

    demo: Demo
    keyboard: int

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self.keyboard, key)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Return a demo whose reader sits at a terminal; what is left of it is killed."""
    keyboard, screen = pty.openpty()
    output = tmp_path / "said"
    with output.open("wb", buffering=0) as file:
        demo = _demo(output, scripted=False, stdin=screen, stdout=screen, stderr=screen)
        os.close(screen)
        reading = threading.Thread(target=_keep, args=(keyboard, file))
        reading.start()
        yield Terminal(demo=demo, keyboard=keyboard)
        _end(demo)
        reading.join()
    os.close(keyboard)


def _keep(keyboard: int, file: IO[bytes]) -> None:
    """Keep what a terminal shows, until nobody has it open any more: then reading is an error."""
    with suppress(OSError):
        while shown := os.read(keyboard, 4096):
            file.write(shown)


def test_it_ends_by_itself_and_leaves_a_postmortem(start: Start, tmp_path: Path) -> None:
    """The first ninety seconds with triaged decide whether somebody stays."""
    demo = start()

    assert demo.process.wait(WITHIN) == 0, demo.said()
    written = sorted(one.name for one in (tmp_path / "postmortems").iterdir())
    assert written == ["INC-1.html", "INC-1.md"]
    assert "mitigated: scale Deployment" in demo.said()
    assert demo.left() == []


def test_a_key_pressed_in_a_terminal_approves(terminal: Terminal, tmp_path: Path) -> None:
    """Nothing is changed before somebody says yes: that is what a newcomer is to see."""
    demo = terminal.demo
    demo.until("or Enter here.")
    shown = demo.said()

    terminal.press(b"\n")

    assert "Press Approve at http://127.0.0.1:" in shown
    assert "of 6 pods ready" not in shown
    assert demo.process.wait(WITHIN) == 0, demo.said()
    told = (tmp_path / "postmortems" / "INC-1.md").read_text(encoding="utf-8")
    assert "approved by Alice" in told
    assert demo.left() == []


def test_it_says_where_to_look_and_what_it_waits_for(terminal: Terminal) -> None:
    """Both pages are there while it runs, and a silent minute would be taken for the end."""
    demo = terminal.demo
    demo.until("… waiting for a yes (")
    said = demo.said()

    assert "… waiting for the first alert (" in said
    for name in ("Slack stand-in", "triaged"):
        address = re.search(rf"{name} {{2,}}(http://127\.0\.0\.1:[0-9]+)\s", said)
        assert address, said
        assert answers(address[1]) == 200


@pytest.mark.parametrize(
    ("words", "number"),
    [
        pytest.param("", signal.SIGINT, id="at-once"),
        pytest.param("Slack stand-in", signal.SIGINT, id="before-the-alert"),
        pytest.param("approval asked of", signal.SIGINT, id="while-a-person-is-asked"),
        pytest.param("of 6 pods ready", signal.SIGINT, id="while-pods-load"),
        pytest.param("mitigated", signal.SIGINT, id="late"),
        pytest.param("approval asked of", signal.SIGTERM, id="by-a-polite-kill"),
    ],
)
def test_an_interruption_leaves_nothing_behind(
    start: Start, words: str, number: signal.Signals
) -> None:
    """Whoever has seen enough presses Ctrl-C, and gets the prompt back and nothing else."""
    demo = start()
    demo.until(words)
    if not words:
        _until(lambda: bool(demo.left()))
        time.sleep(1.0)  # modules are loaded, the first process may have been started
    demo.process.send_signal(number)

    assert demo.process.wait(ENDS_WITHIN) == INTERRUPTED, demo.said()
    assert "Traceback" not in demo.said()
    assert demo.left() == []


def test_a_second_ctrl_c_does_not_cut_the_tidying_short(start: Start) -> None:
    """Impatience must not leave two servers running."""
    demo = start()
    demo.until("Slack stand-in")
    for _ in range(5):
        demo.process.send_signal(signal.SIGINT)
        time.sleep(0.1)

    assert demo.process.wait(ENDS_WITHIN) == INTERRUPTED, demo.said()
    assert "Traceback" not in demo.said()
    assert demo.left() == []


def test_a_folder_that_cannot_be_written_is_one_sentence(start: Start, tmp_path: Path) -> None:
    """Before a minute was played, and in words of the demo: its reader has set nothing."""
    place = tmp_path / "postmortems"
    place.write_text("in the way", encoding="utf-8")
    demo = start()

    assert demo.process.wait(WITHIN) == 1
    said = f"the postmortem would be written into {place}, which cannot be: Not a directory"
    assert demo.said() == f"\n{said}\n"
    assert demo.left() == []


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("", id="while-the-world-starts"),
        pytest.param("approval asked of", id="while-a-person-is-asked"),
    ],
)
def test_a_kill_leaves_no_process_behind(start: Start, words: str) -> None:
    """A terminal that crashes, or the kernel short of memory, gives the demo no time to tidy up."""
    demo = start()
    demo.until(words)
    if not words:
        _until(lambda: any("drills.world" in one for one in demo.left()))
    demo.process.kill()
    demo.process.wait()

    _until(lambda: demo.left() == [])


def test_what_a_killed_demo_left_is_removed_by_the_next(start: Start, tmp_path: Path) -> None:
    """Its folder holds a journal, keys and logs, and nobody else would ever remove it."""
    killed = start()
    killed.until("Slack stand-in")
    killed.process.kill()
    killed.process.wait()
    left = list((tmp_path / TEMPORARY).glob("triaged-demo-*"))
    _until(lambda: killed.left() == [])

    demo = start()
    demo.until("Slack stand-in")
    there = [one.exists() for one in left]
    demo.process.send_signal(signal.SIGINT)

    assert there == [False]
    assert demo.process.wait(ENDS_WITHIN) == INTERRUPTED, demo.said()
    assert list((tmp_path / TEMPORARY).iterdir()) == []


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    """`make demo | head` is no reason for a traceback, or for servers that stay."""
    pipe = subprocess.PIPE
    demo = _demo(tmp_path / "none", stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    process = demo.process
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    process.wait(WITHIN)
    complaint = process.stderr.read()
    process.stderr.close()

    assert complaint == b""
    assert demo.left() == []


def _demo(output: Path, *, scripted: bool = True, **streams: int | IO[bytes]) -> Demo:
    """Start a demo in the folder of its output."""
    mark, temporary = uuid.uuid4().hex, output.parent / TEMPORARY
    temporary.mkdir(exist_ok=True)
    given = {
        "PYTHONPATH": str(ROOT),
        "AUTO": "1" if scripted else "0",
        "TMPDIR": str(temporary),
        MARK: mark,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.app.cli.main", "demo"],
        cwd=output.parent,
        env={**os.environ, **given},
        **streams,
    )
    return Demo(process=process, output=output, mark=mark)


def _end(demo: Demo) -> None:
    if demo.process.poll() is None:
        demo.process.terminate()
        demo.process.wait(ENDS_WITHIN)


def answers(address: str) -> int:
    """Return the status with which a page of this machine answers."""
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  # loopback
        status: int = answer.status
        return status


def _until(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + ENDS_WITHIN
    while not fact():
        assert time.monotonic() < end
        time.sleep(LOOK_EVERY)
