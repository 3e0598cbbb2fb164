"""Response URLs: five uses, for the person alone unless told otherwise."""

from datetime import timedelta

import httpx
import pytest
from slack_sdk.errors import SlackApiError

from drills.slack import interactions


def _pressed(slack, card) -> str:
    envelope = interactions.press(slack.workspace, user="alice", action_id="approve", **card)
    return str(envelope.payload["response_url"])


def test_an_answer_is_for_the_person_alone(slack, card) -> None:
    """A refusal of an approval must not embarrass anybody before the channel."""
    url = _pressed(slack, card)

    httpx.post(url, json={"text": "you may not"})

    board = slack.workspace.boards[card["channel"]]
    alice = slack.workspace.person("alice").id
    said = [m for m in board.ephemeral.values() if m.author == slack.workspace.bot.id]
    assert [(m.text, m.seen_by) for m in said] == [("you may not", alice)]


def test_an_answer_is_for_all_when_it_says_so(slack, card) -> None:
    """What everybody should know is said in the channel."""
    httpx.post(_pressed(slack, card), json={"text": "approved", "response_type": "in_channel"})

    newest = list(slack.workspace.boards[card["channel"]].messages.values())[-1]
    assert (newest.text, newest.seen_by) == ("approved", None)


def test_a_response_url_works_five_times(slack, card) -> None:
    """An approval lives longer than that: it must be changed by chat.update."""
    url = _pressed(slack, card)

    answers = [httpx.post(url, json={"text": "x"}) for _ in range(6)]

    assert [one.status_code for one in answers] == [200] * 5 + [404]
    assert answers[-1].json() == {"ok": False, "error": "expired_url"}


def test_a_response_url_works_for_thirty_minutes(slack, card) -> None:
    """Whoever answers after an outage needs another way."""
    url, now = _pressed(slack, card), slack.workspace.now
    try:
        slack.workspace.now = lambda: now() + timedelta(minutes=29)
        first = httpx.post(url, json={"text": "x"})
        slack.workspace.now = lambda: now() + timedelta(minutes=31)
        last = httpx.post(url, json={"text": "x"})
    finally:
        slack.workspace.now = now

    assert (first.status_code, last.status_code) == (200, 404)
    assert last.json() == {"ok": False, "error": "expired_url"}


def test_the_original_is_replaced_when_asked(slack, card) -> None:
    """The buttons of a message that was dealt with go away for everybody."""
    httpx.post(_pressed(slack, card), json={"replace_original": True, "text": "done"})

    assert slack.workspace.boards[card["channel"]].messages[card["ts"]].text == "done"


def test_a_response_url_reaches_the_person_where_the_bot_may_not_speak(slack, client) -> None:
    """Slack refuses an ephemeral message there, and takes the answer all the same."""
    general = slack.workspace.channel("#general").id
    alice = slack.workspace.person("alice").id
    envelope = interactions.command(
        slack.workspace, user="alice", channel=general, command="/incident", text="ack"
    )

    with pytest.raises(SlackApiError) as raised:
        client.chat_postEphemeral(channel=general, user=alice, text="hello")
    httpx.post(str(envelope.payload["response_url"]), json={"text": "hello"})

    assert raised.value.response["error"] == "not_in_channel"
    shown = [(one.text, one.seen_by) for one in slack.workspace.boards[general].ephemeral.values()]
    assert ("hello", alice) in shown


def test_the_original_is_deleted_when_asked(slack, card) -> None:
    """The card goes away for everybody, and is remembered as a former version."""
    httpx.post(_pressed(slack, card), json={"delete_original": True})

    board = slack.workspace.boards[card["channel"]]
    assert card["ts"] not in board.messages
    assert [m.text for m in board.versions(card["ts"])] == ["May I?"]


def test_illegal_blocks_are_refused(slack, card) -> None:
    """The limits of Block Kit hold here too."""
    answer = httpx.post(_pressed(slack, card), json={"blocks": [{"type": "marquee"}]})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_blocks")


def test_unknown_addresses_are_gone(slack) -> None:
    """A forged address tells nothing and does nothing."""
    assert httpx.post(f"{slack.address}/response/forged", json={"text": "x"}).status_code == 404
