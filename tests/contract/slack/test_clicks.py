"""From a person's finger to the card: sockets, inbox, decisions and answers together."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from bot.chat import replies
from bot.chat.slack.socket import SlackSockets
from drills.slack import interactions
from drills.slack.deliveries import State
from drills.slack.faults import Fault, FaultKind
from incidents.approval import ApprovalState
from incidents.incident import Status
from tests import builders
from tests.builders import APPROVAL

CARD = "incident-1/approval-1-1-1"
FROZEN = replies.frozen("all")


@pytest.fixture
def asked(desk, until) -> Iterator:
    """Return a desk that asks for a click, and hears."""
    desk.story.check().ask()
    desk.turn()
    story, workspace = desk.story, desk.slack.workspace
    sockets = SlackSockets(
        bot_token=workspace.bot_token,
        app_token=workspace.app_token,
        base_url=desk.slack.api,
        inbox=story.store.inbox,
        answer=story.chat.answer,
        connections=1,
    )
    sockets.start()
    try:
        until(lambda: sockets.connected)
        yield desk
    finally:
        sockets.stop()


def press(desk, user, action="approve", *, stale=False):
    """Press a button of the card."""
    card = desk.message(CARD)
    return interactions.press(
        desk.slack.workspace,
        user=user,
        channel=card.channel,
        ts=card.ts,
        action_id=action,
        stale=stale,
    )


def type_(desk, user, text, channel=None):
    """Type a command in the incident's channel."""
    return interactions.command(
        desk.slack.workspace,
        user=user,
        channel=channel or desk.channel.id,
        command="/incident",
        text=text,
    )


def heard(desk, until, *envelopes) -> None:
    """Wait until Slack has its acknowledgements, and let the desk take what was kept."""
    deliveries = desk.slack.workspace.deliveries
    for one in envelopes:
        until(lambda one=one: deliveries.get(one.id).state is State.ACKNOWLEDGED)
    desk.story.chat.take(desk.story.store.inbox.pending())
    desk.turn()


def later(desk) -> None:
    """Let a minute of real time pass, and the desk do what it has put off."""
    desk.clock_ahead += timedelta(minutes=1)
    desk.turn()


def whispers(desk, channel=None) -> list[tuple[str, str]]:
    """Return what single people were told by us in a channel, by name."""
    workspace = desk.slack.workspace
    board = workspace.boards[channel or desk.channel.id]
    said = [one for one in board.ephemeral.values() if one.author == workspace.bot.id]
    return [(workspace.people[one.seen_by].name, one.text) for one in said]


@pytest.fixture
def late(slack) -> Iterator[Callable[[], None]]:
    """Return what makes it 31 minutes later for Slack."""
    workspace = slack.workspace
    now = workspace.now

    def pass_by() -> None:
        workspace.now = lambda: now() + timedelta(minutes=31)

    yield pass_by
    workspace.now = now


def test_a_click_approves_and_the_buttons_go(asked, until) -> None:
    """The card follows the journal, and says who and when."""
    heard(asked, until, press(asked, "alice"))

    assert asked.story.desk.approval(APPROVAL).decided_by == "ann"
    assert "actions" not in [one["type"] for one in asked.message(CARD).blocks]
    assert "approved by Alice" in str(asked.message(CARD).blocks)
    assert whispers(asked) == []


def test_two_clicks_at_once_are_one_approval(asked, until) -> None:
    """The second person is told who was first."""
    heard(asked, until, press(asked, "alice"), press(asked, "bob"))

    assert asked.story.desk.approval(APPROVAL).votes == ()
    first = asked.story.desk.approval(APPROVAL).decided_by
    names = {"ann": "Alice", "ben": "Bob"}
    second = {"ann": "bob", "ben": "alice"}[first]
    assert whispers(asked) == [(second, f"Too late: approved by {names[first]}.")]


