"""What the shipped runbooks ask people: true of every verdict for which it is asked."""

import pytest

from runbooks.language.loader import load
from runbooks.language.model import Ask

CANNOT_TELL = "cannot_tell"
ASKS = [
    pytest.param(step, id=f"{name}-{step.id}")
    for name, runbook in load().items()
    for step in runbook.steps
    if isinstance(step, Ask)
]


def verdicts(ask: Ask) -> set[str]:
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
