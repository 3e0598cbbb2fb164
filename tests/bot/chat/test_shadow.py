"""Slack says of a run in shadow what it would have done, and never that it was done."""

from dataclasses import replace

from bot.chat.headline import headline
from bot.chat.message import Fields
from bot.chat.reports import report, thread
from bot.chat.situation import Situation
from incidents.events.run import SHADOW, WouldHaveActed
from incidents.run import Run, evolve
from tests.bot.chat.stories import Story
from tests.builders import NOON, RUN, plan, started

CHANGE = "scale Deployment llm-d/decode: replicas 4 → 6"
WOULD = WouldHaveActed(step="scale-decode", plan=plan(), approvers=("ann",), needed=1)


def shadowed(*told: WouldHaveActed) -> Run:
    """Return a run in shadow."""
    run = evolve(Run(id=RUN), started(mode=SHADOW), NOON)
    for event in told:
        run = evolve(run, event, NOON)
    return run


def in_shadow(*told: WouldHaveActed) -> str | None:
    """Return what the headline says of the last run."""
    situation: Situation = replace(Story().open().situation(), runs=(shadowed(*told),))
    fields = [one for one in headline(situation).blocks if isinstance(one, Fields)]
    return dict(pair for one in fields for pair in one.pairs).get("In shadow")


def test_the_headline_says_what_would_have_been_done() -> None:
    """Whoever reads nothing else must not think that somebody saw to it."""
    assert in_shadow(WOULD) == f"would have: {CHANGE}"
    assert in_shadow() == "it would not have changed anything so far"


def test_a_run_that_acts_says_nothing_of_shadow() -> None:
    """A word that stands everywhere is read nowhere."""
    fields = headline(Story().open().situation()).blocks

    assert "In shadow" not in str(fields)


def test_the_thread_says_it_at_its_beginning_and_where_the_card_would_stand() -> None:
    """Nobody waits for a card with buttons that never comes."""
    told = report(WOULD)

    assert "nobody is asked for approval" in str(thread(shadowed()).blocks)
    assert "nobody is asked" not in str(thread(evolve(Run(id=RUN), started(), NOON)).blocks)
    assert told is not None
    assert told.text.startswith(f"scale-decode would have: {CHANGE}")
