"""The room of one rehearsal: a world, a desk started as a subprocess, and their end."""

import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any  # JSON of the two processes

from drills.demo.interruption import Ended

PATIENCE = 20.0
END_SECONDS = 12.0
WORLD, DESK = "world", "triaged"
"""The two processes, as people are told of them; each has a log of this name."""
LOOK_EVERY = 0.05


class Failed(Exception):
    """The rehearsal could not go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where everything is while it runs."""

    world: Mapping[str, Any]
    desk: str
    environment: Mapping[str, str]


class Room:
    """Starts the world and the desk, and ends both whatever happens."""

    def __init__(
        self,
        folder: Path,
        *,
        postmortems: Path,
        rate: float,
        environment: Mapping[str, str],
        stopped: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        self._stopped = stopped
        self._say = say
        self._folder = folder
        self._environment = {
            name: text for name, text in environment.items() if not name.startswith("TRIAGED_")
        }
        self._postmortems = postmortems
        self._rate = rate
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def open(self) -> Scene:
        """Start both and wait until they answer.

        Raises Failed with the reason, Ended when somebody wants the end.
        """
        self._say("starting the rehearsal world …")
        port, token = _free_port(), secrets.token_hex(16)
        desk = f"http://127.0.0.1:{port}"
        self._write("webhook-token", token)
        world = self._start_world(f"{desk}/webhooks/alertmanager")
        self._say("starting triaged …")
        environment = self._configure(world, port=port, token=token)
        serve = [sys.executable, "-m", "bot.app.cli.main", "serve", "--end-with", str(os.getpid())]
        self._start(DESK, serve, environment)
        self._wait_for(f"{desk}/readyz")
        return Scene(world=world, desk=desk, environment=environment)

    def alive(self) -> None:
        """Raise Failed when a process has ended by itself, Ended when somebody wants the end."""
        if self._stopped():
            raise Ended
        for name, process in self._processes.items():
            if process.poll() is not None:
                message = f"{name} ended by itself"
                raise Failed(message)

    def close(self) -> None:
        """End both, the desk first; what does not end in time is killed."""
        ending = tuple(reversed(self._processes.values()))
        for process in ending:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + END_SECONDS
        for process in ending:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start_world(self, webhook: str) -> Mapping[str, Any]:
        command = [
            *(sys.executable, "-m", "drills.world", "--end-with", str(os.getpid())),
            *("--rate", str(self._rate), "--webhook", webhook),
            *("--token-file", str(self._folder / "webhook-token")),
        ]
        process = self._start(WORLD, command, self._environment, read=True)
        line = self._first_line(process)
        if not line:
            message = "the rehearsal world did not start"
            raise Failed(message)
        found: Mapping[str, Any] = json.loads(line)
        return found

    def _first_line(self, process: subprocess.Popen[bytes]) -> bytes:
        if process.stdout is None:
            return b""
        until = time.monotonic() + PATIENCE
        while not select.select([process.stdout], [], [], LOOK_EVERY)[0]:
            self.alive()
            if time.monotonic() > until:
                return b""
        return process.stdout.readline()

    def _configure(self, world: Mapping[str, Any], *, port: int, token: str) -> dict[str, str]:
        """Write the desk's configuration and return its environment."""
        people = get(f"{world['slack_console']}/control/state")["people"]
        self._write("tokens", f"alertmanager {token}\n")
        self._write("slack-bot", "xoxb-rehearsal-triaged")
        self._write("slack-app", "xapp-rehearsal-triaged")
        config = self._folder / "config"
        config.mkdir()
        self._write("config/people.yaml", _people(people))
        # After installation every runbook is in shadow; this story needs one that acts.
        self._write("config/policy.yaml", "acting: [cache-evictions]\n")
        return {
            **self._environment,
            "TRIAGED_DATABASE_URL": f"sqlite:///{self._folder / 'triaged.db'}",
            "TRIAGED_CONFIG": str(config),
            "TRIAGED_LISTEN": f"127.0.0.1:{port}",
            "TRIAGED_WEBHOOK_TOKENS_FILE": str(self._folder / "tokens"),
            "TRIAGED_SLACK_BOT_TOKEN_FILE": str(self._folder / "slack-bot"),
            "TRIAGED_SLACK_APP_TOKEN_FILE": str(self._folder / "slack-app"),
            "TRIAGED_SLACK_API_URL": world["slack_api"],
            # The limit counts real minutes, of which this hour has one.
            "TRIAGED_SLACK_CALLS": "0",
            "TRIAGED_KUBERNETES_URL": world["kubernetes"],
            "TRIAGED_PROMETHEUS_URL": world["prometheus"],
            "TRIAGED_ALERTMANAGER_URLS": ",".join(world["alertmanagers"]),
            "TRIAGED_POSTMORTEMS": str(self._postmortems),
            "TRIAGED_CLOCK_URL": world["control"],
            "TRIAGED_REHEARSAL": "true",
        }

    def _start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        read: bool = False,
    ) -> subprocess.Popen[bytes]:
        # A group of its own: Ctrl-C reaches this process alone, which ends the others in order.
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if read else log,
                stderr=log,
                env=dict(environment),
                start_new_session=True,
            )
        self._processes[name] = process
        return process

    def _wait_for(self, address: str) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.alive()
            try:
                with urllib.request.urlopen(address, timeout=2):  # noqa: S310  # loopback
                    return
            except OSError:
                time.sleep(LOOK_EVERY)
        message = f"triaged did not answer at {address}"
        raise Failed(message)

    def _write(self, name: str, text: str) -> None:
        file = self._folder / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)


def get(address: str) -> Any:  # JSON
    """Return the JSON at a loopback address."""
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  # loopback
        return json.load(answer)


def post(address: str, body: Mapping[str, object]) -> Any:  # JSON
    """Post JSON to a loopback address and return the JSON answer."""
    request = urllib.request.Request(  # noqa: S310  # loopback
        address,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # loopback
        return json.load(answer)


def _people(ids: Mapping[str, str]) -> str:
    on_call = "".join(
        f"  - {{id: {name}, name: {name.title()}, slack: {ids[name]}, roles: [on-call-sre]}}\n"
        for name in ("alice", "bob")
    )
    return f"people:\n{on_call}  - {{id: carol, name: Carol, slack: {ids['carol']}}}\n"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
