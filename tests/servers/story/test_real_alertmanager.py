"""The story once more, rung by two real Alertmanagers that gossip."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import count, takewhile
from pathlib import Path

import pytest

from drills.alertmanager.config import Config, Webhook, one_webhook
from drills.alertmanager.real import Running, binary, running
from drills.ringing import GROUP_BY
from incidents.journal import Aggregate
from tests.rehearsing import TOKEN, Rehearsal, rehearsal, stepped_world

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not binary(), reason="Debian package prometheus-alertmanager is needed"),
]

# Their time is real, whatever the world's clock does.
GROUP_WAIT = timedelta(seconds=0.5)
GROUP_INTERVAL = timedelta(seconds=1)
PEER_TIMEOUT = 1.0
# World time goes on while the real ones wait: hours of it, where the story takes one.
PATIENCE = 600.0


@pytest.fixture
def desk(tmp_path: Path, sqlite_url: str) -> Iterator[Rehearsal]:
    """Make the desk, and two real Alertmanagers that deliver to its door."""
    port = _free_port()
    webhook = Webhook(url=f"http://127.0.0.1:{port}/webhooks/alertmanager", token=TOKEN)
    with ExitStack() as ends:
        pair: list[Running] = []
        for name in ("first", "second"):
            started = running(
                _config(webhook), tmp_path / name, peers=pair, peer_timeout=PEER_TIMEOUT
            )
            pair.append(ends.enter_context(started))
        addresses = [one.address for one in pair]
        stage = ends.enter_context(stepped_world(alertmanagers=addresses))
        made = rehearsal(stage, tmp_path, database_url=sqlite_url, port=port)
        yield ends.enter_context(made)


def test_the_story_is_rung_by_real_alertmanagers(desk: Rehearsal) -> None:
    """What the stand-in sends is what we believe; what this one sends is what there will be."""
    desk.until(desk.asked, minutes=PATIENCE)
    desk.stage.press("approve")
    desk.until(lambda: desk.has("Mitigated"), minutes=PATIENCE)
    desk.until(lambda: desk.has("ChannelArchived"), minutes=PATIENCE)

    journal = desk.app.opened.store.journal
    rows = journal.summaries(aggregate=Aggregate.INCIDENT)
    assert [(row.incident, row.severity, row.state) for row in rows] == [(1, "P2", "resolved")]
    assert [one["body"]["spec"] for one in desk.stage.writes()] == [{"replicas": 6}]
    assert {"firing", "resolved"} <= {body["status"] for body in _delivered(desk)}
    assert journal.verify() is None


def _delivered(desk: Rehearsal) -> list[dict[str, object]]:
    """Return what the door kept of the Alertmanagers, as it came."""
    kept = takewhile(bool, map(desk.app.opened.store.inbox.get, count(1)))
    return [json.loads(one.body) for one in kept if one and one.source.startswith("alertmanager")]


def _config(webhook: Webhook) -> Config:
    return one_webhook(
        webhook,
        receiver="triaged",
        group_by=GROUP_BY,
        group_wait=GROUP_WAIT,
        group_interval=GROUP_INTERVAL,
    )


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
