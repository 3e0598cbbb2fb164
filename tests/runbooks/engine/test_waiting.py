"""What a run waits for stands in its journal: said once, true for every process, and ended."""

from datetime import timedelta

import pytest

from incidents.commands.run import SkipStep
from incidents.desk import Desk
from incidents.errors import HoldConflict, RequirementConflict, Unavailable
from incidents.run import StepStatus
from runbooks.engine import waiting

STEP = "add-decode"


def held(kind, key, holder=None):
    return HoldConflict(f"{kind} {key} is not free", kind=kind, key=key, holder=holder)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(
            held("frozen", "all", "desk"),
            "nothing may be changed anywhere until somebody thaws it",
            id="frozen",
        ),
        pytest.param(
            held("frozen", "llm-d", "desk"),
            "nothing may be changed in llm-d until somebody thaws it",
            id="frozen-namespace",
        ),
        pytest.param(
            held("claim", "uid-decode", "run-2-1"),
            "run-2-1 is changing the same workload, or waits for a person in doubt",
            id="claimed",
        ),
        pytest.param(
            held("open_incident", "local/llm-d/llama"),
            "its incident is over: only an undo may still change anything",
            id="incident-over",
        ),
        pytest.param(
            held("used", "approval-1-1-1", "run-1-1"), "used approval-1-1-1 is not free", id="used"
        ),
        pytest.param(
            RequirementConflict("4 of 4 are spent", kind="budget"),
            "its workload was changed as often as it may be: 4 of 4 are spent",
            id="budget",
        ),
        pytest.param(
            RequirementConflict("approval-1-1-1 is expired, not granted"),
            "approval-1-1-1 is expired, not granted",
            id="approval",
        ),
    ],
)
def test_a_claim_that_has_to_wait_says_why_in_plain_words(error, words):
    """Whoever pressed Approve must learn what to do about it, not the name of a row."""
    assert waiting.because(error) == words


def away(world, because="the API server is away"):
    world.scale.away = Unavailable(because)


def told(world, kind):
    return world.events().count(kind)


def test_another_process_reads_what_a_step_waits_for(planned):
    """The page, the chat and the command line run where the hands are not."""
    away(planned)
    planned.approve()
    planned.settle()

    elsewhere = Desk(journal=planned.store.journal, policy=planned.policy, clock=planned.desk.clock)

    waits = elsewhere.run("run-1-1").waits
    assert (waits.step, waits.because, waits.since) == (
        STEP,
        "the API server is away",
        planned.now,
    )


def test_a_reason_is_told_once_however_often_the_loop_asks(planned):
    """The journal must not grow while nothing happens."""
    away(planned)
    planned.approve()

    for _ in range(200):
        planned.advance()
        planned.later(seconds=1)

    assert told(planned, "StepWaits") == 1


def test_reasons_that_come_and_go_are_told_once_a_minute(planned):
    """Every row wakes all loops: two errors in turns would keep them busy for ever."""
    planned.approve()

    for number in range(300):
        away(planned, f"timed out after {number} ms")
        planned.advance()
        planned.later(seconds=1)

    assert told(planned, "StepWaits") == 5


def test_a_cluster_that_comes_and_goes_while_settling_is_told_twice_a_minute_at_most(applied):
    """Its pods do not change, so nothing else would say that it is there again."""
    for number in range(300):
        applied.scale.away = Unavailable("away") if number % 2 else None
        applied.advance()
        applied.later(seconds=1)

    assert (told(applied, "StepWaits"), told(applied, "StepGoesOn")) == (5, 4)


def test_a_settling_that_can_be_watched_again_says_so(applied):
    """A reason that is no longer true would send people to the wrong place."""
    away(applied)
    applied.settle()
    waited = applied.waits()
    applied.scale.away = None
    applied.later(minutes=1)

    applied.settle()

    assert waited == "add-decode: it cannot be watched: the API server is away"
    assert applied.waits() is None


def test_an_approval_that_ends_while_its_step_waits_is_no_going_on(planned):
    """The cluster is still away: `waits no more` would promise a change that does not come."""
    away(planned)
    planned.approve()
    planned.settle()

    planned.later(minutes=10)
    planned.settle()

    assert (told(planned, "StepWaits"), told(planned, "StepGoesOn")) == (1, 0)


def test_waiting_does_not_put_off_the_end_of_patience(story):
    """What cannot be planned gives up after its timeout, however often its reason changes."""
    began = story.now

    for minute in range(31):
        away(story, f"timed out after {minute} ms")
        story.settle()
        story.later(minutes=1)

    assert (story.step(STEP).status, story.step(STEP).at) == (
        StepStatus.FAILED,
        began + timedelta(minutes=30),
    )


def test_what_a_person_did_first_is_no_reason_to_wait(planned):
    """The move that no longer fits is forgotten; the next one is made from what is there now."""

    class Slow:
        """A desk at which Bob is faster than the runner."""

        def __getattr__(self, name):
            return getattr(planned.desk, name)

        def tell(self, stream, command):
            if planned.step(STEP).status is StepStatus.PLANNED:
                planned.tell(SkipStep(step=STEP, by="bob", because="by hand"))
            return planned.desk.tell(stream, command)

    planned.workload.replicas, planned.workload.version = 5, 2  # its plan is to be voided
    planned.approve()
    desk, planned.desk = planned.desk, Slow()
    runner, planned.desk = planned.restarted(), desk

    assert runner.advance("run-1-1") is True
    assert planned.step(STEP).status is StepStatus.SKIPPED
    assert planned.waits() is None
