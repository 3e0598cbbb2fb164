"""slack_bolt against the stand-in: the library that the bot is built on hears and answers."""

from collections.abc import Callable, Iterator

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from drills.slack import interactions

MODAL = {
    "type": "modal",
    "callback_id": "reason",
    "title": {"type": "plain_text", "text": "Why?"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


@pytest.fixture
def bolt(slack) -> Iterator[tuple[App, Callable[[], None]]]:
    """Return a Bolt app, and the function that connects it once its listeners are set."""
    app = App(client=slack.client(), token_verification_enabled=False)
    web = WebClient(
        token=slack.workspace.app_token, base_url=f"{slack.address}/api/", retry_handlers=[]
    )
    handler = SocketModeHandler(app, slack.workspace.app_token, web_client=web)
    yield app, handler.connect
    slack.hang_up(handler.client)
    handler.close()


def test_a_button_is_heard_and_its_message_is_replaced(slack, bolt, card, until) -> None:
    """Respond by response_url is what Bolt does by itself: it must reach the message."""
    app, connect = bolt

    @app.action("approve")
    def approve(ack, respond, body):
        ack()
        respond(text=f"approved by {body['user']['name']}", replace_original=True)

    connect()
    interactions.press(slack.workspace, user="bob", action_id="approve", **card)

    board = slack.workspace.boards[card["channel"]]
    until(lambda: board.messages[card["ts"]].text == "approved by bob")
    assert board.messages[card["ts"]].blocks == ()


def test_a_command_is_answered(slack, bolt, until) -> None:
    """The command's text arrives, and the acknowledgement's text is shown."""
    app, connect = bolt

    @app.command("/incident")
    def incident(ack, command):
        ack(f"you said {command['text']}")

    connect()
    place = {"user": "alice", "channel": "general"}
    interactions.command(slack.workspace, **place, command="/incident", text="help")

    board = slack.workspace.boards[slack.workspace.channel("#general").id]
    until(lambda: [m.text for m in board.ephemeral.values()] == ["you said help"])


def test_a_modal_is_opened_refused_and_sent(slack, bolt, card, until) -> None:
    """The whole life of a modal: opened by a click, sent back with an error, then taken."""
    app, connect = bolt
    reasons = []

    @app.action("approve")
    def ask(ack, body, client):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("reason")
    def take(ack, view):
        reason = view["state"]["values"]["why"]["text"]["value"]
        if reason == "no":
            ack(response_action="errors", errors={"why": "say more"})
            return
        reasons.append(reason)
        ack()

    connect()
    workspace = slack.workspace
    interactions.press(workspace, user="alice", action_id="approve", **card)
    until(lambda: workspace.views)
    view = next(iter(workspace.views))
    interactions.submit(workspace, user="alice", view=view, values={"why": {"text": _typed("no")}})
    until(lambda: workspace.views[view].errors == (("why", "say more"),))
    fine = {"why": {"text": _typed("the pool is full")}}
    interactions.submit(workspace, user="alice", view=view, values=fine)
    until(lambda: not workspace.views)

    assert reasons == ["the pool is full"]


def _typed(text: str) -> dict[str, str]:
    return {"type": "plain_text_input", "value": text}
