"""A server under measurement: a process of its own, watched through /proc."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-of-16-chars"
PORT = re.compile(rb"on port (\d+)")
START_SECONDS = 30.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.002
LAST_WORDS = 2000
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A process that listens."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def cpu_seconds(self) -> float:
        """Return what the process has used so far, user and system (proc(5), stat)."""
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2]
        user, system = after_name.split()[11:13]
        return (int(user) + int(system)) / TICKS

    def rss_mib(self) -> float:
        """Return the resident memory (proc(5), status)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def until_ready(self) -> None:
        """Wait until /readyz says yes."""
        _until(self.process, self.log, self._ready)

    def until_leading(self, role: str) -> None:
        """Wait until this process does the role's work, as /metrics says."""
        leads = f'triaged_leader{{role="{role}"}} 1.0'.encode()
        _until(self.process, self.log, lambda: leads in self._metrics())

    def terminate(self) -> float:
        """Send SIGTERM; return the seconds until the process was gone."""
        started = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS)
        return time.perf_counter() - started

    def _metrics(self) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            said: bytes = answer.read()
        return said

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def desk(folder: Path, url: str, **settings: str) -> Iterator[Served]:
    """Run `triaged serve` with these settings, `roles="door"` for one; its log is in the folder."""
    program = Path(sys.executable).with_name("triaged")
    words: list[str | Path] = [program, "serve"]
    with started(words, folder, environment=_environment(folder, url, settings)) as up:
        yield up


@contextmanager
def doorway(folder: Path) -> Iterator[Served]:
    """Run the door with nothing behind it."""
    words: list[str | Path] = [sys.executable, "-m", "tests.bench.doorway", tokens(folder)]
    with started(words, folder, environment=_bare()) as up:
        yield up


@contextmanager
def started(
    words: list[str | Path], folder: Path, *, environment: Mapping[str, str]
) -> Iterator[Served]:
    """Start a program that says its port, and end it with the block."""
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out, cwd=ROOT, env=environment)
    try:
        _until(process, log, lambda: PORT.search(log.read_bytes()) is not None)
        found = PORT.search(log.read_bytes())
        assert found is not None
        yield Served(process=process, port=int(found[1]), log=log)
    finally:
        process.kill()
        process.wait(STOP_SECONDS)


def tokens(folder: Path) -> Path:
    """Write the file of webhook tokens and return its place."""
    place = folder / "tokens"
    place.write_text(f"bench {TOKEN}\n")
    return place


def _environment(folder: Path, url: str, settings: Mapping[str, str]) -> Mapping[str, str]:
    key = folder / "chain-key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    given = {
        "database_url": url,
        "chain_key_file": str(key),
        "webhook_tokens_file": str(tokens(folder)),
        "listen": "127.0.0.1:0",
        "postmortems": str(folder / "postmortems"),
        **settings,
    }
    return _bare() | {f"TRIAGED_{name.upper()}": value for name, value in given.items()}


def _bare() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TRIAGED_")}


def _until(process: "subprocess.Popen[bytes]", log: Path, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + START_SECONDS
    while not holds():
        if process.poll() is not None or time.monotonic() > until:
            said = log.read_text(errors="replace")[-LAST_WORDS:]
            message = f"the server ended with {process.returncode} or hangs:\n{said}"
            raise RuntimeError(message)
        time.sleep(POLL_SECONDS)
