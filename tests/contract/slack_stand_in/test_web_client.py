from slack_sdk import WebClient

from drills.slack import interactions

HEADER = {"type": "header", "text": {"type": "plain_text", "text": "P2"}}


def test_a_channel_is_opened_posted_to_pinned_and_closed(client: WebClient) -> None:
    """A bot's whole day with a channel, through the client that it uses."""
    channel = client.conversations_create(name="inc-1-kv-cache")["channel"]["id"]
    alice = client.users_list()["members"][0]["id"]
    client.conversations_invite(channel=channel, users=[alice])
    client.conversations_setTopic(channel=channel, topic="P2 & rising")
    posted = client.chat_postMessage(
        channel=channel,
        text="P2: KV cache exhausted",
        blocks=[HEADER],
        metadata={"event_type": "triaged", "event_payload": {"key": "headline"}},
    )
    client.pins_add(channel=channel, timestamp=posted["ts"])
    client.chat_update(channel=channel, ts=posted["ts"], text="mitigated")

    newest = client.conversations_history(channel=channel, include_all_metadata=True)["messages"][0]
    assert newest["text"] == "mitigated"
    assert "blocks" not in newest
    assert newest["metadata"]["event_payload"] == {"key": "headline"}
    topic = client.conversations_info(channel=channel)["channel"]["topic"]["value"]
    assert topic == "P2 &amp; rising"
    client.conversations_archive(channel=channel)
    assert client.conversations_info(channel=channel)["channel"]["is_archived"]


def test_metadata_is_returned_only_when_asked_for(client: WebClient) -> None:
    """A read-back that forgets to ask would find no key and post a second time."""
    channel = client.conversations_create(name="inc-1")["channel"]["id"]
    metadata = {"event_type": "triaged", "event_payload": {"key": "k"}}
    client.chat_postMessage(channel=channel, text="one", metadata=metadata)

    silent = client.conversations_history(channel=channel)["messages"][0]
    told = client.conversations_history(channel=channel, include_all_metadata=True)["messages"][0]

    assert "metadata" not in silent
    assert told["metadata"] == metadata


def test_pages_of_a_long_list_join_without_gap_or_repeat(client: WebClient) -> None:
    """Whoever looks a channel up after an ambiguous answer must see every page."""
    names = {f"inc-{number}" for number in range(5)}
    for name in sorted(names):
        client.conversations_create(name=name)

    pages = client.conversations_list(limit=2)

    found = [channel["name"] for page in pages for channel in page["channels"]]
    assert sorted(found) == sorted(names | {"general", "incidents"})


def test_replies_stay_in_their_thread(client: WebClient) -> None:
    """The channel shows the headline and the step output stays below it."""
    channel = client.conversations_create(name="inc-1")["channel"]["id"]
    parent = client.chat_postMessage(channel=channel, text="headline")["ts"]
    reply = client.chat_postMessage(channel=channel, text="step", thread_ts=parent)["ts"]

    top = client.conversations_history(channel=channel)["messages"]
    thread = client.conversations_replies(channel=channel, ts=parent)["messages"]

    assert reply not in [message["ts"] for message in top]
    assert top[0]["reply_count"] == 1
    assert [message["ts"] for message in thread] == [parent, reply]


def test_ephemeral_words_are_not_in_the_history(client: WebClient, slack) -> None:
    """What only one person saw cannot be read back, so it is no proof of a post."""
    alice = slack.workspace.person("alice").id
    channel = client.conversations_create(name="inc-1")["channel"]["id"]
    client.conversations_invite(channel=channel, users=alice)
    client.chat_postEphemeral(channel=channel, user=alice, text="not for you")

    texts = [m["text"] for m in client.conversations_history(channel=channel)["messages"]]

    assert "not for you" not in texts


def test_what_people_write_arrives_escaped(client: WebClient, slack) -> None:
    """A person's text is foreign text: the bot reads it the way Slack hands it over."""
    interactions.say(slack.workspace, user="alice", channel="incidents", text="<b> & @bob")
    incidents = slack.workspace.channel("#incidents").id

    newest = client.conversations_history(channel=incidents)["messages"][0]

    bob = slack.workspace.person("bob").id
    assert newest["text"] == f"&lt;b&gt; &amp; <@{bob}>"
