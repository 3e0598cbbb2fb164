"""The outbox's loop over memory: rendered, sent and noted, through crashes and in order."""

import json
from datetime import timedelta

import pytest

from bot.chat.wanted import ARCHIVE, CHANNEL, EPHEMERAL, INVITE, MESSAGE, PIN, TOPIC
from bot.delivery.fake import FakeService, Fate, Killed
from incidents.commands.desk import Freeze
from incidents.commands.incident import Acknowledge, NotePostmortem, Resolve
from tests import builders
from tests.bot.chat.stories import Story
from tests.builders import INCIDENT

KINDS = (CHANNEL, INVITE, TOPIC, MESSAGE, PIN, ARCHIVE, EPHEMERAL)
HEAD = "incident-1/headline"


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def story() -> Story:
    return Story().open()


def turn(story: Story, service: FakeService) -> None:
    """Turn a loop of a new process until it rests."""
    loop = story.loop(dict.fromkeys(KINDS, service))
    for _ in range(200):
        if not loop.once():
            return
    pytest.fail("the loop never rests")


def said(service: FakeService, key: str = HEAD) -> str:
    """Return the text of a message that is outside."""
    return str(json.loads(service.there[key])["message"]["text"])


def test_an_incident_gets_its_channel_and_knows_it(story, service) -> None:
    """The channel's id is a fact of the incident: commands typed there mean it."""
    turn(story, service)

    incident = story.desk.incident(1)
    assert (incident.channel, incident.channel_name) == ("C-incident-1", "incident-1")
    assert set(service.there) == {
        "incident-1/channel",
        "incident-1/headline",
        "incident-1/invite",
        "incident-1/pin",
        "incident-1/topic",
        "incident-1/announcement/incidents-medium",
        "incident-1/run-1-1",
    }


def test_the_headline_follows_the_journal(story, service) -> None:
    """Whatever decides, a click, the command line or the clock, the channel shows it."""
    turn(story, service)

    story.desk.tell(INCIDENT, Acknowledge(by="ann", via="cli"))
    story.check().ask().approve("ben")
    turn(story, service)

    assert said(service).endswith("scale Deployment llm-d/decode: replicas 4 → 6 is approved")
    assert said(service, "incident-1/approval-1-1-1").startswith("Approved:")
    assert service.made[HEAD] == 1


def test_a_storm_edits_the_headline_a_few_times_and_ends_with_the_truth(story, service) -> None:
    """A thousand alerts in a minute are one problem; what comes of it is not kept back."""
    moment = story.store.now()
    loop = story.loop(dict.fromkeys(KINDS, service))
    for second in range(60):
        story.store._clock = lambda second=second: moment + timedelta(seconds=second)
        for number in range(16):
            joined = builders.judgement(fingerprint=f"pod-{second}-{number}")
            story.desk.tell(INCIDENT, builders.report(joined))
        if second == 30:
            story.desk.tell(INCIDENT, Acknowledge(by="ann", via="cli"))
        while loop.once():
            pass
        taken = b"Ann Ode" in service.there[HEAD]
        assert taken is (second >= 30)

    counting = service.requests.count(HEAD)
    story.store._clock = lambda: moment + timedelta(minutes=2)
    turn(story, service)

    assert counting <= 6
    assert b"961 of 961 firing" in service.there[HEAD]
    assert service.made[HEAD] == 1


def test_a_loop_that_was_idle_takes_up_what_others_have_begun(story, service) -> None:
    """The lead comes back: another process has rendered meanwhile, and died before it noted."""
    mine = story.loop(dict.fromkeys(KINDS, service))
    while mine.once():
        pass
    story.desk.tell("incident-2", builders.report(_other(), number=2, key="local/llm-d/other"))
    theirs = story.loop(dict.fromkeys(KINDS, service))
    theirs.once()
    assert story.desk.incident(2).channel == "C-incident-2"
    story.desk.tell("incident-2", Resolve(by="ann", because="traffic is gone"))
    story.desk.tell("incident-2", NotePostmortem(name="INC-2", digest="d"))
    while theirs.once():
        pass
    story.later(minutes=5)

    while mine.once():
        pass

    assert story.desk.incident(2).archived


