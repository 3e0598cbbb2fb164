"""Before anybody approves, a person may change a plan: within its bounds, and asked anew."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.commands.run import EditPlan
from incidents.errors import Rejected
from incidents.run import StepStatus
from incidents.timeline import rows
from runbooks.language import loader
from runbooks.language.editing import edit

STEP = "add-decode"


def edited(world, by="alice", **given):
    """Tell the run what the command line tells it."""
    runbook, state = world.runbook, world.step(STEP)
    made = edit(runbook.step(STEP), runbook, world.run.started.parameters, state.edited, given)
    command = EditPlan(
        step=STEP,
        by=by,
        because="less is enough",
        approval=state.approval,
        before=state.edited,
        parameters=made.parameters,
        instead_of=made.instead_of,
    )
    world.tell(command)
    world.settle()


def test_an_edited_plan_is_planned_and_asked_anew(planned):
    """What people approve is exactly what the new card says."""
    first = planned.step(STEP)

    edited(planned, replicas="+25%")
    state = planned.step(STEP)

    assert (dict(first.plan.after), dict(state.plan.after)) == (
        {"replicas": "6"},
        {"replicas": "5"},
    )
    assert planned.desk.approval(first.approval).state.value == "voided"
    asked = planned.desk.approval(state.approval).asked
    assert (asked.digest, asked.edited_by) == (state.plan.digest, "alice")
    told = [row.text for row in rows(planned.desk.history(1))]
    assert "add-decode: alice edited replicas +50% → +25%: less is enough" in told


def test_what_was_edited_is_what_is_written(planned):
    """The plan is made again before the claim: with what was edited, not with the default."""
    edited(planned, replicas="+25%")
    planned.approve(by="bob")

    planned.settle()

    assert planned.scale.applied == [("run-1-1/add-decode/2", 5)]


def test_an_approval_of_the_old_plan_does_nothing(planned):
    """Bob presses the card that he still sees while Alice has changed the plan."""
    old = planned.step(STEP)
    edited(planned, replicas="+25%")

    with pytest.raises(Rejected, match="no longer stands"):
        planned.answer_of(old)

    planned.settle()
    assert planned.scale.applied == []


def test_an_approval_that_was_given_before_the_edit_is_void(planned):
    """A yes to six replicas is no yes to five."""
    planned.approve(by="bob")
    old = planned.step(STEP).approval
    edited(planned, replicas="+25%")

    assert planned.desk.approval(old).state.value == "voided"
    assert planned.scale.applied == []
    assert planned.step(STEP).status is StepStatus.PLANNED


def test_who_edited_may_not_approve_where_requesters_may_not(planned):
    """Else one person would ask, change and approve."""
    planned.policy = replace(planned.policy, requester_may_approve=False)
    planned.desk.policy = planned.policy
    edited(planned, replicas="+25%")
    planned.approve(by="alice")
    planned.settle()
    denied = list(planned.scale.applied)
    planned.approve(by="bob")

    planned.settle()

    assert (denied, planned.scale.applied) == ([], [("run-1-1/add-decode/2", 5)])


def test_an_edit_that_must_not_be_done_is_put_back(planned):
    """What a person tries must not end the run: the runbook's own plan is asked again."""
    edited(planned, at_most="2")
    state = planned.step(STEP)

    assert (dict(state.plan.after), state.edited, state.edited_by) == ({"replicas": "6"}, (), "")
    told = [row.text for row in rows(planned.desk.history(1))]
    assert any("as edited it must not be done" in one for one in told)
    assert planned.run.outcome is None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param(
            {"replicas": "+900"},
            "add-decode: replicas '+900': expected one of +25%, +50%, +100%",
            id="beyond-its-choices",
        ),
        pytest.param({"at_most": "65"}, "64", id="beyond-its-bound"),
        pytest.param(
            {"color": "red"}, "add-decode has no argument 'color'; ", id="no-argument-at-all"
        ),
    ],
)
def test_an_edit_out_of_bounds_names_the_bound(planned, given, why):
    """Whoever is in a hurry must learn at once what would be possible."""
    with pytest.raises(Rejected) as refused:
        edited(planned, **given)

    assert why in str(refused.value)
    assert planned.step(STEP).status is StepStatus.PLANNED


FIXED = """
title: A fixed size
purpose: Adds exactly one.
covers: [RB-12]
priority: 1
target: decode
match:
  runbook_url: [.*/fixed]
steps:
  - id: waiting
    title: Do requests wait?
    do: signal
    with: {signal: waiting, at_most: 10}
  - id: add
    title: Add one
    do: scale
    with: {replicas: "+1", at_most: 16}
    verify:
      settle: 5m
      lag: 1m
      window: 3m
      samples: 3
      expect:
        - {signal: waiting, at_most: 10}
"""


def test_what_a_runbook_fixes_is_not_edited(make_world):
    """A number that its author wrote down is a bound, and nobody's to move from a phone."""
    world = make_world(FIXED)
    step, pairs = world.runbook.step("add"), world.run.started.parameters

    with pytest.raises(Rejected, match=r"example fixes replicas at \+1; nothing can be edited"):
        edit(step, world.runbook, pairs, (), {"replicas": "+2"})
    with pytest.raises(Rejected, match="waiting is no action: there is no plan to edit"):
        edit(world.runbook.step("waiting"), world.runbook, pairs, (), {})


def test_the_same_value_in_other_words_is_no_edit(planned):
    """`+25%` twice is one edit, and going back to the default leaves none."""
    runbook, pairs = planned.runbook, planned.run.started.parameters
    step = runbook.step(STEP)

    twice = edit(step, runbook, pairs, (("replicas", "+25%"),), {"replicas": "+25%"})
    back = edit(step, runbook, pairs, (("replicas", "+25%"),), {"replicas": "+50%"})

    assert (twice.parameters, twice.instead_of) == ((("replicas", "+25%"),), ())
    assert (back.parameters, back.instead_of) == ((), (("replicas", "+25%"),))


BOOK = loader.load()["cache-evictions"]
NUMBERS = st.integers(-200, 200).map(str)


@given(typed=st.dictionaries(st.sampled_from(["replicas", "at_most"]), NUMBERS | st.text()))
def test_no_edit_leaves_its_bounds(typed):
    """Whatever is typed: it is refused, or it is what the runbook's author allowed."""
    pairs = (("growth", "+50%"), ("ceiling", "16"))
    try:
        made = dict(edit(BOOK.step(STEP), BOOK, pairs, (), typed).parameters)
    except Rejected:
        return

    assert made.get("replicas", "+50%") in {"+25%", "+50%", "+100%"}
    assert 2 <= int(made.get("at_most", "16")) <= 64
