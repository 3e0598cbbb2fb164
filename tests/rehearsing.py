"""A rehearsal in steps: a world on loopback, and the real desk turned by hand beside it."""

import json
import os
import pwd
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot.app.between import Between
from bot.app.main import App, built
from bot.app.opening import Opened
from bot.app.server import Server
from bot.app.settings import Settings, load
from bot.chat.slack.socket import SlackSockets
from drills.installation import DECODE_DEPLOYMENT, NAMESPACE
from drills.world import World
from incidents.desk import Desk
from incidents.timeline import Row, rows

TOKEN = "a-token-of-16-chars"
BOT = "xoxb-rehearsal-triaged"
STEP = 15.0
MOST_TURNS = 60
LOOK_EVERY = 0.05
CONNECTED_WITHIN = 10.0
DECODE = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{DECODE_DEPLOYMENT}"
ACTING = 'acting: ["*"]\n'
"""The policy of a desk that acts: without one it would be in shadow."""
PEOPLE = """\
people:
  - {{id: alice, name: Alice, slack: {alice}, unix: {login}, roles: [on-call-sre]}}
  - {{id: bob, name: Bob, slack: {bob}, roles: [on-call-sre]}}
  - {{id: carol, name: Carol, slack: {carol}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The world, through its control address."""

    control: str
    console: str
    addresses: Mapping[str, Any]
    clock: Callable[[], datetime]

    def advance(self, seconds: float = STEP) -> None:
        """Let world time pass; notifications are answered when it returns."""
        post(f"{self.control}/clock/advance", {"seconds": seconds})

    def put(self, kind: str, **values: object) -> None:
        """Let a fault begin."""
        post(f"{self.control}/faults", {"put": [{"kind": kind, **values}]})

    def clear(self, kind: str) -> None:
        """Let a fault end."""
        post(f"{self.control}/faults", {"clear": [kind]})

    def ring(self, webhook: str) -> None:
        """Point the Alertmanagers at the desk."""
        post(f"{self.control}/faults", {"webhook": {"url": webhook, "token": TOKEN}})

    def facts(self) -> Mapping[str, Any]:
        """Return what is true in the world."""
        return get(f"{self.control}/state")

    def slack(self) -> Mapping[str, Any]:
        """Return the whole workspace."""
        return get(f"{self.console}/control/state")

    def slack_calls(self) -> Sequence[Mapping[str, Any]]:
        """Return every call of the Web API."""
        return get(f"{self.console}/control/calls")

    def slack_fails(self, *faults: Mapping[str, object]) -> None:
        """Plan faults of Slack, as `drills/slack/faults.py` names them."""
        post(f"{self.console}/control/faults", {"faults": faults})

    def slack_recovers(self) -> None:
        """Forget every fault of Slack that is still planned."""
        ask(f"{self.console}/control/faults", method="DELETE")

    def channel(self, number: int = 1) -> Mapping[str, Any] | None:
        """Return an incident's channel; None where there is none."""
        named = [
            one for one in self.slack()["channels"] if one["name"].startswith(f"inc-{number}-")
        ]
        assert len(named) <= 1, [one["name"] for one in named]
        return named[0] if named else None

    def messages(self, number: int = 1) -> Sequence[Mapping[str, Any]]:
        """Return what triaged posted in an incident's channel, threads included."""
        channel = self.channel(number)
        return [one for one in channel["messages"] if one.get("metadata")] if channel else []

    def whispers(self, person: str) -> Sequence[str]:
        """Return what this person alone was told, anywhere."""
        state = self.slack()
        rooms = state["channels"]
        said = [one for room in rooms for one in room["ephemeral"]]
        return [one["text"] for one in said if one["seen_by"] == state["people"][person]]

    def kubernetes_calls(self) -> Sequence[Mapping[str, Any]]:
        """Return every call of the Kubernetes API."""
        return get(f"{self.addresses['kubernetes']}/control/calls")["calls"]

    def kubernetes_recovers(self) -> None:
        """Switch every fault of the Kubernetes API off."""
        ask(f"{self.addresses['kubernetes']}/control/faults", method="DELETE")

    def kubernetes_fails(self, kind: str, **values: object) -> None:
        """Switch a fault of the Kubernetes API on, as `drills/kubernetes/faults.py` names it."""
        post(f"{self.addresses['kubernetes']}/control/faults", {"kind": kind, **values})

    def writes(self) -> Sequence[Mapping[str, Any]]:
        """Return the requests that changed the cluster."""
        return [one for one in self.kubernetes_calls() if one["written"]]

    def scale_by_hand(self, replicas: int) -> None:
        """Scale the decode pool as somebody with kubectl does."""
        ask(
            f"{self.addresses['kubernetes']}{DECODE}/scale",
            body={"spec": {"replicas": replicas}},
            method="PATCH",
        )

    def press(self, action: str, *, person: str = "alice") -> Mapping[str, Any]:
        """Press a button of the newest message that has it."""
        found = self.button(action)
        assert found is not None, f"no button {action}"
        pressed = self.press_there(found, person=person)
        assert pressed["ok"], pressed
        return pressed

    def press_there(
        self, button: Mapping[str, str], *, person: str = "alice", stale: bool = False
    ) -> Mapping[str, Any]:
        """Press this button; with `stale` the person still sees an older version of the card."""
        return post(f"{self.console}/control/press", {"user": person, "stale": stale, **button})

    def button(self, action: str) -> Mapping[str, str] | None:
        """Return where the newest button of this action is."""
        found = None
        for channel in self.slack()["channels"]:
            for message in channel["messages"]:
                for block in message.get("blocks") or ():
                    for element in block.get("elements", ()):
                        if element.get("action_id") == action:
                            found = {
                                "channel": channel["id"],
                                "ts": message["ts"],
                                "action_id": action,
                            }
        return found

    def let_in(self, person: str) -> None:
        """Let a person be in the first incident's channel, as anybody may."""
        found = self.channel()
        assert found is not None
        invited = {"channel": found["id"], "users": self.slack()["people"][person], "token": BOT}
        post(f"{self.addresses['slack_api']}conversations.invite", invited)

    def command(
        self, text: str, *, person: str = "alice", channel: str | None = None
    ) -> Mapping[str, Any]:
        """Type `/incident …` in a channel, in the first incident's unless told otherwise."""
        if channel is None:
            found = self.channel()
            assert found is not None
            channel = found["id"]
        given = {"user": person, "channel": channel, "command": "/incident", "text": text}
        return post(f"{self.console}/control/command", given)


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """The stage and the desk; `until` lets time pass in steps until something holds."""

    stage: Stage
    app: App
    postmortems: Path
    webhook: str
    steps: int = field(default=0)

    def turn(self) -> None:
        """Turn every loop until nothing more happens."""
        for _ in range(MOST_TURNS):
            turned = [loop.once() for loop in self.app.loops]
            if not any(turned):
                return
        message = "the loops never come to rest"
        raise AssertionError(message)

    def until(self, holds: Callable[[], bool], *, minutes: float = 60) -> None:
        """Let time pass until it holds; fails with the timeline when it does not."""
        for _ in range(int(minutes * 60 / STEP)):
            self.turn()
            if holds():
                return
            self.stage.advance()
            self.steps += 1
        message = "it never came to hold:\n" + "\n".join(self.told())
        raise AssertionError(message)

    def settle(self, holds: Callable[[], bool], *, seconds: float = 30) -> None:
        """Turn in real time until it holds: what concerns Slack waits for real moments."""
        pause, until = threading.Event(), time.monotonic() + seconds
        while time.monotonic() < until:
            self.turn()
            if holds():
                return
            pause.wait(LOOK_EVERY)
        message = "it never came to hold:\n" + "\n".join(self.told())
        raise AssertionError(message)

    def asked(self) -> bool:
        """Return whether a card with a button to approve stands in Slack."""
        return self.stage.button("approve") is not None

    def text(self, kind: str, number: int = 1) -> str:
        """Return the sentence of the newest event of this kind."""
        return next(row.text for row in reversed(self.rows(number)) if row.kind == kind)

    def rows(self, number: int = 1) -> tuple[Row, ...]:
        """Return an incident's timeline."""
        return rows(self.app.opened.desk.history(number))

    def told(self, number: int = 1) -> list[str]:
        """Return the timeline as lines."""
        return [f"{row.at:%H:%M:%S} {row.kind}: {row.text}" for row in self.rows(number)]

    def has(self, kind: str, number: int = 1) -> bool:
        """Return whether an event of this kind has happened."""
        return self.count(kind, number) > 0

    def count(self, kind: str, number: int = 1) -> int:
        """Return how often an event of this kind has happened."""
        history = self.app.opened.desk.history(number)
        return sum(entry.recorded.kind == kind for entry in history)


