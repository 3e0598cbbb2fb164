"""The approval card in each of its states."""

from dataclasses import replace

import pytest

from bot.chat.card import button_value, card, read_value
from bot.chat.message import Button, Buttons, Code, Context, Fields, Header, Message, Section
from incidents.commands.approval import Approve, ExpireApproval, Refuse
from incidents.commands.desk import Freeze
from incidents.commands.run import PutOff, RecordPlan, VoidPlan
from tests import builders
from tests.bot.chat.stories import Story
from tests.builders import APPROVAL, DIGEST, RUN, later

TITLE = "scale Deployment llm-d/decode: replicas 4 → 6"
DETAILS = (
    Fields(
        pairs=(
            ("Change", "replicas 4 → 6"),
            ("Object", "Deployment llm-d/decode"),
            ("Owner", "Deployment decode"),
            ("Dry run", "accepted"),
            ("Undo", "scale back to replicas 4"),
            ("Plan", "sha256:4 to "),
        )
    ),
    Code(text="kubectl -n llm-d scale deployment/decode --replicas=6"),
    Section(strong="Evidence", text="exhausted: 97 % of the blocks are in use\nkv_usage 97 %"),
)
VALUE = f"{APPROVAL}|{DIGEST}"


def shown(story: Story) -> Message:
    """Return the card of the story's approval."""
    return card(story.situation(), story.desk.approval(APPROVAL))


def test_the_card_says_exactly_what_will_happen_and_who_may_decide() -> None:
    """A person approves what is on the card: it must be the plan, and all of it."""
    story = Story().open().check().ask()

    assert shown(story) == Message(
        text=f"Approve? {TITLE}",
        blocks=(
            Header(text=f"Approve? {TITLE}"),
            *DETAILS,
            Buttons(
                buttons=(
                    Button(
                        action="approve",
                        label="Approve",
                        value=VALUE,
                        style="primary",
                        confirm=f"{TITLE}?",
                    ),
                    Button(
                        action="reject",
                        label="Reject",
                        value=VALUE,
                        style="danger",
                        confirm=f"Reject: {TITLE}?",
                    ),
                )
            ),
            Context(text="Ann Ode, Ben Iso may decide · expires 2026-03-01 12:10:00 UTC"),
        ),
    )


def _granted(story: Story) -> None:
    story.approve("ben")


def _refused(story: Story) -> None:
    refuse = Refuse(by="ann", via="slack", digest=DIGEST, reason="not now")
    story.desk.tell(APPROVAL, refuse)


def _expired(story: Story) -> None:
    story.now = later(10)
    story.desk.tell(APPROVAL, ExpireApproval())


def _carried_out(story: Story) -> None:
    story.approve("ann").apply()


def _superseded(story: Story) -> None:
    void = VoidPlan(step="scale-decode", because="somebody scaled it")
    story.desk.tell(RUN, void)
    story.desk.tell(RUN, RecordPlan(step="scale-decode", plan=builders.plan(digest="other")))
    story.link()


@pytest.mark.parametrize(
    ("happens", "verb", "fate"),
    [
        pytest.param(_granted, "Approved:", "approved by Ben Iso · 2026-03-01 12:00:00 UTC"),
        pytest.param(
            _refused, "Rejected:", "rejected by Ann Ode: not now · 2026-03-01 12:00:00 UTC"
        ),
        pytest.param(
            _expired,
            "Expired:",
            "expired; nothing was changed with it · 2026-03-01 12:10:00 UTC",
        ),
        pytest.param(
            _carried_out,
            "Carried out:",
            "approved by Ann Ode and carried out · 2026-03-01 12:00:00 UTC",
        ),
        pytest.param(
            _superseded,
            "Void:",
            "void: the plan it was for no longer stands · 2026-03-01 12:00:00 UTC",
        ),
    ],
)
def test_a_decided_card_has_no_buttons_and_says_who_and_when(happens, verb, fate) -> None:
    """It stays as the record of what was asked, whatever the step has planned since."""
    story = Story().open().check().ask()

    happens(story)

    assert shown(story) == Message(
        text=f"{verb} {TITLE}",
        blocks=(Header(text=f"{verb} {TITLE}"), *DETAILS, Context(text=fate)),
    )