def test_somebody_who_may_not_decide_is_told_so(asked, until) -> None:
    """Seeing a button is not authority."""
    workspace = asked.slack.workspace
    members = (*asked.channel.members, workspace.person("carol").id)
    workspace.change_channel(replace(asked.channel, members=members))

    heard(asked, until, press(asked, "carol"))

    assert asked.story.desk.approval(APPROVAL).state is ApprovalState.REQUESTED
    assert whispers(asked) == [("carol", "You may not decide this: Alice, Bob may.")]


def test_whoever_is_not_in_the_channel_is_told_too(asked, until) -> None:
    """A card can be pressed by anybody who has found the channel: silence looks like success."""
    heard(asked, until, press(asked, "carol"))

    assert asked.story.desk.approval(APPROVAL).state is ApprovalState.REQUESTED
    assert whispers(asked) == [("carol", "You may not decide this: Alice, Bob may.")]
    assert asked.slack.calls("chat.postEphemeral") == []


@pytest.mark.parametrize(
    "private", [pytest.param(False, id="public"), pytest.param(True, id="private")]
)
def test_a_command_is_answered_where_the_bot_is_no_member(asked, until, private) -> None:
    """People type where they are; a freeze that looks as if nothing happened is typed again."""
    workspace = asked.slack.workspace
    room = workspace.create_channel("elsewhere", creator=workspace.person("bob"), private=private)

    heard(asked, until, type_(asked, "bob", "freeze a release", room.id))
    heard(asked, until, type_(asked, "bob", "ack", room.id))

    assert whispers(asked, room.id) == [("bob", FROZEN), ("bob", replies.NO_INCIDENT)]


def test_an_address_that_has_expired_leaves_the_way_through_the_channel(asked, until, late) -> None:
    """After a long outage the answer still reaches the members of a channel that we are in."""
    envelope = type_(asked, "alice", "ack")
    late()
    heard(asked, until, envelope)

    assert whispers(asked) == [("alice", "INC-1 is yours.")]
    assert asked.slack.calls("response_url") == [False]
    assert asked.slack.calls("chat.postEphemeral") == [True]


def test_an_answer_that_reaches_nobody_is_said_in_the_log(asked, until, late) -> None:
    """Too late, and in a channel that we are not in: there is no third way, and no failure."""
    general = asked.slack.workspace.channel("#general").id
    envelope = type_(asked, "alice", "freeze", general)
    late()
    with structlog.testing.capture_logs() as lines:
        heard(asked, until, envelope)

    assert whispers(asked, general) == []
    assert asked.story.store.outbox.dead() == []
    (line,) = [one for one in lines if one["event"] == "a person was not answered"]
    assert (line["log_level"], line["because"]) == ("warning", "not_in_channel")


@pytest.mark.parametrize(
    ("kind", "times_shown"),
    [
        pytest.param(FaultKind.CLOSED_BEFORE, 0, id="lost-on-the-way-there"),
        pytest.param(FaultKind.CLOSED_AFTER, 1, id="the-answer-of-slack-is-lost"),
        pytest.param(FaultKind.SERVER_ERROR_AFTER, 1, id="an-error-after-it-was-shown"),
    ],
)
def test_an_answer_is_said_at_most_once(asked, until, kind, times_shown) -> None:
    """It leaves no trace that could be looked for, on either way."""
    asked.slack.plan(Fault(method="response_url", kind=kind))

    heard(asked, until, type_(asked, "alice", "ack"))
    later(asked)

    assert whispers(asked) == [("alice", "INC-1 is yours.")] * times_shown
    assert len(asked.slack.calls("response_url")) == 1
    assert asked.slack.calls("chat.postEphemeral") == []


def test_an_answer_waits_for_a_limit_and_is_said_once(asked, until) -> None:
    """What was certainly not shown is said later."""
    fault = Fault(method="response_url", kind=FaultKind.RATE_LIMITED, seconds=5)
    asked.slack.plan(fault)

    heard(asked, until, type_(asked, "alice", "ack"))
    assert whispers(asked) == []
    later(asked)

    assert whispers(asked) == [("alice", "INC-1 is yours.")]


