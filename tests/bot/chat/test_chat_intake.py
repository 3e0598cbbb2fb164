"""Clicks and commands become decisions, once, and people are told what they must know."""

import json

import pytest

from bot.chat import replies
from bot.chat.slack.blocks import payload
from incidents.approval import ApprovalState
from incidents.commands.approval import ExpireApproval, RequestApproval
from incidents.commands.desk import Freeze
from incidents.commands.incident import NoteChannel, Resolve
from incidents.errors import Unavailable
from incidents.incident import Status
from tests import builders
from tests.bot.chat.stories import Story
from tests.builders import APPROVAL, DIGEST, INCIDENT, later

HERE, ELSEWHERE = "C0HERE", "C0ELSE"
ANN, BEN, CAY, DAN = "U0ANN", "U0BEN", "U0CAY", "U0DAN"


@pytest.fixture
def story() -> Story:
    """Return a story with a channel, whose change waits for a click."""
    made = Story().open().check().ask()
    channel = NoteChannel(platform="slack", channel=HERE, name="inc-1")
    made.desk.tell(INCIDENT, channel)
    return made


def press(story: Story, user: str, action: str = "approve", digest: str = DIGEST, **more) -> None:
    """Press a button of the card, and let the desk take it."""
    keep_press(story, user, action, digest, **more)
    take(story)


def keep_press(story, user, action="approve", digest=DIGEST, *, approval=APPROVAL) -> None:
    """Keep the envelope of a click."""
    payload = {
        "type": "block_actions",
        "user": {"id": user},
        "channel": {"id": HERE},
        "actions": [{"action_id": action, "value": f"{approval}|{digest}"}],
    }
    keep(story, "interactive", payload)


def type_(story: Story, user: str, text: str, channel: str = HERE) -> None:
    """Type a command, and let the desk take it."""
    keep(story, "slash_commands", {"text": text, "user_id": user, "channel_id": channel})
    take(story)


def keep(story: Story, kind: str, payload: object) -> None:
    """Keep an envelope as the socket does."""
    body = json.dumps({"type": kind, "envelope": "e", "payload": payload}).encode()
    story.store.inbox.submit(source="slack:socket", body=body).result()


def open_another(story: Story, number: int) -> None:
    """Open an incident beside the story's."""
    other = builders.judgement(f"Alert{number}")
    story.desk.tell(f"incident-{number}", builders.report(other, number=number, key=f"k{number}"))


def take(story: Story) -> None:
    """Let the desk take what is pending; everything must be done afterwards."""
    story.chat.take(story.store.inbox.pending())
    assert story.store.inbox.pending() == []


def told(story: Story) -> list[tuple[str, str]]:
    """Return who is told what, in order."""
    found = []
    for number in range(1, 20):
        item = story.store.outbox.get(f"reply/{number}")
        if item is not None:
            body = json.loads(item.body)
            found.append((body["user"], body["message"]["text"]))
    return found


def state(story: Story) -> ApprovalState:
    """Return where the approval stands."""
    return story.desk.approval(APPROVAL).state


def test_an_approver_approves(story) -> None:
    """The card says it to everybody, so nobody is told apart."""
    press(story, ANN)

    approval = story.desk.approval(APPROVAL)
    assert (approval.state, approval.decided_by) == (ApprovalState.GRANTED, "ann")
    assert told(story) == []


def test_an_approver_rejects(story) -> None:
    """No is an answer too, and says where it came from."""
    press(story, BEN, "reject")

    approval = story.desk.approval(APPROVAL)
    assert (approval.state, approval.because) == (ApprovalState.REFUSED, "rejected in Slack")


def test_of_two_clicks_at_once_one_counts_and_the_second_person_is_told_who_was_first(
    story,
) -> None:
    """Two people who both press must both know what happened."""
    keep_press(story, ANN)
    keep_press(story, BEN, "reject")
    take(story)

    assert story.desk.approval(APPROVAL).decided_by == "ann"
    assert told(story) == [(BEN, "Too late: approved by Ann Ode.")]


