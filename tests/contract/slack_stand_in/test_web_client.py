from slack_sdk import WebClient


def test_a_channel_is_opened_posted_to_pinned_and_closed(client: WebClient) -> None:
    """This is the bot's whole day with a channel, through the client that it uses."""
    channel = client.conversations_create(name="inc-1-kv-cache")["channel"]["id"]
    alice = client.users_list()["members"][0]["id"]
    client.conversations_invite(channel=channel, users=[alice])
    client.conversations_setTopic(channel=channel, topic="P2 & rising")
    posted = client.chat_postMessage(
        channel=channel,
        text="P2: KV cache exhausted",
        blocks=[{"type": "header", "text": {"type": "plain_text", "text": "P2"}}],
        metadata={"event_type": "triaged", "event_payload": {"key": "headline"}},
    )
    client.pins_add(channel=channel, timestamp=posted["ts"])
    client.chat_update(channel=channel, ts=posted["ts"], text="mitigated")

    history = client.conversations_history(channel=channel, include_all_metadata=True)

    newest = history["messages"][0]
    assert newest["text"] == "mitigated"
    assert "blocks" not in newest
    assert newest["metadata"]["event_payload"] == {"key": "headline"}
    assert client.conversations_info(channel=channel)["channel"]["topic"]["value"] == (
        "P2 &amp; rising"
    )
    client.conversations_archive(channel=channel)
    assert client.conversations_info(channel=channel)["channel"]["is_archived"]
