"""What a person sees on the console, as values."""

from datetime import UTC, datetime, timedelta

import pytest

from drills.slack import interactions
from drills.slack.arguments import Arguments
from drills.slack.console.desk import Desk, desk
from drills.slack.dispatch import call
from drills.slack.workspace import Workspace

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands."""
    return Clock()


@pytest.fixture
def workspace(clock: Clock) -> Workspace:
    """Return a workspace on the standing clock, without pacing."""
    made = Workspace(now=clock)
    made.limits.pacing = False
    return made


def _do(workspace: Workspace, method: str, **arguments: object) -> dict[str, object]:
    body = call(workspace, method, Arguments(values=arguments), token=workspace.bot_token).body
    assert body["ok"], body
    return body


def _see(workspace: Workspace, person: str = "alice", channel: str = "", thread: str = "") -> Desk:
    return desk(workspace, person=person, channel=channel, thread=thread)


def test_the_newest_channel_is_followed_even_when_archived(workspace) -> None:
    """The reader of a demo sees the incident's channel open by itself, and stays to its end."""
    channel = _do(workspace, "conversations.create", name="inc-1")["channel"]
    assert isinstance(channel, dict)

    _do(workspace, "conversations.archive", channel=channel["id"])

    seen = _see(workspace)
    assert (seen.channel.name, seen.followed) == ("inc-1", True)
    assert [c.name for c in seen.channels] == ["incidents", "general", "inc-1"]


def test_a_private_channel_is_seen_by_its_members_only(workspace) -> None:
    """An onlooker must not read what was not shared."""
    _do(workspace, "conversations.create", name="secret", is_private=True)

    assert "secret" not in [channel.name for channel in _see(workspace, "carol").channels]


def test_replies_are_counted_and_shown_in_their_thread(workspace) -> None:
    """Step output stays out of the channel and is one click away."""
    parent = str(_do(workspace, "chat.postMessage", channel="#incidents", text="top")["ts"])
    for text in ("one", "two"):
        _do(workspace, "chat.postMessage", channel="#incidents", text=text, thread_ts=parent)

    seen = _see(workspace, channel="incidents", thread=parent)

    assert seen.rows[-1].replies == 2
    assert [row.message.text for row in seen.thread] == ["one", "two"]


def test_messages_of_one_author_stand_under_one_name_for_five_minutes(workspace, clock) -> None:
    """A calm page repeats no name, and does not hide that time has passed."""
    for minutes in (0, 4, 6):
        clock.moment = NOW + timedelta(minutes=minutes)
        interactions.say(workspace, user="alice", channel="incidents", text=str(minutes))
    clock.moment += timedelta(minutes=6)
    interactions.say(workspace, user="alice", channel="incidents", text="late")

    rows = _see(workspace, channel="incidents").rows[-4:]

    assert [(row.message.text, row.lead) for row in rows] == [
        ("0", True),
        ("4", False),
        ("6", False),
        ("late", True),
    ]


def test_a_modal_is_shown_to_whom_it_was_opened_for(workspace) -> None:
    """A question for alice must not be answered by bob."""
    trigger = workspace.tickets.issue_trigger(workspace.person("alice").id, NOW)
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Why?"},
        "blocks": [{"type": "divider"}],
    }

    opened = _do(workspace, "views.open", trigger_id=trigger, view=view)["view"]
    assert isinstance(opened, dict)

    mine, others = _see(workspace, "alice").modal, _see(workspace, "bob").modal
    assert mine is not None
    assert (mine.id, others) == (opened["id"], None)
