"""Response URLs: five uses, for the person alone unless told otherwise."""

import httpx

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

    codes = [httpx.post(url, json={"text": "x"}).status_code for _ in range(6)]

    assert codes == [200] * 5 + [404]


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