@contextmanager
def stepped_world(**options: Any) -> Iterator[Stage]:
    """Run a world in this process, at rate 0."""
    world = World(rate=0.0, **options)
    world.start()
    try:
        addresses = world.addresses
        post(f"{addresses.slack_console}/control/switches", {"post_pacing": False})
        yield Stage(
            control=addresses.control,
            console=addresses.slack_console,
            clock=world.clock.now,
            addresses={
                "slack_api": addresses.slack_api,
                "kubernetes": addresses.kubernetes,
                "prometheus": addresses.prometheus,
                "alertmanagers": addresses.alertmanagers,
            },
        )
    finally:
        world.stop()


@contextmanager
def rehearsal(
    stage: Stage, folder: Path, *, database_url: str, port: int = 0, acting: str | None = ACTING
) -> Iterator[Rehearsal]:
    """Make the real desk, let it listen on a port (0: any), and turn it by hand."""
    settings = settings_for(stage, folder, database_url=database_url, acting=acting)
    with built(settings, between=Between(opened=partial(_at_the_clock_of, stage))) as app:
        server = Server(app.web, host="127.0.0.1", port=port)
        port = server.start()
        if app.sockets is not None:
            app.sockets.start()
            _until_connected(app.sockets)
        webhook = f"http://127.0.0.1:{port}/webhooks/alertmanager"
        stage.ring(webhook)
        try:
            yield Rehearsal(stage=stage, app=app, postmortems=settings.postmortems, webhook=webhook)
        finally:
            if app.sockets is not None:
                app.sockets.stop()
            server.stop()