def test_the_address_of_an_answer_is_in_no_log(asked, until) -> None:
    """Whoever reads it could speak to that person in our name."""
    with structlog.testing.capture_logs() as lines:
        envelope = press(asked, "carol")
        heard(asked, until, envelope)

    secret = str(envelope.payload["response_url"]).rpartition("/")[2]
    assert whispers(asked) != []
    assert secret not in str(lines)


def test_an_envelope_that_names_another_place_makes_us_ask_nobody_there(asked) -> None:
    """It is answered in the channel, and the place inside our network stays alone."""
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.setblocking(False)
        user = asked.slack.workspace.person("alice").id
        address = f"http://127.0.0.1:{inside.getsockname()[1]}/response/x"
        typed = {"text": "ack", "user_id": user, "channel_id": asked.channel.id}
        payload = typed | {"response_url": address}
        body = json.dumps({"type": "slash_commands", "envelope": "e", "payload": payload})
        asked.story.store.inbox.submit(source="slack:socket", body=body.encode()).result()

        asked.story.chat.take(asked.story.store.inbox.pending())
        asked.turn()

        with pytest.raises(BlockingIOError):
            inside.accept()
    assert whispers(asked) == [("alice", "INC-1 is yours.")]


def test_a_click_on_a_card_that_was_replaced_decides_nothing(asked, until) -> None:
    """A screen that has not caught up shows the old buttons."""
    asked.story.approve("ben")
    asked.turn()

    heard(asked, until, press(asked, "alice", stale=True))

    assert asked.story.desk.approval(APPROVAL).decided_by == "ben"
    assert whispers(asked) == [("alice", "Too late: approved by Bob.")]


def test_commands_have_their_effects_in_the_channel(asked, until) -> None:
    """Taken, frozen, thawed and resolved without leaving Slack."""
    heard(asked, until, type_(asked, "alice", "ack"), type_(asked, "bob", "freeze a release"))
    assert "Alice" in str(asked.message("incident-1/headline").blocks)
    assert "says Bob: a release" in str(asked.message("incident-1/headline").blocks)

    heard(asked, until, type_(asked, "bob", "thaw"))
    heard(asked, until, type_(asked, "alice", "resolve it was a &amp; b test --false-positive"))

    incident = asked.story.desk.incident(1)
    assert (incident.status, incident.false_positive) == (Status.RESOLVED, True)
    assert len(whispers(asked)) == 4


def test_help_and_status_are_answered_in_any_channel(asked, until) -> None:
    """The answer comes with the acknowledgement, so the bot need not be there."""
    general = asked.slack.workspace.channel("#general").id
    heard(asked, until, type_(asked, "alice", "help", general))
    heard(asked, until, type_(asked, "alice", "status", general))

    board = asked.slack.workspace.boards[general]
    texts = [one.text for one in board.ephemeral.values()]
    assert texts[0].startswith("/incident status: how it stands")
    assert texts[1].startswith("P2 INC-1 Investigating")


def test_a_status_with_hostile_words_pings_nobody(asked, until) -> None:
    """The title of an alert is foreign text wherever it is shown."""
    worse = builders.judgement("Worse", title="<!here> *x*", because="<!channel>")
    asked.story.desk.tell("incident-1", builders.report(worse))

    heard(asked, until, type_(asked, "alice", "status"))

    (shown,) = asked.board.ephemeral.values()
    assert shown.pings == ()


def test_a_click_that_was_kept_survives_the_process(asked, until) -> None:
    """It was acknowledged, so it counts, whoever takes it."""
    envelope = press(asked, "alice")
    deliveries = asked.slack.workspace.deliveries
    until(lambda: deliveries.get(envelope.id).state is State.ACKNOWLEDGED)

    asked.restart()
    heard(asked, until)

    assert asked.story.desk.approval(APPROVAL).decided_by == "ann"
