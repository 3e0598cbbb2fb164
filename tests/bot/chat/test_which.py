"""The question which workload is meant: what Slack shows, and who answers it how."""

from dataclasses import replace

import pytest

from bot.chat import replies
from bot.chat.headline import headline, now
from bot.chat.message import Button, Buttons, Context, Header, Message, Section
from bot.chat.slack.blocks import payload
from bot.chat.wanted import wanted
from bot.chat.which import which
from incidents.commands.incident import AskTarget, ChooseTarget, NoteChannel, Resolve
from incidents.commands.run import RaiseDoubt
from incidents.events.incident import TargetChosen, Workload
from tests.bot.chat.stories import Story
from tests.bot.chat.test_chat_intake import ANN, BEN, CAY, DAN, keep_press, press, take, told, type_
from tests.builders import APPROVAL, INCIDENT, RUN, claim

CANARY = Workload(kind="Deployment", name="canary", words="pod → Deployment canary")
DECODE = Workload(kind="Deployment", name="decode", words="pod → Deployment decode")
CHOOSE = ChooseTarget(chosen="Deployment decode", by="cay", via="cli", because="the big one")
HERE = "C0HERE"


def asking(*candidates: Workload) -> Story:
    """Return a story in which people are asked which workload is meant."""
    story = Story().open()
    story.desk.tell(INCIDENT, AskTarget(candidates=candidates or (CANARY, DECODE)))
    return story


def many(number: int) -> tuple[Workload, ...]:
    """Return so many workloads."""
    return tuple(replace(CANARY, name=f"decode-{one:02}") for one in range(number))


def buttons(story: Story) -> list[str]:
    """Return what the buttons of the question say."""
    message = which(story.situation())
    assert message is not None
    rows = [one.buttons for one in message.blocks if isinstance(one, Buttons)]
    return [button.label for row in rows for button in row]


def chosen(story: Story) -> str:
    """Return what was chosen."""
    return story.desk.incident(1).target_chosen


def test_the_question_names_each_with_its_owners_and_has_a_button_for_it() -> None:
    """Somebody who was just woken must see what each one is, and press once."""
    assert which(asking().situation()) == Message(
        text="Which workload is meant? Deployment canary, Deployment decode",
        blocks=(
            Header(text="Which workload is meant?"),
            Section(
                text="2 fit what the alerts say. Until somebody chooses, nothing is looked at and "
                "nothing is changed."
            ),
            Section(strong="Deployment canary", text="pod → Deployment canary"),
            Section(strong="Deployment decode", text="pod → Deployment decode"),
            Buttons(
                buttons=(
                    Button(
                        action="target-1",
                        label="Deployment canary",
                        value="incident-1|Deployment canary",
                    ),
                    Button(
                        action="target-2",
                        label="Deployment decode",
                        value="incident-1|Deployment decode",
                    ),
                )
            ),
            Context(
                text="everybody in people.yaml may choose · "
                "or type /incident target Deployment decode [reason]"
            ),
        ),
    )


def test_of_many_the_first_five_have_buttons_and_the_rest_a_command() -> None:
    """Slack's row of buttons ends somewhere; no candidate may become unreachable by that."""
    story = asking(*many(50))
    message = which(story.situation())
    assert message is not None

    assert buttons(story) == [f"Deployment decode-{one:02}" for one in range(5)]
    last = message.blocks[-1]
    assert isinstance(last, Context)
    assert last.text.endswith("Deployment decode-49 [reason]; /incident target lists them all")
    assert len(payload(message)["blocks"]) < 20
    assert now(story.situation()).endswith("Deployment decode-04 and 45 more (/incident target)")


def test_what_is_not_listed_is_counted_everywhere() -> None:
    """Fifty are no choice but of those fifty: whoever misses one must see that there are more."""
    story = asking(*many(60))
    message = which(story.situation())
    assert message is not None

    said = "10 more fit and are not listed: have the alert say more of its place"
    assert Context(text=said) in message.blocks
    assert any(getattr(one, "text", "").startswith("60 fit what") for one in message.blocks)
    assert said in replies.candidates(story.desk.incident(1)).splitlines()
    assert now(story.situation()).endswith("Deployment decode-04 and 55 more (/incident target)")


