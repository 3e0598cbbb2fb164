"""Two runbooks that may be equally right are refused at load."""

import pytest

from runbooks.language import matchers
from runbooks.language.model import Match
from runbooks.language.ties import tied


def match(*labels: str, addresses: tuple[str, ...] = ()) -> Match:
    return Match(labels=tuple(matchers.parse(text) for text in labels), addresses=addresses)


@pytest.mark.parametrize(
    ("one", "other", "tie"),
    [
        pytest.param(match('a="x"'), match('a="x"'), True, id="the-same"),
        pytest.param(match('a="x"'), match('a="y"'), False, id="different-values"),
        pytest.param(match('a="x"'), match('b="x"'), True, id="different-labels"),
        pytest.param(match('a=~"x|y"'), match('a=~"y|z"'), True, id="overlapping-words"),
        pytest.param(match('a=~"x|y"'), match('a=~"z"'), False, id="different-words"),
        pytest.param(match('a=~"x.*"'), match('a="y"'), False, id="a-pattern-and-another-word"),
        pytest.param(match('a="y"'), match('a=~"x.*"'), False, id="the-other-way-round"),
        pytest.param(match('a=~"x.*"'), match('a=~".*y"'), True, id="two-patterns"),
        pytest.param(match('a!="x"'), match('a!="y"'), True, id="two-exclusions"),
        pytest.param(match('a="x"'), match('a="x"', 'b="y"'), False, id="more-matchers"),
        pytest.param(match(), match(), False, id="neither-matches-anything"),
        pytest.param(
            match(addresses=(".*/a",)), match(addresses=(".*/b",)), False, id="two-endings"
        ),
        pytest.param(
            match(addresses=(".*/a",)), match(addresses=(".*/b/a",)), True, id="one-ending"
        ),
        pytest.param(
            match(addresses=(".*/a",)), match(addresses=(".*/a",)), True, id="one-address"
        ),
        pytest.param(
            match(addresses=(".*/a(/.*)?",)),
            match(addresses=(".*/b",)),
            True,
            id="an-open-ending",
        ),
        pytest.param(
            match(addresses=(".*/a|.*/c",)), match(addresses=(".*/b",)), True, id="alternatives"
        ),
        pytest.param(
            match(addresses=(r".*/a\.md",)), match(addresses=(r".*/b\.md",)), False, id="escaped"
        ),
    ],
)
def test_a_tie_is_seen_wherever_it_cannot_be_excluded(one, other, tie):
    """A needless priority costs a line; the wrong runbook costs an hour."""
    assert tied(one, 50, other, 50) is tie
    assert tied(other, 50, one, 50) is tie


def test_another_priority_settles_it():
    """The author decides."""
    assert tied(match('a="x"'), 50, match('a="x"'), 60) is False


def test_the_linter_names_both_files(complaints, good):
    """The author must know which other runbook to look at."""
    assert complaints(first=good, second=good) == [
        (
            "second.yaml:15: an alert may match this and first.yaml equally well;"
            " give one another priority"
        )
    ]


def test_a_tie_with_a_shipped_runbook_is_found_before_it_is_deployed(complaints, good):
    """The team's folder is loaded beside the library, so it is checked beside it."""
    text = good.replace('"Example"', '"VLLMKVCacheCritical"').replace(
        "parameters:", "priority: 60\nparameters:"
    )

    (found,) = complaints(example=text)

    assert "this and cache-evictions.yaml equally well" in found