@pytest.mark.parametrize(
    ("user", "said"),
    [
        pytest.param(CAY, "You may not decide this: Ann Ode, Ben Iso may.", id="not-an-approver"),
        pytest.param(DAN, "You may not decide this: Ann Ode, Ben Iso may.", id="a-stranger"),
    ],
)
def test_who_may_not_decide_is_told_and_nothing_happens(story, user, said) -> None:
    """Anyone in the channel can press; seeing a button is not authority."""
    press(story, user)

    assert state(story) is ApprovalState.REQUESTED
    assert told(story) == [(user, said)]
    (denied,) = story.desk.approval(APPROVAL).denied
    assert denied in {"cay", "slack:U0DAN"}


def test_who_may_not_decide_is_told_again(story) -> None:
    """The second click is as much in vain as the first, and says so."""
    press(story, CAY)
    press(story, CAY)

    assert [user for user, _ in told(story)] == [CAY, CAY]


def test_whoever_asked_needs_somebody_else_where_the_policy_says_so() -> None:
    """One pair of eyes is not four."""
    story = Story(policy=builders.policy(requester_may_approve=False)).open()
    asked = builders.requested(requested_by="ann", requester_may_approve=False)
    story.desk.tell(APPROVAL, RequestApproval(requested=asked))

    press(story, ANN)

    assert told(story) == [(ANN, replies.OWN_REQUEST)]


def test_whoever_edited_is_told_that_it_was_the_edit() -> None:
    """Who never asked for it would not know what is meant."""
    story = Story(policy=builders.policy(requester_may_approve=False)).open()
    asked = builders.requested(editors=("ann", "ben"), requester_may_approve=False)
    story.desk.tell(APPROVAL, RequestApproval(requested=asked))

    press(story, ANN)

    assert told(story) == [(ANN, "You edited it, so somebody else must approve it.")]


def test_a_stale_card_decides_nothing(story) -> None:
    """The person saw another plan."""
    press(story, ANN, digest="an older one")

    assert state(story) is ApprovalState.REQUESTED
    assert told(story) == [
        (ANN, f"{APPROVAL} is for another plan: the card you see is out of date")
    ]


def test_a_click_after_the_expiry_decides_nothing(story) -> None:
    """What nobody decided in time is planned again."""
    story.now = later(10)
    press(story, ANN)
    story.desk.tell(APPROVAL, ExpireApproval())
    press(story, ANN)

    assert told(story) == [
        (ANN, f"{APPROVAL} has expired"),
        (ANN, "Too late: expired; nothing was changed with it."),
    ]


def test_a_second_needed_person_completes_it() -> None:
    """Half a decision is none, and one person is not two."""
    story = Story(policy=builders.policy(approvals_needed=2)).open().check().ask()

    press(story, ANN)
    press(story, ANN)
    assert state(story) is ApprovalState.REQUESTED
    press(story, BEN)

    assert state(story) is ApprovalState.GRANTED
    assert told(story) == [(ANN, replies.VOTED)]


@pytest.mark.parametrize(
    ("action", "approval"),
    [
        pytest.param("scale", APPROVAL, id="unknown-action"),
        pytest.param("approve", "incident-1", id="not-an-approval"),
    ],
)
def test_a_button_of_another_release_is_answered(story, action, approval) -> None:
    """It must neither crash the loop nor leave the person waiting."""
    press(story, ANN, action, approval=approval)

    assert told(story) == [(ANN, replies.OLD_BUTTON)]


def test_a_click_for_an_approval_that_never_was_is_answered(story) -> None:
    """A forged value decides nothing."""
    press(story, ANN, approval="approval-9-9-9")

    assert told(story) == [(ANN, "there is no approval-9-9-9")]


def test_a_person_takes_the_incident(story) -> None:
    """The channel implies which incident is meant."""
    type_(story, CAY, "ack")

    assert story.desk.incident(1).acknowledged_by == "cay"
    assert told(story) == [(CAY, "INC-1 is yours.")]


