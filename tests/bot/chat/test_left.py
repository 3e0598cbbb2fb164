"""What was left on purpose: what Slack shows of it, also in the end, and what the buttons do."""

from dataclasses import replace
from datetime import timedelta

from bot.chat import replies
from bot.chat.card import card
from bot.chat.headline import headline
from bot.chat.left import left, reminder
from bot.chat.message import Button, Buttons, Context, Fields, Header, Message, Section
from bot.chat.reports import ending
from bot.chat.slack.blocks import payload
from bot.chat.wanted import wanted
from incidents.commands.followups import FinishFollowUp, MakeFollowUps, Remind, ToDo
from incidents.commands.incident import NoteChannel
from incidents.commands.run import RecordPlan
from incidents.events.run import LeavesRecord, UndoAsked
from incidents.followups import followups_stream
from incidents.leaving import left as owed
from tests.bot.chat.stories import PAGE, Story
from tests.bot.chat.test_chat_intake import ANN, DAN, keep_press, press, told
from tests.builders import NOON, RUN, plan

STREAM, STEP = followups_stream(1), "scale-decode"
WHAT = "Deployment llm-d/decode has 6 replicas, normally 4"
LEAVES = LeavesRecord(
    what=WHAT, within=timedelta(hours=4), back=(("action", "scale"), ("replicas", "4"))
)
ASKED = (
    "Asked: it is planned now. approval-1-1-2 then waits for a yes "
    "(triaged approve approval-1-1-2)."
)
REVIEW = ToDo(key="r", what="Review it", owner="service-owner", due=NOON + timedelta(days=5))


class Leaving(Story):
    """A story whose change leaves something behind."""

    def ask(self) -> "Leaving":
        """Plan the scale and ask people."""
        self.desk.tell(RUN, RecordPlan(step=STEP, plan=plan(leaves=LEAVES)))
        self.link()
        return self

    def owe(self) -> "Leaving":
        """Bring the follow-ups in step, as the runs' loop does."""
        names = [one for one in self.desk.streams(1) if one.startswith("approval-")]
        approvals = {name: self.desk.approval(name) for name in names}
        for one in owed([self.desk.run(RUN)], approvals, self.desk.follow_ups(1)):
            self.desk.tell(one.stream, one.command)
        return self

    def archived(self) -> "Leaving":
        """Let the incident be over, and its channel gone."""
        self.resolve()
        for gone in (False, True):
            note = NoteChannel(platform="slack", channel="C1", name="inc-1", archived=gone)
            self.desk.tell("incident-1", note)
        return self


def leaving() -> Leaving:
    """Return a story in which a change was applied and verified, and something left."""
    story = Leaving()
    story.open().check()
    story.ask().approve("ann").apply().verify()
    return story.owe()


def keys(story: Story) -> list[str]:
    """Return the keys of what is wanted about follow-ups."""
    rows = wanted(story.situation(), now=story.now)
    return [row.key for row in rows if "follow-up" in row.key]


def test_it_is_told_in_the_thread_with_its_owner_and_the_ways_back() -> None:
    """Who approved it must know that it is theirs, and end it without a manual."""
    story = leaving()
    [one] = story.desk.follow_ups(1).open

    assert keys(story) == ["incident-1/follow-up-1"]
    confirm = f"Plan it and ask for approval: {WHAT}"
    assert left(story.situation(), one) == Message(
        text=f"Left on purpose: {WHAT} (Ann Ode, until 2026-03-01 16:00:00 UTC)",
        blocks=(
            Header(text=f"Left on purpose: {WHAT}"),
            Section(text="Ann Ode, until 2026-03-01 16:00:00 UTC"),
            Buttons(
                buttons=(
                    Button(action="undo", label="Undo", value=f"{RUN}|{STEP}", confirm=confirm),
                    Button(
                        action="normal",
                        label="Back to normal",
                        value=f"{RUN}|{STEP}",
                        confirm=confirm,
                    ),
                )
            ),
            Context(text="triaged followups done, give or later INC-1/1", page=PAGE),
        ),
    )
    assert payload(left(story.situation(), one))


def test_what_has_no_way_back_has_no_buttons() -> None:
    """A button that can only be refused is worse than none."""
    story = leaving()
    [one] = story.desk.follow_ups(1).open
    only = replace(one, made=replace(one.made, undo=False, back=()))

    assert not [row for row in left(story.situation(), only).blocks if isinstance(row, Buttons)]


def test_done_it_says_why_and_offers_nothing() -> None:
    """The message is edited in place: nobody undoes it twice."""
    story = leaving()
    story.desk.tell(STREAM, FinishFollowUp(number=1, by="ben", because="scaled by hand"))
    [one] = story.desk.follow_ups(1).all.values()

    assert left(story.situation(), one) == Message(
        text=f"Left on purpose: {WHAT} (done: scaled by hand)",
        blocks=(Header(text=f"Done: {WHAT}"), Section(text="done: scaled by hand")),
    )


