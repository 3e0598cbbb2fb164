"""What the shipped runbooks ask people: true of every verdict for which it is asked."""

import pytest

from runbooks.language.loader import load
from runbooks.language.model import NOT_DONE, Action, Ask, OnFailure, Step
from runbooks.verdicts.cluster import pods

CANNOT_TELL = "cannot_tell"
ASKS = [
    pytest.param(step, id=f"{name}-{step.id}")
    for name, runbook in load().items()
    for step in runbook.steps
    if isinstance(step, Ask)
]


ACTIONS = [
    pytest.param(name, step, id=f"{name}-{step.id}")
    for name, runbook in load().items()
    for step in runbook.steps
    if isinstance(step, Action)
]
# A size is refused with what to do instead: for the next step nothing follows from it.
OF_SIZE = {"scale"}
# An ask about the same trouble comes after these, whatever became of them.
ASKED_ANYWAY = {
    *("let-past", "open-node", "close-node", "forget-pod", "empty-node"),
    *("close-node-of-memory", "empty-node-of-memory"),
}


def verdicts(ask: Step) -> set[str]:
    """Return the verdicts of earlier steps for which it is asked."""
    return {verdict for condition in ask.when for verdict in condition.verdicts}


@pytest.mark.parametrize("ask", ASKS)
def test_what_cannot_be_told_is_not_asked_as_if_it_were(ask: Ask) -> None:
    """Absent data is no finding: who reads that a cache is well looks elsewhere at night."""
    told = verdicts(ask)

    assert CANNOT_TELL not in told or told == {CANNOT_TELL}


def test_who_is_asked_about_an_unknown_cache_reads_what_is_missing_and_where_to_look() -> None:
    """The person has to know that nothing was found out, and where to begin."""
    steps = load()["cache-evictions"].steps
    (ask,) = (one for one in steps if isinstance(one, Ask) and CANNOT_TELL in verdicts(one))
    question = str(ask.arguments["question"])

    assert ask.title == "What is wrong with the cache cannot be told"
    assert question.startswith("It cannot be told whether the KV cache is exhausted, ")
    assert "Which reads are missing, and why, is on the timeline." in question
    assert "Look at KV usage, preemptions and waiting requests" in question
    assert "is not exhausted" not in f"{ask.title} {question}"


@pytest.mark.parametrize(("name", "action"), ACTIONS)
def test_who_is_refused_an_action_is_asked_to_do_it_by_hand(name: str, action: Action) -> None:
    """Where triaged must not act the trouble stays, and somebody has to take it from there."""
    if action.verb in OF_SIZE:
        return
    steps = load()[name].steps
    after = steps[steps.index(action) + 1 :]
    instead = [
        one
        for one in after
        if isinstance(one, Ask)
        for condition in one.when
        if condition.step == action.id and condition.verdicts == set(NOT_DONE)
    ]

    assert action.on_failure is OnFailure.CONTINUE
    assert bool(instead) is not (action.id in ASKED_ANYWAY)


@pytest.mark.parametrize("verdict", pods.WRONG)
def test_whatever_is_wrong_with_pods_leads_somewhere_when_the_service_is_down(verdict: str) -> None:
    """A verdict that no step answers leaves whoever is called alone with it."""
    steps = load()["service-down"].steps

    leads = [
        one.id
        for one in steps
        for condition in one.when
        if condition.step == "pods" and verdict in condition.verdicts
    ]

    assert leads
