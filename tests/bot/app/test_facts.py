"""Facts and signals: what the rules ask for can be asked for."""

from datetime import UTC, datetime

import pytest

from bot.app.facts import Asked, NoSource
from cluster.signals.catalogue import SIGNALS
from incidents.facts import FACTS, Fact, Kind, Origin, Unknown
from tests.builders import PLACE

SIGNALLED = [fact for fact in FACTS.values() if fact.origin is Origin.SIGNAL]


@pytest.mark.parametrize("fact", SIGNALLED, ids=lambda fact: fact.name)
def test_a_fact_that_is_a_signal_is_in_the_catalogue_of_signals(fact: Fact) -> None:
    """A renamed signal would be a fact that is never known, and nobody would be woken by it."""
    signal = SIGNALS[fact.of]

    assert fact.kind is not Kind.NUMBER or fact.unit == signal.unit


def test_without_a_source_every_fact_says_that_there_is_none() -> None:
    """Nothing that was not asked may look like zero."""
    asked = Asked(place=PLACE, names=("error_ratio", "serving"))

    assert NoSource().gather([asked], datetime.now(UTC)) == [
        {
            "error_ratio": Unknown(why="no live source", lasting=True),
            "serving": Unknown(why="no live source", lasting=True),
        }
    ]