def test_a_second_needed_person_sees_who_was_first() -> None:
    """With two needed, half a decision is shown as half."""
    story = Story(policy=builders.policy(approvals_needed=2)).open().check().ask()
    story.desk.tell(APPROVAL, Approve(by="ann", via="slack", digest=DIGEST))

    assert shown(story).blocks[-1] == Context(
        text="2 of Ann Ode, Ben Iso may decide · Ann Ode approved already"
        " · expires 2026-03-01 12:10:00 UTC"
    )


def test_an_approved_change_that_waits_says_why_on_its_card() -> None:
    """Who has pressed Approve looks at the card, and not at the timeline."""
    story = Story().open().check().ask().approve()
    story.desk.tell(RUN, PutOff(step="scale-decode", because="the control plane is degraded"))

    assert Section(strong="Waits", text="the control plane is degraded") in shown(story).blocks

    story.desk.tell(RUN, VoidPlan(step="scale-decode", because="replicas 5"))
    assert all("Waits" not in str(one) for one in shown(story).blocks)


def test_a_card_of_an_edited_plan_names_the_editor() -> None:
    """What it shows is not what the runbook wanted, and somebody must stand for that."""
    story = Story().open().check().ask()
    approval = story.desk.approval(APPROVAL)
    assert approval.asked is not None

    def said(**by: object) -> str:
        edited = replace(approval, asked=replace(approval.asked, **by))
        (text,) = [
            one.text for one in card(story.situation(), edited).blocks if type(one) is Context
        ]
        return text

    assert " may decide · edited by Ann Ode · " in said(edited_by="ann")
    both = said(edited_by="ben", editors=("ann", "ben"))
    assert " may decide · edited by Ann Ode, Ben" in both


def test_a_frozen_card_says_that_it_waits() -> None:
    """An approval during a freeze changes nothing until the thaw, and must not promise it."""
    story = Story().open().check().ask()
    story.desk.tell("desk", Freeze(scope="all", by="cay", reason="a release"))

    assert (
        Section(strong="Frozen", text="nothing may be changed anywhere: it waits for the thaw")
        in shown(story).blocks
    )


def test_warnings_and_a_missing_undo_stand_on_the_card() -> None:
    """What cannot be undone is decided differently."""
    plan = builders.plan(inverse=(), warnings=("the HPA will fight back",))
    story = Story().open()
    story.desk.tell(RUN, RecordPlan(step="scale-decode", plan=plan))
    story.link()

    blocks = shown(story).blocks
    (fields,) = [one for one in blocks if isinstance(one, Fields)]
    assert ("Undo", "cannot be undone") in fields.pairs
    assert Section(strong="Warning", text="the HPA will fight back") in blocks


def test_an_object_that_is_written_instead_of_the_target_stands_on_the_card() -> None:
    """Approving a change of a Deployment is no approval of its autoscaler's bounds."""
    write = replace(builders.plan().write, kind="HorizontalPodAutoscaler", name="hpa")
    story = Story().open()
    story.desk.tell(RUN, RecordPlan(step="scale-decode", plan=builders.plan(write=write)))
    story.link()

    (fields,) = [one for one in shown(story).blocks if isinstance(one, Fields)]
    assert ("Written to", "HorizontalPodAutoscaler llm-d/hpa") in fields.pairs


def test_nobody_on_the_list_is_said_so() -> None:
    """An empty list must not look as if anybody might."""
    story = Story(policy=builders.policy(approvers=())).open().check().ask()

    assert shown(story).blocks[-1] == Context(
        text="nobody may decide · expires 2026-03-01 12:10:00 UTC"
    )


def test_a_card_without_its_plan_still_shows_who_may_decide() -> None:
    """A run that cannot be read must not take the buttons away."""
    story = Story().open().check().ask()
    situation = replace(story.situation(), told=(), runs=())

    blocks = card(situation, story.desk.approval(APPROVAL)).blocks

    assert [type(one) for one in blocks] == [Header, Buttons, Context]


def test_a_button_carries_its_approval_and_the_whole_digest() -> None:
    """The server decides by what the button says that the person saw."""
    story = Story().open().check().ask()

    assert read_value(button_value(story.desk.approval(APPROVAL))) == (APPROVAL, DIGEST)


def test_a_value_of_nobody_has_no_digest() -> None:
    """Such a click decides nothing."""
    assert read_value("approval-1-1-1") == ("approval-1-1-1", "")