def _at_the_clock_of(stage: Stage, desk: Opened) -> Opened:
    """Return the desk with the world's clock at hand: over HTTP it is asked ten thousand times.

    That it follows the clock behind an address is tried with it as a process.
    """
    inner = Desk(journal=desk.store.journal, policy=desk.configuration.policy, clock=stage.clock)
    return replace(desk, clock=stage.clock, desk=inner)


def _until_connected(sockets: SlackSockets) -> None:
    """Wait until clicks arrive: a desk that was restarted connects anew."""
    pause, until = threading.Event(), time.monotonic() + CONNECTED_WITHIN
    while not sockets.connected and time.monotonic() < until:
        pause.wait(LOOK_EVERY)
    assert sockets.connected


def settings_for(
    stage: Stage, folder: Path, *, database_url: str, acting: str | None = ACTING
) -> Settings:
    """Write a desk's configuration and return its settings."""
    return load(environment(stage, folder, database_url=database_url, acting=acting))


def environment(
    stage: Stage, folder: Path, *, database_url: str, acting: str | None = ACTING
) -> dict[str, str]:
    """Write a desk's configuration and return the environment that names it.

    Whoever runs the tests is alice at the command line.
    """
    config = folder / "config"
    config.mkdir(exist_ok=True)
    ids = stage.slack()["people"]
    login = pwd.getpwuid(os.getuid()).pw_name
    (config / "people.yaml").write_text(PEOPLE.format(login=login, **ids))
    if acting is not None:
        (config / "policy.yaml").write_text(acting)
    for name, text in {
        "tokens": f"alertmanager {TOKEN}\n",
        "bot": BOT,
        "app": "xapp-rehearsal-triaged",
    }.items():
        (folder / name).write_text(text)
    key = folder / "chain-key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    return {
        "TRIAGED_DATABASE_URL": database_url,
        "TRIAGED_CHAIN_KEY_FILE": str(key),
        "TRIAGED_CONFIG": str(config),
        "TRIAGED_LISTEN": "127.0.0.1:0",
        "TRIAGED_WEBHOOK_TOKENS_FILE": str(folder / "tokens"),
        "TRIAGED_SLACK_BOT_TOKEN_FILE": str(folder / "bot"),
        "TRIAGED_SLACK_APP_TOKEN_FILE": str(folder / "app"),
        "TRIAGED_SLACK_API_URL": stage.addresses["slack_api"],
        "TRIAGED_SLACK_POST_GAP": "0",
        "TRIAGED_SLACK_CALLS": "0",
        "TRIAGED_KUBERNETES_URL": stage.addresses["kubernetes"],
        "TRIAGED_PROMETHEUS_URL": stage.addresses["prometheus"],
        "TRIAGED_POSTMORTEMS": str(folder / "postmortems"),
        "TRIAGED_CLOCK_URL": stage.control,
        "TRIAGED_REHEARSAL": "true",
    }


def get(address: str) -> Any:
    """Return the JSON at a loopback address."""
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310  # loopback
        return json.load(answer)


def post(address: str, body: Mapping[str, object]) -> Any:
    """Post JSON to a loopback address and return the JSON answer."""
    return ask(address, body=body, method="POST")


def ask(address: str, *, body: object = None, method: str) -> Any:
    """Send a request to a loopback address and return the JSON answer."""
    return json.loads(send(address, body, method=method))


def send(address: str, body: object = None, *, method: str) -> bytes:
    """Send a request to a loopback address and return the bytes of the answer."""
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    request = urllib.request.Request(  # noqa: S310  # loopback
        address,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": kind},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # loopback
        found: bytes = answer.read()
        return found
