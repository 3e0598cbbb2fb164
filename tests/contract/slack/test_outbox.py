"""The whole voice against the stand-in: real client, real bytes, and everything once."""

from datetime import timedelta

import pytest
import structlog

from bot.chat.replies import said
from bot.chat.wanted import reply
from drills.slack.faults import Fault, FaultKind
from incidents.policy import Severity
from tests import builders
from tests.builders import INCIDENT

HEAD = "incident-1/headline"
CARD = "incident-1/approval-1-1-1"


def test_the_story_stands_in_the_channel_and_nobody_was_pinged(desk) -> None:
    """What Slack shows at the end is what the views said, and Slack took every message."""
    story = desk.story
    desk.turn()
    story.check().ask()
    desk.turn()
    story.approve("ben").apply().settle(5)
    desk.turn()
    story.settle(6).verify()
    desk.turn()

    assert desk.keys == [
        HEAD,
        "incident-1/run-1-1",
        CARD,
        "incident-1/run-1-1/2",
        "incident-1/run-1-1/5",
        "incident-1/run-1-1/scale-decode/ready",
        "incident-1/run-1-1/8",
    ]
    parent = desk.message("incident-1/run-1-1").ts
    threaded = [one.thread_ts for one in desk.board.messages.values() if one.thread_ts]
    assert threaded == [parent] * 4
    assert _pinged(desk) == []
    assert list(desk.board.pins) == [desk.message(HEAD).ts]
    assert desk.channel.topic == "P2 Mitigated: VLLMPreemptionsHigh of llama-3-70b"
    assert {"alice", "bob"} <= _names(desk)


def test_the_card_has_its_buttons_until_it_is_decided(desk) -> None:
    """Whoever decides, and wherever, the card follows the journal."""
    desk.story.check().ask()
    desk.turn()
    assert "actions" in _types(desk.message(CARD))

    desk.story.approve("ann")
    desk.turn()

    assert "actions" not in _types(desk.message(CARD))
    assert desk.message(CARD).text.startswith("Approved:")


@pytest.mark.parametrize("method", ["conversations.create", "chat.postMessage"])
@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.CLOSED_BEFORE,
        FaultKind.CLOSED_AFTER,
        FaultKind.SERVER_ERROR,
        FaultKind.SERVER_ERROR_AFTER,
        FaultKind.FATAL_ERROR_AFTER,
        FaultKind.RATE_LIMITED,
    ],
    ids=lambda kind: kind.value,
)
def test_one_channel_and_one_headline_whatever_became_of_the_answer(desk, method, kind) -> None:
    """Slack has no idempotency key: what may have arrived is read back before it is repeated."""
    # The first post is the announcement, in a channel that is not there.
    desk.slack.plan(Fault(method=method, kind=kind, skip=int(method == "chat.postMessage")))

    desk.turn()

    assert desk.slack.calls(method).count(True) == (1 if method == "conversations.create" else 2)
    assert sorted(desk.keys) == [HEAD, "incident-1/run-1-1"]
    assert desk.story.desk.incident(1).channel == desk.channel.id


@pytest.mark.parametrize(
    "kind", [FaultKind.HANG_BEFORE, FaultKind.HANG_AFTER], ids=lambda kind: kind.value
)
def test_a_call_that_hangs_ends_and_is_looked_for(desk, kind) -> None:
    """A sender that waits for ever says nothing to anybody."""
    desk.timeout = 1
    desk.restart()
    desk.slack.plan(Fault(method="chat.postMessage", kind=kind, skip=1))

    desk.turn()

    assert sorted(desk.keys) == [HEAD, "incident-1/run-1-1"]


def test_a_reply_whose_answer_was_lost_is_found_in_its_thread(desk) -> None:
    """Replies are not in the channel's history."""
    desk.turn()
    desk.slack.plan(Fault(method="chat.postMessage", kind=FaultKind.CLOSED_AFTER))
    desk.story.check()

    desk.turn()

    assert desk.keys.count("incident-1/run-1-1/2") == 1


@pytest.mark.parametrize(
    "method",
    ["pins.add", "conversations.setTopic", "conversations.invite", "chat.update"],
)
def test_what_may_be_repeated_is(desk, method) -> None:
    """These end the same however often they are called."""
    desk.slack.plan(Fault(method=method, kind=FaultKind.CLOSED_AFTER))

    desk.turn()
    desk.story.check().ask()
    desk.turn()

    assert len(desk.board.pins) == 1
    assert desk.story.store.outbox.dead() == []


def test_an_announcement_whose_answer_was_lost_is_found(desk) -> None:
    """It stands in a channel that is not ours alone."""
    _high(desk)
    desk.slack.plan(Fault(method="chat.postMessage", kind=FaultKind.CLOSED_AFTER, times=3))

    desk.turn()

    assert _announced(desk) == ["P2 INC-1 investigating: VLLMPreemptionsHigh of llama-3-70b"]


def test_an_announcement_is_edited_to_its_end(desk) -> None:
    """Who only watches that channel sees that it is over."""
    _high(desk)
    desk.turn()

    desk.story.resolve()
    desk.turn()

    assert _announced(desk) == ["P2 INC-1 resolved: VLLMPreemptionsHigh of llama-3-70b"]


def test_a_missing_severity_channel_is_said_and_counted(desk) -> None:
    """Whoever believes to be told there must not learn of it after the incident."""
    with structlog.testing.capture_logs() as lines:
        desk.turn()

    item = desk.story.store.outbox.get("incident-1/announcement/incidents-medium")
    assert item.remote == {"skipped": "channel_not_found"}
    assert desk.story.store.outbox.dead() == []
    assert set(desk.unannounced) == {"channel_not_found"}
    assert {
        "event": "nothing announced",
        "channel": "incidents-medium",
        "because": "channel_not_found",
        "log_level": "warning",
    } in lines


