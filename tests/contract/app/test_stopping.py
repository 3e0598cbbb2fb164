"""A stop while nobody outside answers: it is quick, and what was in hand is found again."""

import json
import re
import socket
import sqlite3
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.alert_webhooks.bodies import alert, body
from tests.contract.app.conftest import TOKEN, Operator, until
from tests.rehearsing import Rehearsal, environment, rehearsal, stepped_world

# P13 of the objectives: from SIGTERM to the end.
ENDS_WITHIN = 5.0
CLUSTER = rb" /(apis|api/v1)/"
ASKED = "SELECT attempted_digest IS NOT NULL, sent_digest FROM outbox WHERE key = ?"


class Silence:
    """A server that takes every connection and never says a word."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._held: list[socket.socket] = []
        self._asked: list[bytes] = []
        threading.Thread(target=self._take, daemon=True).start()

    def asked(self, *patterns: bytes) -> bool:
        """Return whether each of these patterns is found in a request that waits."""
        return all(any(re.search(one, request) for request in self._asked) for one in patterns)

    def close(self) -> None:
        """End every connection."""
        self._server.close()
        for one in self._held:
            one.close()

    def _take(self) -> None:
        while True:
            try:
                taken, _ = self._server.accept()
            except OSError:
                return
            self._held.append(taken)
            threading.Thread(target=self._read, args=(taken,), daemon=True).start()

    def _read(self, taken: socket.socket) -> None:
        try:
            self._asked.append(taken.recv(4096))
        except OSError:
            return


@pytest.fixture
def silence() -> Iterator[Silence]:
    """Give somebody outside who never answers."""
    made = Silence()
    yield made
    made.close()


@pytest.mark.parametrize("slow_sender", [False, True], ids=["alone", "and-a-slow-sender"])
def test_a_stop_does_not_wait_for_whoever_never_answers(
    operator: Operator, silence: Silence, tmp_path: Path, *, slow_sender: bool
) -> None:
    """A pod that outlives its grace period is killed; and the next desk waits for this one's end.

    Slack and the cluster all hang, each with a request in hand.
    """
    for name in ("bot", "app"):
        (tmp_path / name).write_text(f"x{name}-silent")
    served = operator.serve(
        SLACK_API_URL=f"{silence.address}/api/",
        SLACK_BOT_TOKEN_FILE=str(tmp_path / "bot"),
        SLACK_APP_TOKEN_FILE=str(tmp_path / "app"),
        KUBERNETES_URL=silence.address,
        PROMETHEUS_URL=silence.address,
    )
    place = f"http://127.0.0.1:{served.port}/webhooks/alertmanager"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    post = urllib.request.Request(place, data=body(alert()), headers=headers)
    with urllib.request.urlopen(post, timeout=10):  # noqa: S310  # loopback
        pass
    # Whom of the cluster the first check asks is its own affair.
    until(lambda: silence.asked(b"connections.open", b"conversations.create", CLUSTER))
    with socket.create_connection(("127.0.0.1", served.port)) as slow:
        if slow_sender:
            slow.sendall(_half_a_delivery())
        status, seconds = served.end()

    assert (status, seconds <= ENDS_WITHIN) == (0, True), served.log.read_text()
    assert operator.run("verify-journal").returncode == 0
    incidents = json.loads(operator.run("status", "--json").stdout)["incidents"]
    assert [one["incident"] for one in incidents] == [1]
    with closing(sqlite3.connect(tmp_path / "triaged.db")) as kept:
        # Left and not answered: the next process looks for it before it sends anything.
        assert kept.execute(ASKED, ("incident-1/channel",)).fetchall() == [(1, None)]


def test_a_change_that_hangs_at_the_stop_is_in_doubt(operator: Operator, tmp_path: Path) -> None:
    """It was claimed and perhaps made: the next process looks, and then a person decides."""
    url = operator.environment["TRIAGED_DATABASE_URL"]
    with stepped_world() as stage:
        with rehearsal(stage, tmp_path, database_url=url) as desk:
            desk.until(desk.asked, minutes=20)
        operator.environment.update(environment(stage, tmp_path, database_url=url))
        # The plan is made again before the claim, as a dry run; the write itself hangs.
        stage.kubernetes_fails("hang", verbs=["patch"], skip=1)
        served = operator.serve()
        until(lambda: "triaged_slack_connected 1.0" in served.get("/metrics")[1])
        stage.press("approve")
        until(lambda: '"StepStarted"' in served.log.read_text())

        status, seconds = served.end()

        assert (status, seconds <= ENDS_WITHIN) == (0, True), served.log.read_text()
        stage.kubernetes_recovers()
        with rehearsal(stage, tmp_path, database_url=url) as desk:
            desk.until(lambda: _looked_back(desk), minutes=2)
            assert (desk.count("StepStarted"), desk.count("StepInDoubt")) == (1, 1)
        assert stage.writes() == []


def _looked_back(desk: Rehearsal) -> bool:
    return desk.has("StepInDoubt") or desk.has("StepFinished")


def _half_a_delivery() -> bytes:
    return (
        b"POST /webhooks/alertmanager HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n"
        b"Authorization: Bearer " + TOKEN.encode() + b"\r\n\r\n{"
    )
