"""What the door itself refuses: tokens, scopes, too many calls, wrong bodies."""

import httpx
import pytest
from slack_sdk.errors import SlackApiError

from drills.slack.limits import POST_BURST


def _refusal(call) -> dict[str, object]:
    with pytest.raises(SlackApiError) as caught:
        call()
    return caught.value.response.data


@pytest.mark.parametrize(
    ("token", "code"),
    [
        pytest.param("", "not_authed", id="none"),
        pytest.param("xoxb-other", "invalid_auth", id="unknown"),
        pytest.param("xapp-rehearsal-triaged", "not_allowed_token_type", id="app-token"),
    ],
)
def test_another_token_is_refused(slack, token, code) -> None:
    """A bot with the wrong token must stop and alarm, not go on silently."""
    answer = httpx.post(f"{slack.address}/api/users.list", headers={"authorization": token}).json()

    assert answer == {"ok": False, "error": code}


def test_a_revoked_token_is_refused(slack) -> None:
    """An administrator can take the app away in the middle of an incident."""
    slack.control("switches", revoked=True)

    assert _refusal(slack.client().auth_test) == {"ok": False, "error": "token_revoked"}


def test_a_missing_scope_is_named(slack) -> None:
    """The answer tells whoever installs the app what to add to the manifest."""
    slack.control("switches", scopes=["channels:read"])

    answer = _refusal(lambda: slack.client().chat_postMessage(channel="#incidents", text="x"))

    assert answer == {
        "ok": False,
        "error": "missing_scope",
        "needed": "chat:write",
        "provided": "channels:read",
    }


def test_a_scope_for_private_channels_does_not_open_public_ones(slack) -> None:
    """The scope must fit the kind of channel, as it must at Slack."""
    slack.control("switches", scopes=["groups:history"])
    incidents = slack.workspace.channel("#incidents").id

    answer = _refusal(lambda: slack.client().conversations_history(channel=incidents))

    assert (answer["error"], answer["needed"]) == ("missing_scope", "channels:history")


def test_too_many_posts_to_one_channel_must_wait(slack) -> None:
    """About one post a second and channel: a burst beyond it gets 429 and a Retry-After."""
    client = slack.client()
    for _ in range(POST_BURST):
        client.chat_postMessage(channel="#incidents", text="x")

    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="#incidents", text="x")

    answer = caught.value.response
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_the_pace_of_one_channel_does_not_hold_another(slack) -> None:
    """A chatty incident must not silence the next one."""
    client = slack.client()
    for _ in range(POST_BURST):
        client.chat_postMessage(channel="#incidents", text="x")

    assert client.chat_postMessage(channel="#general", text="x")["ok"]


def test_the_pace_can_be_switched_off(slack) -> None:
    """A drill whose clock runs fast posts more in a real second than a real incident does."""
    slack.control("switches", post_pacing=False)
    client = slack.client()

    answers = [client.chat_postMessage(channel="#incidents", text="x") for _ in range(10)]

    assert all(answer["ok"] for answer in answers)


def test_blocks_are_refused_with_the_place_that_is_wrong(slack) -> None:
    """Whoever builds a message finds the mistake by its JSON pointer."""
    header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}

    answer = _refusal(
        lambda: slack.client().chat_postMessage(
            channel="#incidents", text="x", blocks=[{"type": "divider"}, header]
        )
    )

    sentence = "must be less than 151 characters [json-pointer:/blocks/1/text/text]"
    assert answer == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [sentence],
        "response_metadata": {"messages": [f"[ERROR] {sentence}"]},
    }


def test_json_is_not_read_where_slack_reads_forms_only(slack) -> None:
    """Slack ignores the body and misses the argument; a kind stand-in would hide the mistake."""
    client = slack.client()
    incidents = slack.workspace.channel("#incidents").id

    answer = _refusal(lambda: client.api_call("conversations.info", json={"channel": incidents}))

    assert answer["error"] == "invalid_arguments"


def test_the_record_keeps_calls_without_their_token(slack) -> None:
    """Checkers and people read the record: a token in it would travel into reports."""
    slack.client().chat_postMessage(channel="#incidents", text="x")

    calls = httpx.get(f"{slack.address}/control/calls").json()

    assert [(c["method"], c["arguments"]) for c in calls] == [
        ("chat.postMessage", {"channel": "#incidents", "text": "x"})
    ]
    assert slack.workspace.bot_token not in str(calls)
