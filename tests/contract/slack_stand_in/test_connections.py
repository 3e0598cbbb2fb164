"""How many connections there are, who gets what, and what opens one."""

import json
from contextlib import ExitStack

import pytest
from slack_sdk.errors import SlackApiError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as connect_raw

from drills.slack import interactions
from drills.slack.deliveries import State


def test_a_press_without_any_app_fails_at_once(slack, card, until) -> None:
    """Nothing is kept for an app that is not there."""
    envelope = interactions.press(slack.workspace, user="bob", action_id="approve", **card)
    until(lambda: slack.workspace.deliveries.get(envelope.id).state is State.FAILED)

    assert slack.workspace.deliveries.get(envelope.id).failure == "dispatch_failed"


def test_envelopes_spread_over_all_connections_and_none_comes_twice(slack, connect, until) -> None:
    """Two replicas never both see one event: what one must know, both must share."""
    apps = [connect() for _ in range(3)]

    for number in range(30):
        interactions.say(slack.workspace, user="alice", channel="incidents", text=str(number))
    until(lambda: sum(len(app.heard) for app in apps) == 30)

    texts = [request.payload["event"]["text"] for app in apps for request in app.heard]
    assert sorted(texts, key=int) == [str(number) for number in range(30)]
    assert all(app.heard for app in apps)


def test_an_eleventh_connection_is_sent_away(slack) -> None:
    """Slack keeps ten connections for an app and tells the next one why it goes."""
    web = slack.client(token=slack.workspace.app_token)
    addresses = [web.api_call("apps.connections.open")["url"] for _ in range(11)]
    with ExitStack() as stack:
        sockets = [stack.enter_context(connect_raw(address)) for address in addresses]

        first = [json.loads(socket.recv(timeout=5)) for socket in sockets]

        assert [frame["type"] for frame in first] == ["hello"] * 10 + ["disconnect"]
        assert first[10]["reason"] == "too_many_websockets"
        with pytest.raises(ConnectionClosed):
            sockets[10].recv(timeout=5)


def test_a_socket_address_works_once(slack) -> None:
    """Slack's address is a ticket: a second connection needs a second call."""
    web = slack.client(token=slack.workspace.app_token)
    address = web.api_call("apps.connections.open")["url"]
    with connect_raw(address) as first:
        assert json.loads(first.recv(timeout=5))["type"] == "hello"

    with pytest.raises(InvalidStatus):
        connect_raw(address)


def test_the_bots_token_opens_no_socket(client) -> None:
    """Socket Mode needs the app's token: a bot set up with one token must hear it."""
    with pytest.raises(SlackApiError) as caught:
        client.apps_connections_open(app_token=client.token)

    assert caught.value.response["error"] == "not_allowed_token_type"


def test_a_broken_connection_is_opened_again_by_the_client(slack, connect, until) -> None:
    """Slack ends connections every few hours: the bot must come back by itself."""
    app = connect()

    slack.control("disconnect", reason="refresh_requested")
    until(lambda: slack.state()["connections"] == 1)
    interactions.say(slack.workspace, user="alice", channel="incidents", text="still there?")

    until(lambda: [r.payload["event"]["text"] for r in app.heard] == ["still there?"])