def test_a_channel_is_known_behind_a_storm_of_newer_incidents(story) -> None:
    """The oldest open incident is the one that people have worked on longest."""
    for number in range(2, 203):
        open_another(story, number)

    type_(story, CAY, "ack")

    assert told(story) == [(CAY, "INC-1 is yours.")]


def test_a_channel_that_comes_later_is_known_too(story) -> None:
    """What was looked at without a channel is looked at again once it has grown."""
    open_another(story, 2)
    assert "INC-2" in (story.chat.answer("status", DAN, ELSEWHERE) or "")

    story.desk.tell("incident-2", NoteChannel(platform="slack", channel=ELSEWHERE, name="inc-2"))

    assert "INC-1" not in (story.chat.answer("status", DAN, ELSEWHERE) or "")


def test_whoever_takes_it_second_is_told_who_has_it(story) -> None:
    """Two people who both work on it unknowingly are worse than one."""
    type_(story, CAY, "ack")
    type_(story, ANN, "ACK")

    assert told(story)[1] == (ANN, "cay has INC-1 already")


@pytest.mark.parametrize(
    ("text", "because", "false_positive"),
    [
        pytest.param("resolve", "said in Slack", False, id="no-reason"),
        pytest.param("resolve traffic is gone", "traffic is gone", False, id="reason"),
        pytest.param("resolve token=hunter2 is new", "token=*** is new", False, id="secret"),
        pytest.param("resolve a test --false-positive", "a test", True, id="false-positive"),
        pytest.param(
            "resolve \N{EM DASH}false-positive a test", "a test", True, id="as-a-phone-types-it"
        ),
    ],
)
def test_a_person_resolves_it(story, text, because, false_positive) -> None:
    """People end incidents that the alerts do not."""
    type_(story, CAY, text)

    incident = story.desk.incident(1)
    assert (incident.status, incident.resolved_by) == (Status.RESOLVED, "cay")
    assert (incident.resolved_because, incident.false_positive) == (because, false_positive)


def test_a_person_freezes_and_thaws_everything_from_anywhere(story) -> None:
    """Stopping all changes must not need the right channel."""
    type_(story, CAY, "freeze a release is rolling out", ELSEWHERE)
    assert story.desk.freeze().frozen["all"].reason == "a release is rolling out"
    type_(story, ANN, "freeze", ELSEWHERE)
    type_(story, ANN, "thaw", ELSEWHERE)

    assert story.desk.freeze().frozen == {}
    assert told(story) == [
        (CAY, replies.frozen("all")),
        (ANN, "all was frozen by cay: a release is rolling out"),
        (ANN, replies.thawed("all")),
    ]


@pytest.mark.parametrize("verb", ["ack", "resolve", "freeze", "thaw"])
def test_a_stranger_may_read_and_not_command(story, verb) -> None:
    """Everybody in the workspace can type; only people we know are answered with a deed."""
    before = story.desk.incident(1)

    type_(story, DAN, verb)

    assert (story.desk.incident(1), story.desk.freeze().frozen) == (before, {})
    assert told(story) == [(DAN, "You may read but not command: U0DAN is not in people.yaml.")]


@pytest.mark.parametrize("verb", ["ack", "resolve"])
def test_elsewhere_no_incident_is_meant(story, verb) -> None:
    """Guessing which one would end the wrong one."""
    type_(story, CAY, verb, ELSEWHERE)

    assert told(story) == [(CAY, replies.NO_INCIDENT)]


def test_an_unknown_command_is_told_what_there_is(story) -> None:
    """A typing error at night must cost seconds."""
    type_(story, CAY, "rezolve now")

    assert told(story) == [
        (CAY, "/incident rezolve: there is no such command. Try /incident help.")
    ]


def test_reads_leave_nothing_behind(story) -> None:
    """They were answered in the acknowledgement."""
    for text in ("", "help", "status"):
        type_(story, DAN, text)

    assert told(story) == []


