"""`triaged run edit`: what a person types becomes a command, or a sentence that helps."""

import re
from dataclasses import replace

import pytest

from bot.app.cli.run_editing import command, pairs
from incidents.commands.run import EditPlan
from incidents.errors import Rejected
from incidents.run import Run, Step, StepStatus
from runbooks.language import loader
from tests.builders import plan, started

BOOK = loader.load()["cache-evictions"]
STEP = "add-decode"
PLANNED = Step(id=STEP, status=StepStatus.PLANNED, plan=plan(), approval="approval-1-1-1")
RUN = Run(id="run-1-1", started=started(), steps={STEP: PLANNED})


def typed(*given: str, run: Run = RUN, step: str = STEP) -> EditPlan:
    return command(run, BOOK, step, given=given, by="anna", because="less is enough")


def test_what_is_typed_becomes_a_command() -> None:
    """The same command comes from a modal later."""
    assert typed("replicas=+25%", "at_most=8") == EditPlan(
        step=STEP,
        by="anna",
        because="less is enough",
        approval="approval-1-1-1",
        before=(),
        parameters=(("at_most", "8"), ("replicas", "+25%")),
        instead_of=(("at_most", "16"), ("replicas", "+50%")),
    )


@pytest.mark.parametrize(
    ("run", "step", "given", "why"),
    [
        pytest.param(RUN, STEP, ("replicas",), "not NAME=VALUE, such as", id="no-sign"),
        pytest.param(RUN, STEP, ("=2",), "not NAME=VALUE", id="no-name"),
        pytest.param(RUN, STEP, ("at_most=8", "at_most=9"), "stands there twice", id="twice"),
        pytest.param(RUN, STEP, ("replicas=+50%",), "is planned so already", id="no-change"),
        pytest.param(RUN, STEP, ("at_most=1",), "bounds of ceiling in", id="out-of-bounds"),
        pytest.param(RUN, "undo-add-decode", (), "only steps of cache-evictions", id="an-undo"),
        pytest.param(Run(id="run-9-9"), STEP, (), "only steps of", id="no-run"),
        pytest.param(
            replace(RUN, steps={STEP: replace(PLANNED, status=StepStatus.APPLIED)}),
            STEP,
            ("replicas=+25%",),
            "is applied: only a plan that waits can be edited",
            id="too-late",
        ),
    ],
)
def test_what_cannot_be_edited_is_refused_with_the_reason(
    run: Run, step: str, given: tuple[str, ...], why: str
) -> None:
    """Whoever types at three in the morning must learn what is wrong from one line."""
    with pytest.raises(Rejected, match=re.escape(why)):
        typed(*given, run=run, step=step)


def test_a_value_may_hold_an_equals_sign() -> None:
    """Only the first one parts."""
    assert pairs(["flag=a=b"]) == {"flag": "a=b"}
