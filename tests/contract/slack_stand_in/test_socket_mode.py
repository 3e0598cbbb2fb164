"""Socket Mode with the SDK's own client: envelopes, acknowledgements, retries, disconnects."""

from datetime import timedelta

import pytest

from drills.slack import interactions
from drills.slack.deliveries import Kind, State

QUICK = timedelta(seconds=0.3)


@pytest.fixture
def app(standing, slack, until):
    """Return the app whose one connection stands, with nothing heard yet."""
    standing.silent, standing.answer = False, None
    # What the last test sent may still be on its way: once the mark is heard, it is not.
    slack.workspace.tell({"type": "mark"})
    until(lambda: _events(standing, "mark"))
    standing.heard.clear()
    return standing


def _events(app, kind):
    payloads = [r.payload["event"] for r in app.heard if r.type == "events_api"]
    return [event for event in payloads if event["type"] == kind]


def _press(slack, card, **how):
    who = {"user": "alice", "action_id": "approve"} | how
    return interactions.press(slack.workspace, **card, **who)


def _state(slack, envelope):
    return slack.workspace.deliveries.get(envelope.id).state


def test_a_press_arrives_as_block_actions(slack, app, card, until) -> None:
    """The click is what an approval is made of: who, where, which button, which value."""
    _press(slack, card)
    until(lambda: any(request.type == "interactive" for request in app.heard))

    payload = next(r.payload for r in app.heard if r.type == "interactive")
    alice = slack.workspace.person("alice")
    assert payload["type"] == "block_actions"
    assert payload["user"]["id"] == alice.id
    assert payload["container"]["message_ts"] == card["ts"]
    assert payload["channel"]["id"] == card["channel"]
    action = payload["actions"][0]
    assert (action["action_id"], action["block_id"], action["value"]) == (
        "approve",
        "ask",
        "digest",
    )


def test_an_acknowledged_press_is_settled(slack, app, card, until) -> None:
    """The console stops waiting as soon as the app has said that it heard."""
    envelope = _press(slack, card)

    until(lambda: _state(slack, envelope) is State.ACKNOWLEDGED)


def test_a_press_that_nobody_acknowledges_fails_once_and_says_so(slack, app, card, until) -> None:
    """Slack sends no click twice: the person sees an error and presses again."""
    slack.workspace.deliveries.ack_within = QUICK
    app.silent = True

    envelope = _press(slack, card)
    until(lambda: _state(slack, envelope) is State.FAILED)

    board = slack.workspace.boards[card["channel"]]
    assert [m.text for m in board.ephemeral.values()] == [
        "triaged did not answer: operation_timeout. Try again."
    ]
    assert [r.type for r in app.heard].count("interactive") == 1


def test_a_message_of_the_bot_comes_back_as_an_event(app, client, until) -> None:
    """The bot must know its own voice, or it answers itself for ever."""
    posted = client.chat_postMessage(channel="#incidents", text="hello")
    until(lambda: _events(app, "message"))

    event = _events(app, "message")[-1]
    assert event["ts"] == posted["ts"]
    assert event["bot_id"] == client.auth_test()["bot_id"]


def test_an_event_that_nobody_acknowledges_is_sent_again_at_once(slack, app, until) -> None:
    """The same event id twice: whoever keeps no record of ids counts it twice."""
    slack.workspace.deliveries.ack_within = QUICK
    app.silent = True

    interactions.say(slack.workspace, user="alice", channel="incidents", text="hi")
    until(lambda: len(app.heard) == 2)

    first, second = app.heard
    assert first.payload["event_id"] == second.payload["event_id"]
    assert (first.retry_attempt, second.retry_attempt) == (0, 1)
    assert second.retry_reason == "timeout"


def test_a_command_is_answered_in_its_acknowledgement(slack, app, until) -> None:
    """The quick answer of a slash command is for the person who typed it."""
    app.answer = {"text": "two incidents are open"}

    interactions.command(
        slack.workspace, user="bob", channel="incidents", command="/incident", text="status @alice"
    )
    incidents = slack.workspace.channel("#incidents").id
    board = slack.workspace.boards[incidents]
    until(lambda: board.ephemeral)

    payload = app.heard[0].payload
    alice, bob = slack.workspace.person("alice").id, slack.workspace.person("bob").id
    assert (payload["command"], payload["text"]) == ("/incident", f"status <@{alice}>")
    answer = next(iter(board.ephemeral.values()))
    assert (answer.text, answer.seen_by) == ("two incidents are open", bob)


def test_a_pressed_envelope_carries_everything_that_a_checker_needs(slack, app, card) -> None:
    """The history checker reads the envelopes, so they stay after they were settled."""
    _press(slack, card)

    kinds = [envelope.kind for envelope in slack.workspace.deliveries.all()]
    assert Kind.INTERACTIVE in kinds
