"""The runner between its collaborators: what they refuse stands still and says why."""

import pytest

from cluster.signals.reading import NotApplicable
from incidents.commands.run import SkipStep
from incidents.errors import Rejected, VersionConflict
from runbooks.engine import moves
from runbooks.engine.runner import Runner


class Busy:
    """A desk that takes no command: somebody is always first, or it is refused."""

    def __init__(self, desk, error=None) -> None:
        self._desk = desk
        self._error = error or VersionConflict("others were first")

    def run(self, run_id):
        return self._desk.run(run_id)

    def approval(self, approval_id):
        return self._desk.approval(approval_id)

    def tell(self, stream, command):
        raise self._error


def test_a_run_that_does_not_exist_has_nothing_to_do(story):
    """A summary may be older than the journal."""
    assert story.runner.advance("run-9-9") is False
    assert story.runner.next_move("run-9-9") == moves.Nothing(until=None)


def test_a_run_that_is_over_has_nothing_to_do(story):
    """The loop may call it once more."""
    story.signals.values["preemptions"] = lambda _: 0.0
    story.signals.values["kv_usage"] = lambda _: 0.2
    story.settle()

    assert story.run.outcome == "completed"
    assert story.advance() is False


def test_somebody_who_was_first_counts_as_something_that_happened(story):
    """The loop must come again at once with the new state."""
    runner = Runner(
        desk=Busy(story.desk),
        tools=story.runner._tools,
        runbooks=story.shelf,
        verbs=story.verbs,
        clock=lambda: story.now,
    )

    assert runner.advance("run-1-1") is True


def test_a_run_whose_runbook_is_gone_stands_still_and_says_so(story):
    """Another version of the runbook must never be run in its place."""
    story.shelf.runbooks.clear()
    story.store.texts.erase([story.run.started.runbook_text])

    moved = story.advance()

    assert moved is False
    assert story.waits().startswith(": cache-evictions: the text of ")


def test_a_run_keeps_the_runbook_that_it_began_with(story):
    """An edited library must not change what a running incident does next."""
    story.shelf.runbooks.clear()

    story.settle()

    assert story.step("kv-cache").verdict == "exhausted"
    assert story.shelf.pinned(story.run.started) == story.runbook


def test_standing_is_forgotten_when_something_happens(planned):
    """An old reason beside a run that moves on would mislead."""
    planned.expire()
    planned.settle()
    planned.expire()
    planned.settle()
    stands = planned.waits()
    planned.tell(SkipStep(step="add-decode", by="bob", because="by hand"))
    planned.settle()

    assert (stands is None, planned.waits()) == (False, None)


@pytest.mark.parametrize("given", [{"growth": "+100%"}, {"ceiling": "7"}])
def test_parameters_of_the_run_reach_the_plan(make_world, given):
    """What a person set when it started is what is planned."""
    world = make_world(None, **given)
    world.signals.values |= {
        "preemptions": lambda _: 2.0,
        "kv_usage": lambda _: 0.98,
        "running": lambda _: 9.0,
        "generation_tokens": lambda _: 9.0,
        "prompt_tokens": lambda _: 9.0,
        "transfer_failures": lambda _: NotApplicable(signal="transfer_failures", because=""),
    }

    world.settle()

    assert dict(world.step("add-decode").plan.parameters) == {
        "replicas": given.get("growth", "+50%"),
        "at_most": given.get("ceiling", "16"),
        "at_least": "1",
    }


@pytest.mark.parametrize(
    ("error", "happened"),
    [
        pytest.param(VersionConflict("others were first"), True, id="somebody-was-first"),
        pytest.param(Rejected("run-1-1 is over"), False, id="refused"),
    ],
)
def test_a_watch_never_raises_what_the_desk_says(make_world, error, happened):
    """One run must not stop the loop over all of them."""
    world = make_world(
        """
title: Watched
steps: [{id: hold, title: Hold, do: ask, with: {question: Done?}}]
escalate: [{id: spread, title: Several, ask: Are several affected?, after: 1m}]
"""
    )
    world.settle()
    world.later(minutes=2)
    runner = Runner(
        desk=Busy(world.desk, error),
        tools=world.runner._tools,
        runbooks=world.shelf,
        verbs=world.verbs,
        clock=lambda: world.now,
    )

    assert runner.watch("run-1-1") is happened


def test_an_older_runbook_is_read_once(story):
    """The loop asks several times a second."""
    story.shelf.runbooks.clear()

    first = story.shelf.pinned(story.run.started)

    assert story.shelf.pinned(story.run.started) is first
