"""The thresholds of guardrails: for every change, or for some."""

from datetime import timedelta

import pytest

from incidents.guardrails import Exceptions, Guardrails, Limits, any_like

CAREFUL = Exceptions(
    limits={"largest_step": 2},
    actions=("scale", "auto*"),
    environments=("production",),
    namespaces=("llm-*",),
)
LATER = Exceptions(limits={"largest_step": 4, "cool_down": timedelta()})


def limits(*exceptions: Exceptions, **change: str) -> Limits:
    """Return the limits of a scale in production, or of another change."""
    meant = {"action": "scale", "environment": "production", "namespace": "llm-d", **change}
    return Guardrails(exceptions=exceptions).of(**meant)


def test_without_exceptions_the_limits_are_those_of_all() -> None:
    """An empty folder works."""
    assert limits() == Limits()


def test_an_exception_changes_what_it_says_and_nothing_else() -> None:
    """Whoever loosens the step does not mean the cool-down."""
    assert limits(CAREFUL) == Limits(largest_step=2)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"action": "restart"}, id="action"),
        pytest.param({"environment": "staging"}, id="environment"),
        pytest.param({"namespace": "other"}, id="namespace"),
    ],
)
def test_an_exception_is_for_what_fits_all_of_it(change: dict[str, str]) -> None:
    """One that fits half of a change would be in force where nobody meant it."""
    assert limits(CAREFUL, **change) == Limits()


def test_of_several_exceptions_the_last_one_counts() -> None:
    """A list is read from the general to the special."""
    assert limits(CAREFUL, LATER) == Limits(largest_step=4, cool_down=timedelta())


@pytest.mark.parametrize(("text", "fits"), [("llm-d", True), ("llm", False)])
def test_a_name_is_like_any_of_the_patterns(text: str, fits: bool) -> None:
    """A star stands for any text, and what is not named is not meant."""
    assert any_like(("a", "llm-*"), text) is fits
