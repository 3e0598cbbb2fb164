"""Triaged as real processes, started as an operator would."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SOON = 30.0
TOKEN = "a-token-of-16-chars"


@dataclass(slots=True, kw_only=True)
class Served:
    """One `triaged serve`; its log goes to a file."""

    process: "subprocess.Popen[str]"
    log: Path
    port: int = 0

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text of a page; 0 where nobody answers."""
        address = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def leads(self, role: str) -> bool:
        """Return whether this process does the role's work."""
        return f'triaged_leader{{role="{role}"}} 1.0' in self.get("/metrics")[1]

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; return the exit status and how long it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(SOON), time.monotonic() - started


@dataclass(slots=True, kw_only=True)
class Operator:
    """Whoever types commands: a folder, an environment, and what was started."""

    folder: Path
    environment: dict[str, str]
    started: list[Served] = field(default_factory=list)

    def start(self, *options: str, **settings: str) -> Served:
        """Start `triaged serve` and do not wait for anything."""
        log = self.folder / f"serve-{len(self.started)}.log"
        with log.open("w") as err:
            process = subprocess.Popen(
                [*TRIAGED, "serve", *options],
                cwd=self.folder,
                env=self._with(settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            )
        self.started.append(Served(process=process, log=log))
        return self.started[-1]

    def serve(self, *options: str, **settings: str) -> Served:
        """Start `triaged serve` and wait until it says its port."""
        served = self.start(*options, **settings)
        assert served.process.stdout is not None
        line = served.process.stdout.readline()
        assert line.startswith("triaged serves on port "), served.log.read_text()
        served.port = int(line.split()[-1])
        return served

    def run(self, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run one command to its end."""
        return subprocess.run(
            [*TRIAGED, *words],
            cwd=self.folder,
            env=self._with(settings),
            capture_output=True,
            text=True,
            timeout=SOON,
            check=False,
        )

    def _with(self, settings: Mapping[str, str]) -> dict[str, str]:
        return {**self.environment, **{f"TRIAGED_{name}": v for name, v in settings.items()}}


TRIAGED = (sys.executable, "-m", "bot.app.cli.main")


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    """Give an operator with a folder of their own; what was started ends with the test."""
    inherited = {name: text for name, text in os.environ.items() if "TRIAGED" not in name}
    key = tmp_path / "chain-key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    (tmp_path / "tokens").write_text(f"alertmanager {TOKEN}\n")
    given = {
        "TRIAGED_LISTEN": "127.0.0.1:0",
        "TRIAGED_CHAIN_KEY_FILE": str(key),
        "TRIAGED_WEBHOOK_TOKENS_FILE": str(tmp_path / "tokens"),
        "TRIAGED_DATABASE_URL": f"sqlite:///{tmp_path / 'triaged.db'}",
        "COLUMNS": "200",
    }
    made = Operator(folder=tmp_path, environment={**inherited, **given})
    yield made
    for one in made.started:
        with suppress(ProcessLookupError):
            one.process.kill()
        one.process.wait(SOON)
        if one.process.stdout is not None:
            one.process.stdout.close()


def until(holds: Callable[[], bool], *, seconds: float = SOON) -> float:
    """Wait until it holds; return how long that took, or fail."""
    started, pause = time.monotonic(), threading.Event()
    while not holds():
        assert time.monotonic() - started < seconds, "it never came to hold"
        pause.wait(0.05)
    return time.monotonic() - started