def test_a_freeze_reaches_every_open_incident(story, service) -> None:
    """It is written in the desk's own stream, which belongs to no incident."""
    turn(story, service)

    story.desk.tell("desk", Freeze(scope="all", by="cay", reason="a release"))
    turn(story, service)

    assert b"nothing may be changed anywhere" in service.there[HEAD]


def test_the_archive_comes_when_everything_else_is_outside(story, service) -> None:
    """After it nothing can be said there any more."""
    turn(story, service)
    story.resolve()
    turn(story, service)
    assert "incident-1/archive" not in service.there
    assert not story.desk.incident(1).archived

    story.later(minutes=5)
    turn(story, service)

    assert service.requests[-1] == "incident-1/archive"
    assert story.desk.incident(1).archived
    assert service.made["incident-1/archive"] == 1


def test_a_message_that_still_waits_keeps_the_channel_open(story, service) -> None:
    """A headline that was put off must still say that it is over."""
    turn(story, service)
    story.resolve()
    story.later(minutes=5)
    loop = story.loop(dict.fromkeys(KINDS, service))
    service.fates.append(Fate.LOST_BEFORE)
    for _ in range(30):
        loop.once()

    assert "incident-1/archive" not in service.requests


def test_without_a_chat_nothing_is_wanted_there(story, service) -> None:
    """The day that Slack is configured, no channels may appear for incidents of long ago."""
    loop = story.loop({})
    loop.once()
    story.resolve()
    story.later(minutes=10)
    loop.once()

    assert story.store.outbox.of(INCIDENT) == []
    assert story.store.outbox.behind() == []


def test_an_incident_that_cannot_be_shown_does_not_silence_the_others(story, service) -> None:
    """A bug in a view costs one channel, not all of them."""
    second = builders.report(_other(), number=2, key="local/llm-d/other")
    story.desk.tell("incident-2", second)

    loop = story.loop(dict.fromkeys(KINDS, service), page=_breaks_for_the_first)
    while loop.once():
        pass

    assert "incident-2/headline" in service.there
    assert HEAD not in service.there


def _other():
    return builders.judgement("VLLMQueueBuildUp")


def _breaks_for_the_first(number: int) -> str:
    return {2: "http://127.0.0.1:8080/incidents/2"}[number]


def test_an_answer_to_one_person_is_sent(story, service) -> None:
    """Replies go through the same outbox as everything else."""
    body = {"type": "slash_commands", "payload": {"text": "x", "user_id": "U1", "channel_id": "C"}}
    inbox = story.store.inbox
    inbox.submit(source="slack:socket", body=json.dumps(body).encode()).result()
    story.chat.take(inbox.pending())

    turn(story, service)

    assert json.loads(service.there["reply/1"])["user"] == "U1"


@pytest.mark.parametrize("fate", [Fate.KILLED_BEFORE, Fate.KILLED_AFTER])
@pytest.mark.parametrize("point", range(7))
def test_a_process_that_dies_while_it_sends_makes_nothing_twice(fate, point) -> None:
    """One incident, one channel, one headline: at whichever request it dies."""
    story = Story().open()
    moment = story.store.now()
    service = FakeService(fates=[*([Fate.DELIVERED] * point), fate])
    with pytest.raises(Killed):
        turn(story, service)

    # The next process starts after the time for which a request may be on its way.
    story.store._clock = lambda: moment + timedelta(minutes=1)
    story.restart()
    turn(story, service)

    assert set(service.made.values()) == {1}
    assert len(service.made) == 7
    assert story.desk.incident(1).channel == "C-incident-1"
