"""The story of the shipped runbook, from the first check to the verified change."""

from datetime import timedelta

import pytest

from incidents.commands.run import AskUndo


def become_ready(world, count: int = 6) -> None:
    world.workload.ready = count
    world.workload.ready_since = world.now


def test_the_checks_find_the_cache_exhausted_and_plan_four_to_six(planned):
    """People are asked about exactly this change, with nothing changed so far."""
    plan = planned.step("add-decode").plan

    assert planned.step("kv-cache").verdict == "exhausted"
    assert (plan.before, plan.after) == ((("replicas", "4"),), (("replicas", "6"),))
    assert planned.scale.applied == []


def test_an_approved_change_is_claimed_before_it_is_applied(planned):
    """A crash between the two must show up as doubt, so the claim is written first."""
    seen = []
    planned.scale.before_apply = lambda: seen.extend(planned.events())
    planned.approve()

    planned.settle()

    assert seen[-1] == "StepStarted"
    assert planned.scale.applied == [("run-1-1/add-decode/1", 6)]


def test_a_change_that_helps_ends_verified_and_the_run_completed(applied):
    """A desk exists for this: a change that was proven to help."""
    applied.later(minutes=3)
    become_ready(applied)

    applied.until(lambda: applied.run.outcome is not None)

    assert applied.step("add-decode").verdict == "verified"
    assert applied.run.outcome == "completed"
    assert applied.step("look-elsewhere").status.value == "skipped"


def test_the_window_begins_after_the_pods_are_ready_and_a_lag(applied):
    """Rates look back five minutes: judged earlier, the storm would still be seen."""
    applied.later(minutes=3)
    become_ready(applied)
    applied.settle()

    applied.later(minutes=10, seconds=59)
    applied.settle()
    early = applied.step("add-decode").verdict
    applied.later(seconds=2)
    applied.settle()

    assert (early, applied.step("add-decode").verdict) == (None, "verified")


def test_the_number_of_ready_pods_is_recorded_when_it_changes(applied):
    """People watch the model load; a line per poll would bury everything else."""
    before = len(applied.events())
    for ready in (4, 4, 5, 5, 6):
        applied.workload.ready = ready
        applied.workload.ready_since = applied.now if ready == 6 else None
        applied.later(seconds=20)
        applied.advance()

    assert len(applied.events()) - before == 2
    assert applied.step("add-decode").ready == (6, 6)


def test_how_a_change_without_pods_stands_is_recorded_when_it_changes(applied):
    """A route is no pod: that no gateway follows it is what people wait for."""
    before = len(applied.events())
    for words in ("no gateway follows it", "no gateway follows it", "a gateway refuses it"):
        applied.workload.ready, applied.workload.words = 5, words
        applied.later(seconds=20)
        applied.advance()

    assert len(applied.events()) - before == 2
    assert applied.step("add-decode").settling == "a gateway refuses it"


def test_an_undo_is_planned_approved_and_ends_the_run(applied):
    """Taking back is a change like any other: nobody's click on Undo changes the cluster alone."""
    applied.later(minutes=3)
    become_ready(applied)
    applied.until(lambda: applied.run.outcome is not None)
    applied.tell(AskUndo(step="add-decode", by="bob", because="traffic is gone"))

    applied.settle()
    waiting = applied.step("undo-add-decode")
    applied.approve("undo-add-decode", by="bob")
    applied.settle()
    applied.workload.ready = 6
    applied.advance()
    become_ready(applied, 4)
    applied.until(lambda: applied.run.outcome is not None)

    assert waiting.plan.after == (("replicas", "4"),)
    assert applied.scale.applied[-1] == ("run-1-1/undo-add-decode/2", 4)
    assert applied.step("undo-add-decode").verdict == "verified"
    assert applied.run.outcome == "undone"


def test_pods_that_are_to_go_are_not_counted_as_ready(applied):
    """Six of four ready pods would look like a finished undo while requests are still cut off."""
    become_ready(applied)
    applied.until(lambda: applied.run.outcome is not None)
    applied.tell(AskUndo(step="add-decode", by="bob", because="traffic is gone"))
    applied.settle()
    applied.approve("undo-add-decode")
    applied.settle()

    applied.later(minutes=1)
    moved = applied.advance()

    assert (moved, applied.step("undo-add-decode").ready) == (False, None)


@pytest.mark.parametrize("minutes", [0, 20])
def test_a_run_without_anything_to_do_says_so(applied, minutes):
    """The loop calls every open run; a move that records nothing must not spin."""
    applied.later(minutes=minutes)

    applied.settle()

    assert applied.advance() is False
    assert applied.runner.next_move("run-1-1").__class__.__name__ == "Observe"
    assert timedelta(minutes=minutes) <= applied.now - applied.run.opened_at
