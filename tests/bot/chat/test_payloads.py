"""Envelopes as they were kept, read."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.slack.payloads import Click, Garbled, Typed, read

CLICK = {
    "type": "block_actions",
    "user": {"id": "U1"},
    "channel": {"id": "C1"},
    "actions": [{"action_id": "approve", "value": "approval-1|abc"}],
}


def envelope(kind: str, payload: object) -> bytes:
    """Return a kept envelope."""
    return json.dumps({"type": kind, "envelope": "e", "payload": payload}).encode()


def test_a_click_is_read() -> None:
    """Who, where, and what the button said: nothing else of it is believed."""
    assert read(envelope("interactive", CLICK)) == Click(
        action="approve", value="approval-1|abc", user="U1", channel="C1"
    )


def test_what_is_typed_is_read_as_the_person_saw_it() -> None:
    """Slack escapes what is typed; a reason goes into the postmortem."""
    payload = {"text": " resolve  a &amp;lt; b \u202e", "user_id": "U1", "channel_id": "C1"}

    assert read(envelope("slash_commands", payload)) == Typed(
        text="resolve a &lt; b", user="U1", channel="C1"
    )


URL = "https://hooks.slack.com/commands/T1/2/secret"


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        pytest.param("interactive", CLICK, id="click"),
        pytest.param(
            "slash_commands", {"text": "ack", "user_id": "U1", "channel_id": "C1"}, id="command"
        ),
    ],
)
def test_where_the_answer_goes_is_read_and_not_shown(kind, payload) -> None:
    """It is the one way to somebody in a channel that we are not in, and a secret."""
    heard = read(envelope(kind, payload | {"response_url": URL}))

    assert heard.response_url == URL
    assert "secret" not in repr(heard)


@pytest.mark.parametrize(
    "url", [pytest.param(7, id="number"), pytest.param("x" * 601, id="long"), None]
)
def test_a_click_counts_without_a_place_for_its_answer(url) -> None:
    """The decision is what matters; the answer has another way."""
    assert read(envelope("interactive", CLICK | {"response_url": url})) == Click(
        action="approve", value="approval-1|abc", user="U1", channel="C1"
    )


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        pytest.param("events_api", {"event": {"type": "message"}}, id="event"),
        pytest.param("interactive", {"type": "view_closed"}, id="modal"),
        pytest.param(
            "interactive",
            CLICK | {"actions": [{"action_id": "menu", "selected_option": {}}]},
            id="a-menu",
        ),
        pytest.param("interactive", CLICK | {"actions": [1]}, id="no-object"),
    ],
)
def test_an_envelope_that_wants_nothing_of_us_is_nothing(kind, payload) -> None:
    """Slack tells more than we asked for."""
    assert read(envelope(kind, payload)) is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe", id="no-text"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"type": "interactive"}', id="no-payload"),
        pytest.param(envelope("hello", {}), id="unknown-type"),
        pytest.param(envelope("interactive", CLICK | {"actions": []}), id="no-action"),
        pytest.param(envelope("interactive", CLICK | {"user": None}), id="nobody"),
        pytest.param(envelope("interactive", CLICK | {"channel": {"id": 7}}), id="no-channel"),
        pytest.param(envelope("slash_commands", {"text": None}), id="no-words"),
    ],
)
def test_what_slack_would_not_send_is_garbled(body) -> None:
    """It is set aside, where somebody can look at it, and the next one is read."""
    with pytest.raises(Garbled):
        read(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "user", "channel", "actions", "id", "value", "action_id"]),
                inner,
                max_size=5,
            )
        ),
    ),
    st.sampled_from(["interactive", "slash_commands", "events_api", "x"]),
)
def test_nothing_but_garbled_is_ever_raised(payload, kind) -> None:
    """The loop must live whatever stands in the inbox."""
    with contextlib.suppress(Garbled):
        read(envelope(kind, payload))