def test_events_and_garbage_leave_the_line(story) -> None:
    """One bad delivery must not stop the others."""
    story.store.inbox.submit(source="slack:socket", body=b"{").result()
    keep(story, "events_api", {"event": {"type": "message"}})
    keep_press(story, ANN)

    take(story)

    assert state(story) is ApprovalState.GRANTED
    (aside,) = story.store.inbox.aside()
    assert aside.set_aside is not None
    assert aside.set_aside.startswith("no JSON")


def test_a_delivery_that_is_taken_twice_has_one_effect(story) -> None:
    """A crash between taking it and noting that may repeat it."""
    keep_press(story, ANN)
    pending = story.store.inbox.pending()

    story.chat.take(pending)
    version = story.desk.approval(APPROVAL).version
    story.restart()
    story.chat.take(pending)

    assert story.desk.approval(APPROVAL).version == version
    assert story.store.inbox.pending() == []


def test_a_store_that_is_away_leaves_the_click_pending(story) -> None:
    """It was acknowledged, so it must come back."""
    keep_press(story, ANN)
    pending = story.store.inbox.pending()
    story.store.close()

    with pytest.raises(Unavailable):
        story.chat.take(pending)


def test_help_is_answered_at_once(story) -> None:
    """An empty command asks for help too."""
    assert story.chat.answer("", DAN, HERE) == replies.HELP
    assert story.chat.answer("Help me", DAN, HERE) == replies.HELP


def test_status_is_of_the_incident_whose_channel_it_is(story) -> None:
    """Whoever comes in asks this first."""
    assert story.chat.answer("status", DAN, HERE) == (
        "P2 INC-1 Investigating: VLLMPreemptionsHigh of llama-3-70b\n"
        "users wait longer. Now: approve or reject: scale Deployment llm-d/decode: replicas 4 → 6"
    )


def test_status_elsewhere_is_of_all_open_incidents(story) -> None:
    """And says so when there is none."""
    assert "INC-1" in (story.chat.answer("status", DAN, ELSEWHERE) or "")
    type_(story, CAY, "resolve")

    assert story.chat.answer("status", DAN, ELSEWHERE) == replies.NO_OPEN_INCIDENT


FROZEN = "Frozen: nothing may be changed {}, says Cay Lux: a release; /incident thaw ends it"


def test_status_says_what_is_frozen_here(story) -> None:
    """Whoever wonders why an approved change does not happen asks this first."""
    story.desk.tell("desk", Freeze(scope="llm-d", by="cay", reason="a release"))
    story.desk.tell("desk", Freeze(scope="other", by="cay", reason="a release"))

    assert (story.chat.answer("status", DAN, HERE) or "").splitlines()[2:] == [
        "",
        FROZEN.format("in llm-d"),
    ]


def test_status_elsewhere_says_every_freeze_once(story) -> None:
    """Ten open incidents under one freeze are one freeze, and without any it holds too."""
    open_another(story, 2)
    story.desk.tell("desk", Freeze(scope="all", by="cay", reason="a release"))
    listed = story.chat.answer("status", DAN, ELSEWHERE) or ""
    for number in (1, 2):
        story.desk.tell(f"incident-{number}", Resolve(by="ann", because="over"))

    assert listed.count("Frozen: ") == 1
    assert listed.endswith(f"\n\n{FROZEN.format('anywhere')}")
    assert story.chat.answer("status", DAN, ELSEWHERE) == (
        f"{replies.NO_OPEN_INCIDENT}\n\n{FROZEN.format('anywhere')}"
    )


def test_a_long_list_does_not_push_the_freeze_out(story) -> None:
    """Slack cuts a long paragraph, and a freeze must not be what is cut off."""
    long = "P2 INC-1 slow\n" * 1000
    text = f"{long}\n\n{FROZEN.format('anywhere')}"

    last = payload(replies.said(text))["blocks"][-1]

    assert last["text"]["text"] == FROZEN.format("anywhere")


def test_a_command_with_an_effect_is_not_answered_at_once(story) -> None:
    """It is only noted: what follows is decided from the inbox."""
    assert story.chat.answer("ack", CAY, HERE) is None