def test_the_answer_replaces_the_buttons_and_says_who_and_when() -> None:
    """The message follows the journal, also where somebody typed the answer on the server."""
    story = asking()
    story.desk.tell(INCIDENT, CHOOSE)

    assert which(story.situation()) == Message(
        text="Which workload is meant? Deployment decode, chosen by Cay Lux of 2",
        blocks=(
            Header(text="Meant: Deployment decode"),
            Section(text="It is looked at from the beginning."),
            Context(
                text="Deployment decode, chosen by Cay Lux of 2 · 2026-03-01 12:00:00 UTC · "
                "the big one · /incident target Deployment canary [reason] changes it"
            ),
        ),
    )


def test_an_answer_that_is_gone_is_asked_for_again() -> None:
    """What was chosen was deleted: the same message asks about what is there now."""
    story = asking()
    story.desk.tell(INCIDENT, CHOOSE)
    story.desk.tell(INCIDENT, AskTarget(candidates=(CANARY,)))

    assert buttons(story) == ["Deployment canary"]
    story.desk.tell(INCIDENT, replace(CHOOSE, chosen="Deployment canary", because=""))
    last = which(story.situation()).blocks[-1]
    assert last == Context(
        text="Deployment canary, chosen by Cay Lux of 1 · 2026-03-01 12:00:00 UTC"
    )


def test_nobody_is_asked_after_the_end() -> None:
    """A button that does nothing any more must not stand there."""
    story = asking()
    story.desk.tell(INCIDENT, Resolve(by="ann", because="over"))

    assert buttons(story) == []
    assert which(story.situation()).blocks[-1] == Context(
        text="Nobody chose, and the incident is over."
    )


def test_the_question_is_a_message_of_its_own_and_one() -> None:
    """An incident with one workload shows nothing of it; asked again it is the same message."""

    def keys(story: Story) -> list[str]:
        rows = wanted(story.situation(), now=story.now)
        return [one.key for one in rows if one.key.endswith("/target")]

    story = asking()
    before = keys(story)
    story.desk.tell(INCIDENT, AskTarget(candidates=many(3)))

    assert keys(Story().open()) == []
    assert before == keys(story) == ["incident-1/target"]


def test_the_headline_asks_before_the_runs_own_questions_and_then_names_the_answer() -> None:
    """What the run asks rests on a target that it does not have; a doubt is more urgent still."""
    story = asking()
    asked = now(story.situation())
    story.desk.tell(INCIDENT, CHOOSE)
    fields = dict(headline(story.situation()).blocks[3].pairs)

    assert asked == (
        "say which workload is meant: Deployment canary, Deployment decode (/incident target)"
    )
    assert now(story.situation()) == "wait: the runbook's checks are running"
    assert fields["Where"] == "llm-d/llama-3-70b: Deployment decode, chosen by Cay Lux of 2"
    assert fields["Taken by"] == "Cay Lux"


def test_a_change_in_doubt_comes_before_the_question() -> None:
    """Whether something was changed must be known first."""
    story = Story().open().check().ask().approve()
    story.desk.tell(RUN, claim())
    story.desk.tell(RUN, RaiseDoubt(step="scale-decode", approval=APPROVAL, because="lost"))
    story.desk.tell(INCIDENT, AskTarget(candidates=(CANARY, DECODE)))

    assert now(story.situation()).startswith("decide whether scale Deployment")


def test_a_click_chooses_and_everybody_sees_it_in_the_message() -> None:
    """Nobody has to be told apart who pressed: the message says it to all."""
    story = asking()
    press(story, CAY, "target-2", "Deployment decode", approval=INCIDENT)

    assert chosen(story) == "Deployment decode"
    assert story.desk.incident(1).acknowledged_by == "cay"
    assert told(story) == []


