"""Checks, asks and waits: an answer that is not there never stops the desk."""

from datetime import timedelta

import pytest

from cluster.signals.reading import NoData, Why
from incidents.commands.run import AnswerAsk, ContinueFrom, RetryStep, SkipStep
from incidents.errors import Rejected, Unavailable
from incidents.run import StepStatus
from runbooks.language.declaration import CheckVerb, Finding

AWAY = NoData(signal="preemptions", why=Why.UNREACHABLE, detail="away")

CHECKED = """
title: A check
steps:
  - {id: first, title: Look, do: signal, with: {signal: waiting, at_most: 5}, RETRY}
  - id: then
    title: Look again
    do: signal
    with: {signal: waiting, at_most: 5}
    when: {first: [beyond]}
"""

ASKED = """
title: An ask
steps:
  - {id: first, title: Ask, do: ask, with: {question: Is it so?}, timeout: 10m, on_failure: FAILURE}
  - {id: then, title: Wait, do: wait, with: {for: 5m}, when: {first: [done]}}
"""


def test_a_check_keeps_its_verdict_with_the_number(make_world):
    """A verdict without its number cannot be judged afterwards."""
    world = make_world(CHECKED.replace(", RETRY", ""))
    world.signals.values["waiting"] = lambda _: 7.0

    world.settle()

    assert world.step("first").verdict == "beyond"
    words = "waiting is 7 u, expected at most 5; worst is decode-0 with 7"
    assert world.step("first").because == words
    assert world.run.outcome == "completed"


def test_a_step_whose_condition_does_not_hold_is_skipped_with_the_reason(make_world):
    """The timeline says why a step was left out."""
    world = make_world(CHECKED.replace(", RETRY", ""))

    world.settle()

    assert world.step("then").status is StepStatus.SKIPPED
    assert world.step("then").because == "first is within, not beyond"


def test_a_check_without_an_answer_is_tried_again_and_then_cannot_tell(make_world):
    """Prometheus away for ten seconds is not worth a verdict; for longer it is `cannot tell`."""
    world = make_world(CHECKED.replace("RETRY", "retry: 1"))
    world.signals.values["waiting"] = lambda _: AWAY
    world.settle()
    first = world.step("first").status
    world.later(seconds=3)
    world.settle()
    second = world.step("first").status

    world.later(seconds=8)
    world.settle()

    assert (first, second) == (StepStatus.OPEN, StepStatus.OPEN)
    assert "StepWaits" not in world.events()
    assert world.step("first").verdict == "cannot_tell"
    assert world.run.outcome == "completed"


def test_a_check_of_an_alert_without_a_namespace_says_so_at_once(make_world):
    """A second look at nothing finds nothing; and `not a namespace: ''` tells people nothing."""
    world = make_world(CHECKED.replace("RETRY", "retry: 1"), at="")

    world.settle()

    assert (world.step("first").verdict, world.step("first").because) == (
        "cannot_tell",
        "this alert names no namespace: nothing to look at",
    )


def test_a_check_that_answers_at_the_second_try_gives_that_answer(make_world):
    """A second look is what the retry is for."""
    world = make_world(CHECKED.replace("RETRY", "retry: 1"))
    world.signals.values["waiting"] = lambda _: AWAY
    world.settle()
    world.signals.values["waiting"] = lambda _: 1.0

    world.later(seconds=10)
    world.settle()

    assert world.step("first").verdict == "within"


def test_tries_end_with_the_timeout_of_the_check(make_world):
    """Five tries of a step that may take twelve seconds are two."""
    world = make_world(CHECKED.replace("RETRY", "retry: 5, timeout: 12s"))
    world.signals.values["waiting"] = lambda _: AWAY
    world.settle()

    world.later(seconds=10)
    world.settle()

    assert world.step("first").verdict == "cannot_tell"


@pytest.mark.parametrize(
    "error", [Rejected("several Deployments match"), Unavailable("the API server is away")]
)
def test_a_target_that_cannot_be_found_is_cannot_tell(make_world, error):
    """The incident goes on without it."""
    world = make_world(CHECKED.replace(", RETRY", ""))
    world.targets.refuse = error

    world.settle()

    assert (world.step("first").verdict, world.step("first").because) == ("cannot_tell", str(error))


def test_a_check_that_says_a_word_of_its_own_fails(make_world):
    """A verdict outside its set would match no `when`, silently."""
    world = make_world(CHECKED.replace(", RETRY", ""))
    shipped = world.verbs["signal"]
    odd = CheckVerb(
        name="signal",
        meaning="",
        fields=shipped.fields,
        verdicts=shipped.verdicts,
        judge=lambda _: Finding(verdict="perhaps", because="who knows"),
    )
    world.verbs = {**world.verbs, "signal": odd}
    world.restarted()

    world.settle()

    assert world.run.because == "first: failed: signal says perhaps: who knows"


def test_a_step_that_is_not_known_any_more_fails(make_world):
    """The runbook is pinned, but the program was replaced meanwhile."""
    world = make_world(CHECKED.replace(", RETRY", ""))
    world.verbs = {}
    world.restarted()

    world.settle()

    assert world.run.because == "first: failed: first: the step is not known any more"


def test_an_answer_lets_the_run_go_on_through_a_wait(make_world):
    """A wait is a moment in the journal, never a sleeping thread."""
    world = make_world(ASKED.replace("FAILURE", "stop"))
    world.settle()
    world.tell(AnswerAsk(step="first", answer="done", by="bob"))
    world.settle()
    waiting = (world.step("then").status, world.step("then").until - world.now)

    world.later(minutes=5)
    world.settle()

    assert waiting == (StepStatus.WAITING, timedelta(minutes=5))
    assert world.run.outcome == "completed"


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        pytest.param("stop", "stopped", id="stop"),
        pytest.param("continue", "completed", id="continue"),
    ],
)
def test_an_ask_that_nobody_answers_ends_with_its_timeout(make_world, failure, outcome):
    """A question must not hold an incident open for ever."""
    world = make_world(ASKED.replace("FAILURE", failure))
    world.settle()

    world.later(minutes=10)
    world.settle()

    assert world.run.outcome == outcome


def test_a_person_goes_on_from_a_later_step(make_world):
    """What lies before and is open stays out, also a question that waits."""
    world = make_world(ASKED.replace("FAILURE", "stop"))
    world.settle()

    world.tell(ContinueFrom(step="then", by="bob", because="it is so"))
    world.settle()

    assert world.step("first").status is StepStatus.SKIPPED
    assert world.step("then").status is StepStatus.WAITING


def test_a_person_goes_on_before_anything_ran(make_world):
    """Steps that never began stay out without a word each."""
    world = make_world(ASKED.replace("FAILURE", "stop"))

    world.tell(ContinueFrom(step="then", by="bob", because="it is so"))
    world.settle()

    assert world.step("first").status is StepStatus.OPEN
    assert world.step("then").status is StepStatus.WAITING


def test_a_person_retries_a_step_of_a_finished_run(make_world):
    """A retry opens the run again and runs the step whatever its condition says."""
    world = make_world(CHECKED.replace(", RETRY", ""))
    world.settle()

    world.tell(RetryStep(step="then", by="bob", because="I want to know"))
    world.settle()

    assert world.step("then").verdict == "within"
    assert world.run.outcome == "completed"


def test_a_skipped_question_lets_the_run_go_on(make_world):
    """A person decides that the question is moot."""
    world = make_world(ASKED.replace("FAILURE", "stop"))
    world.settle()

    world.tell(SkipStep(step="first", by="bob", because="moot"))
    world.settle()

    assert world.run.outcome == "completed"
