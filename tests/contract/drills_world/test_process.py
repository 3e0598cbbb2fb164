"""The world as a process: it says where it is, and ends cleanly."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

ENDS_WITHIN = 2.0


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a stepped world of its own."""
    token = tmp_path / "token"
    token.write_text("let-me-in\n")
    command = [sys.executable, "-W", "error", "-m", "drills.world", "--stepped", "--seed", "3"]
    webhook = ["--webhook", "http://127.0.0.1:9/desk", "--token-file", str(token)]
    with subprocess.Popen(
        [*command, *webhook], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        yield started
        if started.poll() is None:
            started.kill()


def addresses(process: subprocess.Popen[str]) -> dict[str, str]:
    """Read the one line that a world says when it is ready."""
    assert process.stdout is not None
    said: dict[str, str] = json.loads(process.stdout.readline())
    return said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_two_seconds(
    process: subprocess.Popen[str], number: signal.Signals
) -> None:
    """Ctrl-C in the demo must not leave a process behind, nor a stack trace."""
    control = addresses(process)["control"]
    requests.get(f"{control}/clock", timeout=5)

    begun = time.monotonic()
    process.send_signal(number)
    code = process.wait(timeout=10)

    assert (code, time.monotonic() - begun < ENDS_WITHIN) == (0, True)
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_a_receiver_that_hangs_does_not_keep_it(process: subprocess.Popen[str]) -> None:
    """The desk may be frozen at the very moment when everything is told to end."""
    control = addresses(process)["control"]
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        url = f"http://127.0.0.1:{frozen.getsockname()[1]}/desk"
        webhook = {"webhook": {"url": url, "token": ""}}
        requests.post(f"{control}/faults", json=webhook, timeout=5)
        with pytest.raises(requests.ReadTimeout):
            requests.post(f"{control}/clock/advance", json={"seconds": 120}, timeout=1.5)

        begun = time.monotonic()
        process.terminate()
        code = process.wait(timeout=10)

    assert (code, time.monotonic() - begun < ENDS_WITHIN) == (0, True)


def test_it_ends_with_the_process_that_started_it() -> None:
    """A demo that was killed must not leave its world behind."""
    world = f"{sys.executable} -m drills.world --stepped --end-with $$"
    with subprocess.Popen(
        ["sh", "-c", f"{world} & read -r _"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as shell:
        control = addresses(shell)["control"]
        assert requests.get(f"{control}/clock", timeout=5).ok

        shell.kill()

        deadline = time.monotonic() + 5
        while _answers(control):
            assert time.monotonic() < deadline


def _answers(control: str) -> bool:
    try:
        return requests.get(f"{control}/clock", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_it_ends_when_asked_over_http(process: subprocess.Popen[str]) -> None:
    """A checker that knows only the address can end it."""
    control = addresses(process)["control"]

    assert requests.post(f"{control}/stop", timeout=5).status_code == 200

    assert process.wait(timeout=10) == 0


def test_it_says_where_everything_answers(process: subprocess.Popen[str]) -> None:
    """One line of JSON is all that a demo needs to start the desk."""
    said = addresses(process)

    state = requests.get(f"{said['control']}/state", timeout=5).json()
    pages = [said["slack_console"], f"{said['kubernetes']}/readyz", f"{said['prometheus']}/-/ready"]
    pages += [f"{url}/-/ready" for url in said["alertmanagers"]]

    assert (state["seed"], state["webhook"]) == (3, "http://127.0.0.1:9/desk")
    assert [requests.get(page, timeout=5).status_code for page in pages] == [200] * 5
    assert said["slack_api"] == f"{said['slack_console']}/api/"