def test_a_click_that_is_delivered_twice_chooses_once() -> None:
    """What is repeated after a crash changes nothing; a second person learns who was first."""
    story = asking()
    keep_press(story, CAY, "target-2", "Deployment decode", approval=INCIDENT)
    keep_press(story, BEN, "target-2", "Deployment decode", approval=INCIDENT)
    deliveries = story.store.inbox.pending()
    story.chat.take(deliveries)
    story.chat.take(deliveries)
    take(story)

    events = [one.event for one in story.desk.history(1)]
    assert [one.by for one in events if isinstance(one, TargetChosen)] == ["cay"]
    assert told(story) == [(BEN, "Chosen already: Deployment decode, chosen by Cay Lux of 2.")]


@pytest.mark.parametrize(
    ("user", "workload", "said"),
    [
        pytest.param(
            DAN,
            "Deployment decode",
            "You may read but not command: U0DAN is not in people.yaml.",
            id="a-stranger",
        ),
        pytest.param(
            ANN,
            "Deployment gone",
            "INC-1: 'Deployment gone' is none of its candidates: "
            "Deployment canary, Deployment decode",
            id="no-candidate",
        ),
    ],
)
def test_a_click_that_may_not_count_is_answered(user: str, workload: str, said: str) -> None:
    """A button can be pressed by anybody, and its value can be made up."""
    story = asking()
    press(story, user, "target-2", workload, approval=INCIDENT)

    assert chosen(story) == ""
    assert told(story) == [(user, said)]


@pytest.mark.parametrize(
    ("action", "stream"),
    [
        pytest.param("target-1", "approval-1-1-1", id="of-an-approval"),
        pytest.param("approve", "incident-1", id="of-another-button"),
    ],
)
def test_a_button_that_is_none_of_ours_chooses_nothing(action: str, stream: str) -> None:
    """An action and a value that do not belong together were not made by us."""
    story = asking()
    press(story, ANN, action, "Deployment decode", approval=stream)

    assert chosen(story) == ""
    assert [text[:11] for _, text in told(story)] == ["This button"]


@pytest.mark.parametrize(
    ("text", "said", "because"),
    [
        pytest.param(
            "target Deployment decode",
            "INC-1 is about Deployment decode: it is looked at from the beginning",
            "",
            id="plain",
        ),
        pytest.param(
            "target Deployment decode it is the big one",
            "INC-1 is about Deployment decode: it is looked at from the beginning",
            "it is the big one",
            id="with-a-reason",
        ),
    ],
)
def test_a_command_chooses_with_a_reason(text: str, said: str, because: str) -> None:
    """The sixth candidate has no button; and a reason is worth having in the postmortem."""
    story = asking_here()
    type_(story, BEN, text)

    choice = story.desk.incident(1).choice
    assert choice is not None
    assert (choice.chosen, choice.by, choice.because) == ("Deployment decode", "ben", because)
    assert told(story) == [(BEN, said)]


def test_a_command_without_a_name_lists_what_there_is() -> None:
    """Whoever does not know the names sees them, and what was chosen so far."""
    story = asking_here()
    type_(story, BEN, "target")
    story.desk.tell(INCIDENT, CHOOSE)
    type_(story, BEN, "target")

    listed = (
        "Deployment canary: pod → Deployment canary\nDeployment decode: pod → Deployment decode\n"
    )
    how = "Choose as in /incident target Deployment canary [reason]"
    assert [text for _, text in told(story)] == [
        f"{listed}{how}",
        f"{listed}Deployment decode, chosen by cay of 2\n{how}",
    ]


def test_a_command_where_nobody_asked_says_so() -> None:
    """Most incidents are about one workload."""
    story = Story().open()
    here(story)
    type_(story, BEN, "target")
    type_(story, BEN, "target Deployment decode")

    assert [text for _, text in told(story)] == [
        "INC-1: nobody asked which workload is meant.",
        "INC-1: nobody asked which workload is meant",
    ]


def asking_here() -> Story:
    """Return such a story whose channel is known."""
    story = asking()
    here(story)
    return story


def here(story: Story) -> None:
    """Let the incident have its channel."""
    story.desk.tell(INCIDENT, NoteChannel(platform="slack", channel=HERE, name="inc-1"))
