"""What should be in the chat, row by row."""

import json
from datetime import timedelta

from bot.chat.wanted import channel_name, wanted
from incidents.commands.incident import NoteChannel, NotePostmortem, Resolve, SetSeverity
from incidents.commands.run import AskUndo, EndRun
from incidents.policy import Severity
from tests import builders
from tests.bot.chat.stories import Story
from tests.builders import INCIDENT, RUN, later


def rows(story: Story):
    """Return what is wanted, by key."""
    return {one.key: one for one in wanted(story.situation(), now=story.now)}


def test_a_new_incident_wants_a_channel_with_one_message_and_its_thread() -> None:
    """The first screen is one message: what there is to know, pinned."""
    story = Story().open()

    assert [(one.key, one.kind, one.after) for one in rows(story).values()] == [
        ("incident-1/channel", "channel", ()),
        ("incident-1/headline", "message", ("incident-1/channel",)),
        ("incident-1/invite", "invite", ("incident-1/channel",)),
        ("incident-1/pin", "pin", ("incident-1/headline",)),
        ("incident-1/topic", "topic", ("incident-1/channel",)),
        ("incident-1/announcement/incidents-medium", "message", ()),
        ("incident-1/run-1-1", "message", ("incident-1/channel",)),
    ]


def test_the_same_state_wants_the_same_bytes() -> None:
    """A digest that changes without a reason is a message edited for nothing."""
    story = Story().open().check().ask()
    again = Story(store=story.store)

    assert rows(story) == rows(again)


def test_checks_progress_and_results_go_into_the_thread_of_their_run() -> None:
    """A channel that ten messages a minute run through is read by nobody."""
    story = Story().open().check().ask().approve().apply().settle(5).settle(6).verify()

    thread = {
        key: json.loads(one.body)["message"]["text"]
        for key, one in rows(story).items()
        if json.loads(one.body).get("thread") == "incident-1/run-1-1"
    }
    assert thread == {
        "incident-1/run-1-1/2": "check: exhausted: 97 % of the blocks are in use",
        "incident-1/run-1-1/5": "scale-decode applied: replicas 6",
        "incident-1/run-1-1/8": "scale-decode: verified: preemptions stopped",
        "incident-1/run-1-1/scale-decode/ready": "scale-decode: 6 of 6 pods ready",
    }


def test_cards_and_headlines_go_before_step_output() -> None:
    """When only one message a second may go, what a person must press goes first."""
    story = Story().open().check().ask()

    order = sorted(rows(story).values(), key=lambda one: one.priority)

    kinds = [one.key.removeprefix("incident-1/") for one in order]
    assert kinds[:4] == ["channel", "headline", "invite", "approval-1-1-1"]
    assert kinds[-1] == "run-1-1/2"


def test_the_headline_alone_may_only_count() -> None:
    """Of every other row all of it matters, and none of them may rest."""
    story = Story().open().check().ask()
    before = rows(story)
    story.desk.tell(INCIDENT, builders.report(builders.judgement(fingerprint="another-pod")))
    after = rows(story)

    changed = {key for key, one in after.items() if before[key].digest != one.digest}
    assert changed == {"incident-1/headline"}
    assert {key for key, one in after.items() if one.gist is not None} == changed
    assert {after[key].gist for key in changed} == {before[key].gist for key in changed}


def test_the_name_of_the_channel_never_changes() -> None:
    """A channel whose creation was not answered is looked for by its name."""
    story = Story().open()
    before = channel_name(story.desk.incident(1))
    worse = builders.judgement("EPPNoReadyEndpoints", severity=Severity.P0)

    story.desk.tell(INCIDENT, builders.report(worse))

    assert story.desk.incident(1).title.startswith("EPPNoReadyEndpoints")
    assert channel_name(story.desk.incident(1)) == before


def test_a_name_fits_and_ends_at_a_word() -> None:
    """Slack takes 80 characters of a few kinds."""
    story = Story()
    story.desk.tell(INCIDENT, builders.report(builders.judgement(title="Wörter, " + "a1 " * 60)))

    name = channel_name(story.desk.incident(1))

    assert name == "inc-1-w-rter-" + "-".join(["a1"] * 22)
    assert len(name) <= 80


def test_a_title_without_a_letter_leaves_the_number() -> None:
    """The number alone is a good name."""
    story = Story()
    story.desk.tell(INCIDENT, builders.report(builders.judgement(title="火事")))

    assert channel_name(story.desk.incident(1)) == "inc-1"


def test_each_severity_it_has_had_is_announced_in_its_channel() -> None:
    """Those who watch the high ones hear of it when it becomes one; the first line stays true."""
    story = Story().open()
    worse = SetSeverity(severity=Severity.P1, by="ann", because="all users")
    story.desk.tell(INCIDENT, worse)

    lines = {
        key: json.loads(one.body)["message"]["text"]
        for key, one in rows(story).items()
        if "/announcement/" in key
    }
    said = "P1 INC-1 investigating: VLLMPreemptionsHigh of llama-3-70b"
    assert lines == {
        "incident-1/announcement/incidents-medium": said,
        "incident-1/announcement/incidents-high": said,
    }


def test_nobody_is_invited_where_nobody_may_approve() -> None:
    """An invitation of nobody is a request that fails."""
    story = Story(policy=builders.policy(approvers=("dan",))).open()

    assert "incident-1/invite" not in rows(story)


def test_a_resolved_incident_says_so_and_is_archived_in_time() -> None:
    """People read the end before the channel goes."""
    story = Story().open().resolve()

    assert "incident-1/ending" in rows(story)
    assert "incident-1/archive" not in rows(story)
    story.now += timedelta(minutes=5)
    archive = rows(story)["incident-1/archive"]
    assert archive.after == ("incident-1/channel", "incident-1/ending")
    assert archive.priority > max(
        one.priority for key, one in rows(story).items() if key != archive.key
    )


def test_the_channel_waits_for_the_postmortem() -> None:
    """The last message points to it."""
    story = Story().open()
    story.desk.tell(INCIDENT, Resolve(by="ann", because="traffic is gone"))
    story.link()
    story.now = later(60)

    assert not {"incident-1/ending", "incident-1/archive"} & set(rows(story))
    story.desk.tell(INCIDENT, NotePostmortem(name="INC-1", digest="d"))
    assert {"incident-1/ending", "incident-1/archive"} <= set(rows(story))


def test_a_channel_in_which_a_change_is_taken_back_is_not_archived_yet() -> None:
    """Its card has the buttons, and nothing can be posted or pressed afterwards."""
    story = Story().open().check().ask().approve().apply().settle(6).verify().resolve()
    story.desk.tell(RUN, AskUndo(step="scale-decode", by="ann", because="traffic is gone"))
    story.now = later(60)
    going = "incident-1/archive" in rows(story)

    story.desk.tell(RUN, EndRun(outcome="undone", because="back at four"))

    assert (going, "incident-1/archive" in rows(story)) == (False, True)


def test_an_archived_channel_is_left_alone() -> None:
    """Nothing can be posted there any more."""
    story = Story().open().resolve()
    channel = NoteChannel(platform="slack", channel="C1", name="inc-1", archived=True)
    story.desk.tell(INCIDENT, channel)

    assert list(rows(story)) == ["incident-1/channel"]
