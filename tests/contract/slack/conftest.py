"""The stand-in workspace on a free port, and what triaged connects to it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.chat.slack.answers import Caller, client
from bot.chat.slack.deliver import SlackDeliverer
from bot.chat.wanted import wanted
from drills.slack import serving
from drills.slack.app import build
from drills.slack.board import Board
from drills.slack.channels import Channel
from drills.slack.faults import Fault
from drills.slack.messages import Message
from drills.slack.workspace import Workspace
from incidents.people import People, Person
from storage.memory import MemoryStore
from tests.bot.chat.stories import Story

PATIENCE = 5.0
MANIFEST = YAML(typ="safe", pure=True).load(
    Path(__file__).parents[3] / "deploy/slack/manifest.yaml"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A workspace that is being served."""

    workspace: Workspace
    address: str

    @property
    def api(self) -> str:
        """Return the base address of the Web API."""
        return f"{self.address}/api/"

    def plan(self, *faults: Fault) -> None:
        """Let calls go wrong."""
        self.workspace.faults.plan(*faults)

    def calls(self, method: str) -> list[bool]:
        """Return for each call of a method whether it was carried out."""
        return [call.committed for call in self.workspace.calls if call.method == method]


@dataclass(kw_only=True)
class Desk:
    """A story whose people are in the workspace, and its outbox loop over the real client."""

    slack: Served
    timeout: int = 5
    clock_ahead: timedelta = timedelta(0)
    unannounced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        workspace = self.slack.workspace
        found = {"ann": "alice", "ben": "bob", "cay": "carol"}
        people = [
            Person(id=one, name=name.title(), slack=workspace.person(name).id)
            for one, name in found.items()
        ]
        store = MemoryStore(clock=lambda: datetime.now(UTC) + self.clock_ahead)
        self.story = Story(store=store, people=People(people)).open()
        self.restart()

    def restart(self) -> None:
        """Begin a new process over the same store."""
        self.story.restart()
        token = self.slack.workspace.bot_token
        caller = Caller(client(token, self.slack.api, timeout=self.timeout))
        slack = SlackDeliverer(caller, unannounced=self.unannounced.append)
        self.loop = self.story.loop(dict.fromkeys(slack.kinds, slack))

    def turn(self) -> None:
        """Turn the loop until it rests, through whatever has to wait."""
        for _ in range(12):
            while self.loop.once():
                pass
            if not self._waiting():
                return
            # Waiting is real time; the store's clock is ours.
            self.clock_ahead += timedelta(seconds=3)
        pytest.fail(f"never outside: {self._waiting()}")

    def _waiting(self) -> list[str]:
        keys = [one.key for one in wanted(self.story.situation(), now=self.story.now)]
        items = [self.story.store.outbox.get(key) for key in keys]
        return [
            one.key
            for one in items
            if one is not None and one.dead is None and one.sent_digest != one.digest
        ]

    @property
    def channel(self) -> Channel:
        """Return the incident's channel in the workspace."""
        (found,) = [
            one for one in self.slack.workspace.channels.values() if one.name.startswith("inc-")
        ]
        return found

    @property
    def board(self) -> Board:
        """Return what hangs in the incident's channel."""
        return self.slack.workspace.boards[self.channel.id]

    @property
    def keys(self) -> list[str]:
        """Return the keys of our messages in the channel, in their order."""
        return [
            str(dict(one.metadata["event_payload"])["key"])
            for one in self.board.messages.values()
            if one.metadata is not None
        ]

    def message(self, key: str) -> Message:
        """Return the message that carries a key."""
        (found,) = [
            one
            for one in self.board.messages.values()
            if one.metadata is not None and one.metadata["event_payload"]["key"] == key
        ]
        return found


@contextmanager
def _served() -> Iterator[Served]:
    workspace = Workspace(now=lambda: datetime.now(UTC))
    server = serving.server(build(workspace))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    workspace.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield Served(workspace=workspace, address=workspace.address)
    finally:
        server.should_exit = True
        thread.join()


def until(fact: Callable[[], object]) -> None:
    """Wait until something is so; fail after five seconds."""
    end = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """Serve one workspace to all tests; each begins with `slack`, which resets it."""
    with _served() as found:
        yield found


@pytest.fixture
def slack(served: Served) -> Served:
    """Begin again in an empty workspace, with the scopes of the manifest and no others."""
    served.workspace.reset()
    served.workspace.revoked = False
    served.workspace.scopes = frozenset(MANIFEST["oauth_config"]["scopes"]["bot"])
    served.workspace.limits.tiers = served.workspace.limits.pacing = False
    return served


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], object]], None]:
    """Return the function that waits for something to become so."""
    return until


@pytest.fixture
def desk(slack: Served) -> Desk:
    """Return a desk with an open incident that speaks in the stand-in."""
    return Desk(slack=slack)