def test_a_reminder_goes_to_the_channel_of_the_severity_also_when_the_own_is_archived() -> None:
    """Whoever is reminded where nobody reads is not reminded."""
    story = leaving().archived()
    story.later(hours=4)
    story.desk.tell(STREAM, Remind())
    [row] = [one for one in wanted(story.situation(), now=story.now) if "reminder" in one.key]
    [one] = story.desk.follow_ups(1).open
    story.later(hours=24)
    story.desk.tell(STREAM, Remind())

    assert (row.key, row.lane) == ("incident-1/follow-up-1/reminder-1", "channel-incidents-medium")
    assert reminder(story.situation(), one).text.startswith(f"INC-1: still open: {WHAT} (Ann Ode")
    assert keys(story) == [f"incident-1/follow-up-1/reminder-{number}" for number in (1, 2)]


def test_an_older_reminder_is_edited_as_the_last_one_is() -> None:
    """Buttons under what was done long ago would ask for it again."""
    story = leaving().archived()
    for _ in range(2):
        story.later(hours=28)
        story.desk.tell(STREAM, Remind())
    story.desk.tell(STREAM, FinishFollowUp(number=1, by="ben", because="scaled by hand"))
    rows = [one for one in wanted(story.situation(), now=story.now) if "reminder" in one.key]

    assert len(rows) == 2
    assert all(b"done: scaled by hand" in row.body and b"Undo" not in row.body for row in rows)


def test_of_a_year_of_reminders_the_last_month_is_kept_up() -> None:
    """Each is one message to edit, whenever anything changes."""
    story = leaving().archived()
    for _ in range(40):
        story.later(hours=28)
        story.desk.tell(STREAM, Remind())

    assert keys(story) == [f"incident-1/follow-up-1/reminder-{one}" for one in range(11, 41)]


def test_only_the_last_change_of_a_step_has_buttons() -> None:
    """They would take back another change than the one they stand under."""
    story = leaving()
    [one] = story.desk.follow_ups(1).open
    again = ToDo(key="again", what=WHAT, owner="ann", due=one.due, run=RUN, step=STEP, undo=True)
    story.desk.tell(STREAM, MakeFollowUps(todo=(again,)))
    first, last = story.desk.follow_ups(1).open
    shown = [left(story.situation(), each).blocks for each in (first, last)]

    assert [any(isinstance(row, Buttons) for row in each) for each in shown] == [False, True]


def test_a_button_under_what_is_done_asks_for_nothing() -> None:
    """A phone shows the old message for a while."""
    story = leaving()
    story.desk.tell(STREAM, FinishFollowUp(number=1, by="ben", because="scaled by hand"))
    press(story, ANN, "undo", STEP, approval=RUN)

    assert told(story) == [(ANN, "INC-1/1 was done by ben: scaled by hand")]
    assert not [one for one in story.desk.history(1) if isinstance(one.event, UndoAsked)]


def test_headline_status_and_the_last_message_name_what_is_left() -> None:
    """Whoever takes over at night reads these, and nothing else."""
    story = leaving()
    story.desk.tell(STREAM, MakeFollowUps(todo=(REVIEW,)))
    situation = story.situation()
    said = f"{WHAT} (Ann Ode, until 2026-03-01 16:00:00 UTC)"
    review = "Review it (service-owner, until 2026-03-06 12:00:00 UTC)"

    assert Section(strong="Left on purpose", text=said) in headline(situation).blocks
    assert f"Left on purpose: {said}" in replies.status([situation], (), story.people)
    story.resolve()
    last = ending(story.situation()).blocks
    assert Section(strong="Left on purpose", text=said) in last
    assert Section(strong="To be done", text=review) in last


def test_the_card_says_what_would_be_left_and_whose_that_is() -> None:
    """Whoever approves a cordon takes it on."""
    story = Leaving()
    story.open().check()
    story.ask()
    [approval] = story.situation().approvals
    [fields] = [one for one in card(story.situation(), approval).blocks if isinstance(one, Fields)]

    assert dict(fields.pairs)["Leaves"] == f"{WHAT}; whoever approves takes it back within 4 h"


def test_the_buttons_ask_for_a_plan_that_others_approve() -> None:
    """One press at night must not write to the cluster by itself."""
    for action, instead in (("undo", ()), ("normal", LEAVES.back)):
        story = leaving()
        press(story, ANN, action, STEP, approval=RUN)

        asked = [one.event for one in story.desk.history(1) if isinstance(one.event, UndoAsked)]
        assert asked == [
            UndoAsked(step=STEP, by="ann", because="pressed in Slack", instead=instead)
        ]
        assert told(story) == [(ANN, ASKED)]


def test_strangers_and_impossible_wishes_are_turned_away() -> None:
    """Whoever is in no list may read; and a step that changed nothing has no undo."""
    story = leaving()
    press(story, DAN, "undo", STEP, approval=RUN)
    press(story, ANN, "undo", "check", approval=RUN)

    assert told(story) == [
        (DAN, f"You may read but not command: {DAN} is not in people.yaml."),
        (ANN, "check changed nothing that could be undone"),
    ]


def test_pressed_twice_it_is_asked_once() -> None:
    """Slack delivers a click again when it has not heard that it arrived."""
    story = leaving()
    keep_press(story, ANN, "undo", STEP, approval=RUN)
    pending = story.store.inbox.pending()
    story.chat.take(pending)
    story.chat.take(pending)

    assert len([1 for one in story.desk.history(1) if isinstance(one.event, UndoAsked)]) == 1