def test_a_severity_channel_that_comes_later_is_announced_in(desk) -> None:
    """The next change of the incident finds the channel that somebody has made meanwhile."""
    desk.turn()

    _high(desk)
    desk.story.resolve()
    desk.turn()

    assert _announced(desk) == ["P2 INC-1 resolved: VLLMPreemptionsHigh of llama-3-70b"]


def test_a_taken_name_gets_a_number(desk) -> None:
    """The name may be of an older workspace's incident, archived or not."""
    workspace = desk.slack.workspace
    name = "inc-1-vllmpreemptionshigh-of-llama-3-70b"
    taken = workspace.create_channel(name, creator=workspace.person("alice"))

    desk.turn()

    assert desk.story.desk.incident(1).channel_name == f"{name}-2"
    assert [one for one in workspace.boards[taken.id].messages.values() if one.metadata] == []


def test_a_workspace_that_forbids_channels_is_given_up_visibly(desk) -> None:
    """A person must look; the incident goes on without the channel."""
    refused = Fault(method="conversations.create", kind=FaultKind.REFUSED, code="restricted_action")
    desk.slack.plan(refused)

    desk.loop.once()

    (dead,) = desk.story.store.outbox.dead()
    assert (dead.key, dead.dead) == ("incident-1/channel", "Slack: restricted_action")


def test_a_revoked_token_waits_and_works_when_it_is_back(desk) -> None:
    """Somebody installs the app anew; nothing was lost meanwhile."""
    desk.slack.workspace.revoked = True
    desk.loop.once()
    assert desk.slack.calls("conversations.create").count(True) == 0
    assert desk.story.store.outbox.dead() == []

    desk.slack.workspace.revoked = False
    desk.clock_ahead += timedelta(minutes=1)
    desk.turn()

    assert HEAD in desk.keys


def test_a_missing_scope_is_named(desk) -> None:
    """Whoever looks at what was set aside knows what to ask for."""
    desk.slack.workspace.scopes -= {"pins:write"}

    desk.turn()

    (dead,) = desk.story.store.outbox.dead()
    assert (dead.key, dead.dead) == (
        "incident-1/pin",
        "Slack: missing_scope (needs the scope pins:write)",
    )


@pytest.mark.parametrize(
    "kind",
    [FaultKind.RATE_LIMITED, FaultKind.CLOSED_AFTER, FaultKind.FATAL_ERROR_AFTER],
    ids=lambda kind: kind.value,
)
def test_an_answer_to_one_person_is_shown_once(desk, kind) -> None:
    """A limit is waited for; what may have been shown is not shown again."""
    desk.turn()
    alice = desk.slack.workspace.person("alice").id
    row = reply("reply/1", channel=desk.channel.id, user=alice, message=said("hello"))
    desk.story.store.outbox.want("reply/1", 1, (row,))
    desk.slack.plan(Fault(method="chat.postEphemeral", kind=kind))

    for _ in range(6):
        desk.loop.once()
        desk.clock_ahead += timedelta(seconds=3)

    assert [one.text for one in desk.board.ephemeral.values()] == ["hello"]
    assert desk.story.store.outbox.get("reply/1").sent_digest == row.digest


def test_slack_away_for_a_while_is_caught_up_with(desk) -> None:
    """Only the newest of each message is said afterwards."""
    away = FaultKind.SERVER_ERROR
    desk.slack.plan(Fault(method="*", kind=away, times=5))
    desk.loop.once()
    desk.story.check().ask()
    for _ in range(4):
        desk.clock_ahead += timedelta(minutes=1)
        desk.loop.once()

    desk.turn()

    assert desk.keys[:2] == [HEAD, CARD]
    assert desk.slack.calls("chat.update") == []


def test_the_channel_is_archived_last(desk) -> None:
    """Before that, it says that it is over and where the postmortem is."""
    desk.turn()
    desk.story.resolve()
    desk.turn()
    desk.story.later(minutes=5)
    desk.turn()

    assert desk.channel.archived
    assert desk.story.desk.incident(1).archived
    assert desk.slack.calls("conversations.archive") == [True]
    assert "Resolved" in str(desk.message(HEAD).blocks)
    assert desk.message("incident-1/ending").text == "INC-1 is resolved: traffic is gone"


@pytest.mark.parametrize(
    "hostile",
    ["<!here> <@U0ANN> @channel", "```" * 2000, "\u202e\u200b&<>" * 3000, "🔥" * 5000],
)
def test_an_alert_that_wants_to_ping_or_to_break_cannot(desk, hostile) -> None:
    """Its words come from outside, and everybody may write an alert."""
    worse = builders.judgement("Worse", title=hostile, because=hostile, severity=Severity.P1)
    desk.story.desk.tell(INCIDENT, builders.report(worse))

    desk.turn()

    assert HEAD in desk.keys
    assert _pinged(desk) == []
    assert desk.story.store.outbox.dead() == []


def _pinged(desk) -> list[str]:
    """Return whom our messages call; Slack's own lines name who joined."""
    posted = desk.slack.workspace.posted()
    return [call for one in posted if one.subtype is None for call in one.pings]


def _high(desk) -> None:
    workspace = desk.slack.workspace
    workspace.create_channel("incidents-medium", creator=workspace.bot)


def _announced(desk) -> list[str]:
    workspace = desk.slack.workspace
    board = workspace.boards[workspace.channel("#incidents-medium").id]
    return [one.text for one in board.messages.values() if one.metadata]


def _types(message) -> list[str]:
    return [str(one["type"]) for one in message.blocks]


def _names(desk) -> set[str]:
    return {desk.slack.workspace.people[one].name for one in desk.channel.members}
