"""Socket Mode against the stand-in: kept before acknowledged, renewed, and gone when stopped."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import count, takewhile

import httpx
import pytest

from bot.chat.slack.socket import SOURCE, SlackSockets
from drills.slack import interactions
from drills.slack.deliveries import State
from drills.slack.faults import Fault, FaultKind
from incidents.errors import Unavailable
from incidents.journal import Kept
from storage.memory import MemoryStore


class Slow:
    """An inbox whose commit is still on its way."""

    def __init__(self) -> None:
        self.kept: list[Future[Kept]] = []

    def submit(self, *, source, body, key=None, done=False):
        self.kept.append(Future())
        return self.kept[-1]


class Away:
    """An inbox whose store cannot commit."""

    def submit(self, *, source, body, key=None, done=False):
        failed = Future()
        failed.set_exception(Unavailable("the disk is full"))
        return failed


def answer(text, user, channel):
    """Answer what only reads, as the desk does."""
    return "press Approve or Reject" if text == "help" else None


def sockets(slack, inbox) -> SlackSockets:
    """Return sockets to the stand-in."""
    workspace = slack.workspace
    return SlackSockets(
        bot_token=workspace.bot_token,
        app_token=workspace.app_token,
        base_url=slack.api,
        inbox=inbox,
        answer=answer,
    )


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def connected(slack, store, until) -> Iterator[SlackSockets]:
    """Return sockets with both connections open."""
    made = sockets(slack, store.inbox)
    made.start()
    try:
        until(lambda: _connections(slack) == 2)
        yield made
    finally:
        made.stop()


def test_a_command_is_kept_before_it_is_acknowledged(slack, store, connected, until) -> None:
    """A click that was acknowledged and lost is the one thing that must never happen."""
    envelope = _type(slack, "ack")
    until(lambda: _state(slack, envelope) is State.ACKNOWLEDGED)

    (kept,) = store.inbox.pending()
    assert (kept.source, kept.key) == (SOURCE, envelope)
    assert json.loads(kept.body)["payload"]["text"] == "ack"


def test_nothing_is_acknowledged_before_its_commit(slack, until) -> None:
    """Bolt alone acknowledges first: what the machine forgets then is gone for good."""
    inbox = Slow()
    made = sockets(slack, inbox)
    made.start()
    try:
        until(lambda: made.connected)
        event = slack.workspace.tell({"type": "app_mention", "user": "U1", "text": "hello"}).id
        until(lambda: inbox.kept)
        assert _state(slack, event) is State.SENT

        inbox.kept[0].set_result(Kept(inbox_id=1))
        until(lambda: _state(slack, event) is State.ACKNOWLEDGED)
    finally:
        made.stop()


def test_what_only_reads_is_answered_at_once(slack, connected, until) -> None:
    """Help must come while the person looks, not when the outbox gets to it."""
    _type(slack, "help")

    board = slack.workspace.boards[slack.workspace.channel("#incidents").id]
    until(lambda: [m.text for m in board.ephemeral.values()] == ["press Approve or Reject"])


def test_a_click_that_nobody_listens_to_is_acknowledged(slack, store, connected, until) -> None:
    """A button of an older release must not show the person an error."""
    client = httpx.Client(base_url=slack.api, headers={"authorization": f"Bearer {_token(slack)}"})
    button = {
        "type": "button",
        "action_id": "of-an-older-release",
        "text": {"type": "plain_text", "text": "Go"},
    }
    blocks = [{"type": "actions", "elements": [button]}]
    with client:
        body = {"channel": "#incidents", "text": "old", "blocks": blocks}
        posted = client.post("chat.postMessage", json=body).json()

    where = {"channel": posted["channel"], "ts": posted["ts"]}
    pressed = interactions.press(
        slack.workspace, user="alice", action_id="of-an-older-release", **where
    )
    until(lambda: _state(slack, pressed.id) is State.ACKNOWLEDGED)
    assert pressed.id in {one.key for one in store.inbox.pending()}


def test_a_repeated_event_is_kept_once(slack, store, connected, until) -> None:
    """Slack sends an event again under a new envelope; its own id stays the same."""
    slack.workspace.tell({"type": "app_mention", "user": "U1", "text": "hello"})
    until(lambda: len(store.inbox.pending()) == 1)
    payload = slack.workspace.deliveries.all()[-1].payload
    again = slack.workspace.send(slack.workspace.deliveries.all()[-1].kind, payload)
    until(lambda: _state(slack, again.id) is State.ACKNOWLEDGED)

    assert [one.key for one in store.inbox.pending()] == [payload["event_id"]]


def test_our_own_messages_are_kept_and_nothing_is_to_be_done(
    slack, store, connected, until
) -> None:
    """Each would cost another commit, and a storm posts hundreds."""
    headers = {"authorization": f"Bearer {_token(slack)}"}
    with httpx.Client(base_url=slack.api, headers=headers) as client:
        posted = client.post("chat.postMessage", json={"channel": "#incidents", "text": "a"}).json()
        where = {"channel": posted["channel"], "ts": posted["ts"]}
        assert client.post("chat.update", json={"text": "b", **where}).json()["ok"]
    slack.workspace.tell({"type": "message", "user": "U1", "text": "hello", "app_id": "A0OTHER"})
    until(lambda: _settled(slack))

    told = [one.payload["event"] for one in slack.workspace.deliveries.all()]
    everything = takewhile(bool, map(store.inbox.get, count(1)))
    kept = {one.key for one in everything if one}
    waiting = [json.loads(one.body)["payload"]["event"] for one in store.inbox.pending()]
    assert [one.get("subtype") for one in told if one["type"] == "message"] == [
        None,
        "message_changed",
        None,
    ]
    assert {one.payload["event_id"] for one in slack.workspace.deliveries.all()} == kept
    assert [one["text"] for one in waiting if one["type"] == "message"] == ["hello"]


def test_nothing_is_acknowledged_while_the_store_is_away(slack, until) -> None:
    """An error that the person sees is repeated by the person; silence is not."""
    made = sockets(slack, Away())
    made.start()
    try:
        until(lambda: _connections(slack) == 2)
        slack.workspace.deliveries.ack_within *= 0.1
        envelope = _type(slack, "ack")
        until(lambda: _state(slack, envelope) is State.FAILED)
    finally:
        slack.workspace.deliveries.ack_within *= 10
        made.stop()


def test_connections_that_slack_refreshes_come_back(slack, connected, until) -> None:
    """Slack renews every connection every few hours, and now and then just drops one."""
    for reason in ("refresh_requested", ""):
        httpx.post(f"{slack.address}/control/disconnect", json={"reason": reason}, timeout=5)
        until(lambda: _connections(slack) == 2)

    envelope = _type(slack, "ack")
    until(lambda: _state(slack, envelope) is State.ACKNOWLEDGED)


def test_a_connection_that_ends_without_a_word_is_renewed(slack, connected, until) -> None:
    """A proxy that restarts says nothing; the SDK alone would read nothing at full speed."""
    before = [one.current_session for one in connected._sockets]
    for session in before:
        # What is left when the other side is gone: reads return nothing.
        session.sock._sock.shutdown(socket.SHUT_RD)

    until(lambda: not {one.current_session for one in connected._sockets} & set(before))
    envelope = _type(slack, "ack")
    until(lambda: _state(slack, envelope) is State.ACKNOWLEDGED)


def test_slack_being_away_at_the_start_is_no_error(slack, store, until) -> None:
    """The desk works without Slack, and Slack is found when it is back."""
    slack.plan(Fault(method="apps.connections.open", kind=FaultKind.CLOSED_BEFORE))
    made = sockets(slack, store.inbox)

    made.start()
    try:
        until(lambda: made.connected)
    finally:
        made.stop()


def test_stopping_leaves_no_thread_and_no_connection(slack, store, until) -> None:
    """A process that is told to end must end."""
    before = set(threading.enumerate())
    made = sockets(slack, store.inbox)
    made.start()
    until(lambda: _connections(slack) == 2)

    made.stop()
    made.stop()

    # One of another test may have ended meanwhile.
    assert set(threading.enumerate()) <= before
    until(lambda: _connections(slack) == 0)
    assert not made.connected


def test_sockets_that_never_started_stop(slack, store) -> None:
    """A start that failed elsewhere still closes everything."""
    made = sockets(slack, store.inbox)

    made.stop()

    assert not made.connected


def _type(slack, text):
    place = {"user": "alice", "channel": "incidents"}
    return interactions.command(slack.workspace, **place, command="/incident", text=text).id


def _settled(slack) -> bool:
    return all(one.state is State.ACKNOWLEDGED for one in slack.workspace.deliveries.all())


def _state(slack, envelope):
    return slack.workspace.deliveries.get(envelope).state


def _token(slack):
    return slack.workspace.bot_token


def _connections(slack):
    return httpx.get(f"{slack.address}/control/state", timeout=5).json()["connections"]
