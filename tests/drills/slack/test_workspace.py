"""The workspace as an object: names, times, pings, people."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.slack import ids
from drills.slack.arguments import Arguments
from drills.slack.dispatch import call
from drills.slack.errors import Impossible, Refused
from drills.slack.messages import pings
from drills.slack.tickets import Tickets
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
    """Return a workspace on the standing clock."""
    return Workspace(now=clock)


def _create(workspace: Workspace, name: str) -> dict[str, object]:
    arguments = Arguments(values={"name": name})
    return call(workspace, "conversations.create", arguments, token=workspace.bot_token).body


def test_channels_of_announcements_are_there_and_the_bot_is_in_them(clock) -> None:
    """A rehearsal shows what a team sees that has made them, also when it begins again."""
    workspace = Workspace(now=clock, announced_in=["incidents-high"])
    workspace.reset()

    found = workspace.channel("#incidents-high")

    assert (workspace.bot.id in found.members, found.private) == (True, False)
    assert workspace.person("carol").id in found.members


def test_a_name_is_taken_once(workspace) -> None:
    """Two incidents must not share a channel."""
    _create(workspace, "inc-1")

    assert _create(workspace, "inc-1")["error"] == "name_taken"


def test_two_calls_at_once_can_both_get_the_name(workspace, clock) -> None:
    """Slack has made two channels of one name; only a later call was refused."""
    workspace.create_race = timedelta(seconds=1)

    answers = [_create(workspace, "inc-1")["ok"], _create(workspace, "inc-1")["ok"]]
    clock.moment += timedelta(seconds=2)

    assert answers == [True, True]
    assert _create(workspace, "inc-1")["error"] == "name_taken"


@given(st.lists(st.integers(min_value=-2_000_000, max_value=2_000_000), max_size=40))
def test_times_of_a_channel_only_grow(steps) -> None:
    """Slack's `ts` names a message: two messages never share one, even if the clock jumps."""
    moment, last, made = NOW, None, []
    for step in steps:
        moment += timedelta(microseconds=step)
        last = ids.stamp(moment, after=last)
        made.append(last)

    assert made == sorted(made, key=ids.in_micros)
    assert len(set(made)) == len(made)
    assert all(len(ts.partition(".")[2]) == 6 for ts in made)


def test_ids_have_the_shape_of_slacks(workspace) -> None:
    """Code that tells a channel from a person by its first letter must work here too."""
    created = _create(workspace, "inc-1")["channel"]
    assert isinstance(created, dict)

    assert created["id"].startswith("C")
    assert {user.id[0] for user in workspace.people.values()} == {"U"}
    assert {len(user.id) for user in workspace.people.values()} == {11}


BLOCK = [
    pytest.param("@here is up", False, ("!here",), id="bare-here-in-a-block"),
    pytest.param("@here is up", True, (), id="bare-here-verbatim"),
    pytest.param("<!channel> is up", True, ("!channel",), id="channel-even-verbatim"),
    pytest.param("<@U07A0000001|alice>", False, ("@U07A0000001",), id="person"),
    pytest.param("&lt;!here&gt;", True, (), id="escaped"),
    pytest.param("mail me@here.example", False, (), id="address"),
]


@pytest.mark.parametrize(("text", "verbatim", "called"), BLOCK)
def test_a_block_calls_whom_slack_would_call(text, verbatim, called) -> None:
    """Alert text that pings a company at night is found here, not in production."""
    block = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": verbatim}}

    assert pings("", (block,)) == called


def test_rich_text_calls_by_its_elements() -> None:
    """A call need not be written in words: the checker must see these too."""
    words = [
        {"type": "text", "text": "@here is only text"},
        {"type": "broadcast", "range": "channel"},
        {"type": "user", "user_id": "U1"},
        {"type": "usergroup", "usergroup_id": "S1"},
    ]
    section = {"type": "rich_text_section", "elements": words}

    called = pings("", ({"type": "rich_text", "elements": [section]},))

    assert called == ("!channel", "@U1", "!subteam^S1")


def test_a_trigger_works_once_and_for_three_seconds() -> None:
    """A modal must be opened before anything slow is looked up."""
    tickets = Tickets()
    used, old = tickets.issue_trigger("U1", NOW), tickets.issue_trigger("U1", NOW)
    tickets.exchange(used, NOW + timedelta(seconds=3))

    with pytest.raises(Refused, match="exchanged_trigger_id"):
        tickets.exchange(used, NOW)
    with pytest.raises(Refused, match="expired_trigger_id"):
        tickets.exchange(old, NOW + timedelta(seconds=3.001))


def test_nobody_acts_as_somebody_who_is_not_there(workspace) -> None:
    """A misspelt name in a script must fail."""
    with pytest.raises(Impossible, match="there is no user 'mallory'"):
        workspace.person("mallory")


def test_the_onlooker_is_not_on_call(workspace) -> None:
    """Carol is there so that a drill can try an approval that must be refused."""
    group = next(iter(workspace.groups.values()))

    on_call = {workspace.people[user].name for user in group.users}
    assert on_call == {"alice", "bob"}


def test_a_listener_hears_of_every_envelope_until_it_stops(workspace) -> None:
    """The hub sleeps between envelopes: one that nobody announced would wait for the next."""
    heard = []

    def wake() -> None:
        heard.append(1)

    workspace.on_envelope(wake)
    workspace.tell({"type": "test"})
    workspace.off_envelope(wake)
    workspace.tell({"type": "test"})

    assert heard == [1]
