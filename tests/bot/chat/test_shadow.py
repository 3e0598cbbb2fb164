"""Slack says of a run in shadow what it would have done, and never that it was done."""

from dataclasses import replace

from bot.chat.headline import headline
from bot.chat.message import Fields
from bot.chat.reports import report, thread, watched
from bot.chat.situation import Situation
from bot.chat.wanted import wanted
from incidents.commands.run import StartRun
from incidents.events.run import SHADOW, WouldHaveActed
from incidents.events.shadow import Did
from incidents.run import Run, evolve
from incidents.shadow import Watch
from incidents.shadow import evolve as evolve_watch
from tests.bot.chat.stories import Story
from tests.builders import NOON, RUN, plan, started
from tests.builders import report as report_alerts
from tests.incidents.test_shadow_watch import BEGAN, BEGIN, JUDGE, STREAM, act, note

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


def test_the_thread_says_in_one_message_what_people_did_instead() -> None:
    """It is edited as more is seen: three messages for one plan would be noise."""
    story = Story()
    story.desk.tell("incident-1", report_alerts())
    story.desk.tell(RUN, StartRun(started=started(mode=SHADOW)))
    keys = []
    for command in (BEGIN, note(Did.SAME, who=("eve <!channel>",)), JUDGE):
        story.desk.tell(STREAM, command)
        keys.append([row for row in wanted(story.situation(), now=NOON) if STREAM in row.key])

    first, second = (rows[0] for rows in keys[1:])
    said = second.body.decode()
    assert (keys[0], first.key, second.key) == (
        [],
        f"incident-1/{RUN}/{STREAM}",
        f"incident-1/{RUN}/{STREAM}",
    )
    assert "people did the same: replicas is 6 now, by eve" in said
    assert "verification says of it: verified: preemptions stopped" in said
    assert "parent" not in said
    assert f'"thread":"incident-1/{RUN}"' in said


def test_what_was_watched_of_another_run_stands_in_its_own_thread() -> None:
    """Two runs of one runbook each have their plans."""
    watch = evolve_watch(Watch(id=STREAM), replace(BEGAN, run="run-1-2"), NOON)
    seen = evolve_watch(watch, act(Did.SAME), NOON)

    assert watched(seen, shadowed()) is None
    assert watched(Watch(id=STREAM), shadowed()) is None
