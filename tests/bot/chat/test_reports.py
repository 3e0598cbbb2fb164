"""What threads and channels are told."""

from bot.chat import reports
from bot.chat.message import Context, Fields, Header, Message, Section
from incidents.events.run import (
    ActionPlanned,
    CheckFinished,
    Comparison,
    EffectVerified,
    StepFailed,
    StepSkipped,
)
from tests.bot.chat.stories import PAGE, Story
from tests.builders import evidence, plan


def test_a_check_is_told_with_its_numbers() -> None:
    """A verdict without its numbers cannot be doubted."""
    found = CheckFinished(
        step="kv", verdict="exhausted", because="full", evidence=(evidence(),) * 14
    )

    assert reports.report(found) == Message(
        text="kv: exhausted: full",
        blocks=(
            Section(strong="kv: exhausted", text="full"),
            Context(text="; ".join(["kv_usage 97 %"] * 12) + " (and 2 more on the page)"),
        ),
    )


def test_a_check_without_numbers_says_its_verdict() -> None:
    """No data is a verdict too."""
    found = CheckFinished(step="kv", verdict="cannot tell", because="no data", evidence=())

    assert reports.report(found) == Message(
        text="kv: cannot tell: no data",
        blocks=(Section(strong="kv: cannot tell", text="no data"),),
    )


def test_a_result_is_told_as_before_and_after() -> None:
    """Whether it helped is a comparison, and absent data is said so."""
    lost = Comparison(
        signal="queue", unit="", before=3.0, after=None, expected="falls", met=None, note=""
    )
    found = EffectVerified(
        step="scale", verdict="cannot tell", because="no data", comparisons=(lost,)
    )

    assert reports.report(found) == Message(
        text="scale: cannot tell: no data",
        blocks=(
            Section(strong="scale: cannot tell", text="no data"),
            Fields(pairs=(("queue", "3 → no data (expected falls: cannot tell)"),)),
        ),
    )


def test_a_result_without_comparisons_is_told() -> None:
    """A change that was reverted has nothing to compare."""
    found = EffectVerified(step="scale", verdict="reverted", because="by the HPA", comparisons=())

    assert reports.report(found) == Message(
        text="scale: reverted: by the HPA",
        blocks=(Section(strong="scale: reverted", text="by the HPA"),),
    )


def test_what_went_wrong_is_told() -> None:
    """A step that failed in silence looks like one that still works."""
    failed = StepFailed(step="kv", because="Prometheus is away", attempt=2)

    assert reports.report(failed) == Message(
        text="kv could not be done: Prometheus is away",
        blocks=(Section(text="kv could not be done: Prometheus is away"),),
    )


def test_a_step_that_a_person_skips_is_told_and_one_of_the_runbook_is_not() -> None:
    """Branches not taken are no news."""
    by_person = StepSkipped(step="kv", by="ann", because="known")
    by_rule = StepSkipped(step="kv", by="triaged", because="its when does not hold")

    assert reports.report(by_person) is not None
    assert reports.report(by_rule) is None


def test_what_another_message_says_is_not_told_twice() -> None:
    """A plan has its card."""
    planned = ActionPlanned(step="s", plan=plan(), approval="approval-1-1-1", attempt=1)

    assert reports.report(planned) is None


def test_the_end_points_to_the_postmortem() -> None:
    """Whoever comes back to the channel finds what was learned."""
    story = Story().open().resolve()

    assert reports.ending(story.situation()) == Message(
        text="INC-1 is resolved: traffic is gone",
        blocks=(
            Header(text="INC-1 is resolved"),
            Section(text="traffic is gone"),
            Context(text="postmortem INC-1; this channel is archived soon", page=PAGE),
        ),
    )
