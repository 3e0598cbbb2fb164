"""Calls good and bad, each with the answer that Slack documents for it.

Each probe meets the same small workspace. `$name` in an argument stands for the id or `ts` of that
name in it. An expected answer is `ok`, or the code of the error.
"""

from dataclasses import dataclass

import pytest
from slack_sdk.errors import SlackApiError

from drills.slack import interactions

LONG = "x" * 3001


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One call and its expected answer."""

    method: str
    arguments: dict[str, object]
    expected: str


def _probe(expected: str, method: str, why: str, **arguments: object):
    probe = Probe(method=method, arguments=arguments, expected=expected)
    return pytest.param(probe, id=f"{method}-{why}")


def _section(text: str) -> list[dict[str, object]]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]


def _modal(**more: object) -> dict[str, object]:
    title = {"type": "plain_text", "text": "Why?"}
    return {"type": "modal", "title": title, "blocks": [{"type": "divider"}]} | more


HOME = {"type": "home", "blocks": [{"type": "divider"}]}

PROBES = [
    _probe("ok", "auth.test", "who-am-i"),
    _probe("unknown_method", "chat.scheduleMessage", "not-here", channel="$inc", text="x"),
    _probe("unknown_method", "no.such.method", "nowhere"),
    _probe("not_allowed_token_type", "apps.connections.open", "with-the-bot-token"),
    _probe("ok", "conversations.create", "new", name="inc-2_b"),
    _probe("name_taken", "conversations.create", "twice", name="inc-1"),
    _probe("name_taken", "conversations.create", "archived-name", name="inc-0"),
    _probe("invalid_name_required", "conversations.create", "no-name"),
    _probe("invalid_name_specials", "conversations.create", "capitals", name="Inc-2"),
    _probe("invalid_name_punctuation", "conversations.create", "dashes", name="--"),
    _probe("invalid_name_maxlength", "conversations.create", "81-letters", name="x" * 81),
    _probe("ok", "conversations.invite", "bob", channel="$inc", users="$bob"),
    _probe("already_in_channel", "conversations.invite", "again", channel="$inc", users="$alice"),
    _probe("cant_invite_self", "conversations.invite", "itself", channel="$inc", users="$triaged"),
    _probe("user_not_found", "conversations.invite", "nobody", channel="$inc", users="U0"),
    _probe("ok", "conversations.invite", "forced", channel="$inc", users="U0,$bob", force=True),
    _probe("is_archived", "conversations.invite", "too-late", channel="$old", users="$bob"),
    _probe("not_in_channel", "conversations.invite", "outside", channel="$general", users="$bob"),
    _probe("ok", "conversations.setTopic", "words", channel="$inc", topic="P2"),
    _probe("ok", "conversations.setTopic", "none", channel="$inc", topic=""),
    _probe("too_long", "conversations.setTopic", "251", channel="$inc", topic="x" * 251),
    _probe("is_archived", "conversations.setTopic", "too-late", channel="$old", topic="x"),
    _probe("too_long", "conversations.setPurpose", "251", channel="$inc", purpose="x" * 251),
    _probe("ok", "conversations.setPurpose", "words", channel="$inc", purpose="the KV cache"),
    _probe("ok", "conversations.rename", "new-name", channel="$inc", name="inc-1-kv"),
    _probe("name_taken", "conversations.rename", "to-archived", channel="$inc", name="inc-0"),
    _probe("not_in_channel", "conversations.rename", "not-ours", channel="$general", name="all"),
    _probe("ok", "conversations.archive", "ours", channel="$inc"),
    _probe("already_archived", "conversations.archive", "twice", channel="$old"),
    _probe("channel_not_found", "conversations.archive", "nowhere", channel="C0"),
    _probe("ok", "conversations.unarchive", "archived", channel="$old"),
    _probe("not_archived", "conversations.unarchive", "open", channel="$inc"),
    _probe("ok", "conversations.join", "public", channel="$general"),
    _probe("is_archived", "conversations.join", "archived", channel="$old"),
    _probe("invalid_arguments", "conversations.info", "without-channel"),
    _probe("channel_not_found", "conversations.info", "nowhere", channel="C0"),
    _probe("ok", "conversations.members", "all", channel="$inc"),
    _probe("invalid_limit", "conversations.members", "bad-limit", channel="$inc", limit="many"),
    _probe("ok", "conversations.list", "all"),
    _probe("invalid_types", "conversations.list", "bad-types", types="rooms"),
    _probe("invalid_cursor", "conversations.list", "bad-cursor", cursor="§"),
    _probe("not_in_channel", "conversations.history", "outside", channel="$general"),
    _probe("invalid_ts_oldest", "conversations.history", "bad-ts", channel="$inc", oldest="then"),
    _probe("ok", "conversations.replies", "of-a-message", channel="$inc", ts="$posted"),
    _probe("thread_not_found", "conversations.replies", "of-nothing", channel="$inc", ts="1.0"),
    _probe("ok", "chat.postMessage", "text", channel="$inc", text="hello"),
    _probe("ok", "chat.postMessage", "by-name", channel="#inc-1", text="hello"),
    _probe("ok", "chat.postMessage", "public-not-joined", channel="$general", text="hello"),
    _probe("no_text", "chat.postMessage", "empty", channel="$inc"),
    _probe("channel_not_found", "chat.postMessage", "nowhere", channel="C0", text="x"),
    _probe("is_archived", "chat.postMessage", "too-late", channel="$old", text="x"),
    _probe("invalid_blocks", "chat.postMessage", "long", channel="$inc", blocks=_section(LONG)),
    _probe("invalid_blocks_format", "chat.postMessage", "no-json", channel="$inc", blocks="["),
    _probe(
        "msg_blocks_too_long",
        "chat.postMessage",
        "all-together",
        channel="$inc",
        blocks=_section("x" * 3000) * 5,
    ),
    _probe(
        "invalid_metadata_format",
        "chat.postMessage",
        "no-payload",
        channel="$inc",
        text="x",
        metadata={"event_type": "t"},
    ),
    _probe(
        "metadata_too_large",
        "chat.postMessage",
        "big-payload",
        channel="$inc",
        text="x",
        metadata={"event_type": "t", "event_payload": {"k": "x" * 9000}},
    ),
    _probe(
        "cannot_reply_to_message",
        "chat.postMessage",
        "to-nothing",
        channel="$inc",
        text="x",
        thread_ts="1.0",
    ),
    _probe(
        "markdown_text_conflict",
        "chat.postMessage",
        "both",
        channel="$inc",
        text="x",
        markdown_text="x",
    ),
    _probe("ok", "chat.update", "ours", channel="$inc", ts="$posted", text="new"),
    _probe("msg_too_long", "chat.update", "4001", channel="$inc", ts="$posted", text="x" * 4001),
    _probe("message_not_found", "chat.update", "nothing", channel="$inc", ts="1.0", text="x"),
    _probe("cant_update_message", "chat.update", "alices", channel="$inc", ts="$said", text="x"),
    _probe("is_inactive", "chat.update", "archived", channel="$old", ts="$last", text="x"),
    _probe("ok", "chat.delete", "ours", channel="$inc", ts="$posted"),
    _probe("cant_delete_message", "chat.delete", "alices", channel="$inc", ts="$said"),
    _probe("ok", "chat.postEphemeral", "alice", channel="$inc", user="$alice", text="psst"),
    _probe(
        "user_not_in_channel", "chat.postEphemeral", "bob", channel="$inc", user="$bob", text="x"
    ),
    _probe("ok", "chat.getPermalink", "ours", channel="$inc", message_ts="$posted"),
    _probe("message_not_found", "chat.getPermalink", "gone", channel="$inc", message_ts="1.0"),
    _probe("ok", "pins.add", "ours", channel="$inc", timestamp="$posted"),
    _probe("already_pinned", "pins.add", "twice", channel="$inc", timestamp="$pinned"),
    _probe("no_item_specified", "pins.add", "nothing", channel="$inc"),
    _probe("bad_timestamp", "pins.add", "no-ts", channel="$inc", timestamp="then"),
    _probe("ok", "pins.list", "all", channel="$inc"),
    _probe("ok", "reactions.add", "eyes", channel="$inc", timestamp="$posted", name="eyes"),
    _probe(
        "invalid_name", "reactions.add", "spaces", channel="$inc", timestamp="$posted", name="a b"
    ),
    _probe(
        "ok",
        "bookmarks.add",
        "link",
        channel_id="$inc",
        title="page",
        type="link",
        link="https://example.com",
    ),
    _probe(
        "invalid_link",
        "bookmarks.add",
        "ftp",
        channel_id="$inc",
        title="page",
        type="link",
        link="ftp://example.com",
    ),
    _probe("ok", "bookmarks.list", "all", channel_id="$inc"),
    _probe("ok", "users.info", "alice", user="$alice"),
    _probe("user_not_found", "users.info", "nobody", user="U0"),
    _probe("ok", "usergroups.users.list", "on-call", usergroup="$oncall-sre"),
    _probe("no_such_subteam", "usergroups.users.list", "nobody", usergroup="S0"),
    _probe("invalid_trigger_id", "views.open", "no-trigger", trigger_id="1.2.3", view=_modal()),
    _probe("invalid_arguments", "views.open", "home-as-modal", trigger_id="1.2.3", view=HOME),
    _probe("not_found", "views.update", "nothing", view_id="V0", view=_modal()),
    _probe("ok", "views.publish", "home", user_id="$alice", view=HOME),
    _probe("ok", "blocks.validate", "good", blocks=_section("x")),
    _probe("invalid_blocks", "blocks.validate", "empty-text", blocks=_section("")),
    _probe("invalid_view", "blocks.validate", "no-title", view={"type": "modal", "blocks": []}),
]


@pytest.fixture
def names(slack) -> dict[str, str]:
    """Begin again: one open incident channel, one archived, two messages."""
    client = slack.client()
    people = {user.name: user.id for user in slack.workspace.people.values()}
    groups = {group.handle: group.id for group in slack.workspace.groups.values()}
    old = client.conversations_create(name="inc-0")["channel"]["id"]
    last = client.chat_postMessage(channel=old, text="bye")["ts"]
    client.conversations_archive(channel=old)
    inc = client.conversations_create(name="inc-1")["channel"]["id"]
    client.conversations_invite(channel=inc, users=people["alice"])
    said = interactions.say(slack.workspace, user="alice", channel=inc, text="hm").ts
    posted = client.chat_postMessage(channel=inc, text="one")["ts"]
    pinned = client.chat_postMessage(channel=inc, text="two")["ts"]
    client.pins_add(channel=inc, timestamp=pinned)
    general = slack.workspace.channel("#general").id
    places = {"old": old, "inc": inc, "general": general}
    stamps = {"last": last, "said": said, "posted": posted, "pinned": pinned}
    return people | groups | places | stamps


@pytest.mark.parametrize("probe", PROBES)
def test_each_call_gets_the_answer_that_slack_documents(probe, names, slack) -> None:
    """A stand-in that is kinder than Slack would let a bot through that fails in production."""
    arguments = {name: _filled(value, names) for name, value in probe.arguments.items()}

    try:
        answer = slack.client().api_call(probe.method, **_encoded(arguments)).data
    except SlackApiError as error:
        answer = error.response.data

    assert (answer["ok"], answer.get("error", "ok")) == (probe.expected == "ok", probe.expected)


def _filled(value: object, names: dict[str, str]) -> object:
    if not isinstance(value, str):
        return value
    return ",".join(names[w[1:]] if w.startswith("$") else w for w in value.split(","))


def _encoded(arguments: dict[str, object]) -> dict[str, object]:
    """Send structures as JSON and everything else as a form, as the SDK's own methods do."""
    json_needed = any(isinstance(value, dict | list) for value in arguments.values())
    return {"json": arguments} if json_needed else {"params": arguments}
