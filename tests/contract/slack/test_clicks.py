"""From a person's finger to the card: sockets, inbox, decisions and answers together."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.chat.slack.socket import SlackSockets
from drills.slack import interactions
from drills.slack.deliveries import State
from incidents.approval import ApprovalState
from incidents.incident import Status
from tests import builders
from tests.builders import APPROVAL

CARD = "incident-1/approval-1-1-1"


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


def whispers(desk) -> list[tuple[str, str]]:
    """Return what single people were told, by name."""
    people = desk.slack.workspace.people
    return [(people[one.seen_by].name, one.text) for one in desk.board.ephemeral.values()]


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


def test_whoever_is_not_in_the_channel_cannot_be_answered_there(asked, until) -> None:
    """Slack shows such an answer to members alone; that must not look like a failure of ours."""
    heard(asked, until, press(asked, "carol"))

    assert asked.story.desk.approval(APPROVAL).state is ApprovalState.REQUESTED
    assert whispers(asked) == []
    assert asked.story.store.outbox.dead() == []


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
