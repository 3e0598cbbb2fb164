"""Loops turn, fail, back off, go on, and end when they are told to."""

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from bot.app.lifecycle import Turning, ends_within, stop_all
from bot.app.metrics import Metrics
from incidents.errors import Unavailable

SOON = 5.0


class Script:
    """A loop whose turns are written down; after them it waits until it is let go."""

    name = "script"

    def __init__(self, *turns: Callable[[], bool]) -> None:
        self._turns = iter(turns)
        self.turned = 0
        self.over = Event()
        self.let_go = Event()

    def once(self) -> bool:
        """Do the next turn."""
        turn = next(self._turns, None)
        if turn is None:
            self.over.set()
            return False
        self.turned += 1
        return turn()

    def wait(self) -> None:
        """Wait as a loop does, a moment at most."""
        self.let_go.wait(0.01)


def failing(error: Exception) -> Callable[[], bool]:
    """Return a turn that fails."""

    def turn() -> bool:
        raise error

    return turn


@pytest.fixture
def metrics() -> Metrics:
    """Make the metrics of a process."""
    return Metrics()


@pytest.fixture
def turn(metrics: Metrics) -> Iterator[Callable[[Script], Turning]]:
    """Start loops, and end them with the test."""
    started: list[Turning] = []

    def start(loop: Script, *, may_run: Callable[[], bool] = lambda: True) -> Turning:
        started.append(Turning(loop, metrics=metrics, may_run=may_run, idle=0.01))
        started[-1].start()
        return started[-1]

    yield start
    assert stop_all(started, deadline=SOON) == []


def test_a_loop_that_fails_goes_on(turn: Callable[[Script], Turning], metrics: Metrics) -> None:
    """One bad row must not end the desk; what failed is counted."""
    loop = Script(
        failing(RuntimeError("a bug")), failing(Unavailable("away")), lambda: True, lambda: False
    )

    turn(loop)

    assert loop.over.wait(SOON)
    assert loop.turned == 4
    failures = metrics.registry.get_sample_value("triaged_loop_failures_total", {"loop": "script"})
    assert failures == 2.0
    turns = metrics.registry.get_sample_value("triaged_loop_turns_total", {"loop": "script"})
    assert turns == 1.0


def test_a_loop_that_always_fails_ends_at_once(turn: Callable[[Script], Turning]) -> None:
    """Its pause is seconds long by then, and a stop must not wait for it."""
    failed = [Event() for _ in range(3)]

    def fail(event: Event) -> Callable[[], bool]:
        def once() -> bool:
            event.set()
            raise Unavailable

        return once

    turning = turn(Script(*map(fail, failed)))
    assert failed[-1].wait(SOON)

    turning.stop()

    assert turning.join(0.5)


def test_a_loop_that_may_not_run_does_nothing(metrics: Metrics) -> None:
    """Another process leads."""
    asked = Event()
    loop = Script(lambda: True)

    def may_run() -> bool:
        asked.set()
        return False

    turning = Turning(loop, metrics=metrics, may_run=may_run, idle=0.01)
    turning.start()
    assert asked.wait(SOON)

    assert stop_all([turning], deadline=SOON) == []
    assert loop.turned == 0


def test_the_thing_in_hand_is_finished_first(metrics: Metrics) -> None:
    """A step that is cut off in the middle would be one in doubt."""
    begun, finish = Event(), Event()

    def long() -> bool:
        begun.set()
        return finish.wait(SOON)

    loop = Script(long, lambda: True)
    turning = Turning(loop, metrics=metrics, may_run=lambda: True)
    turning.start()
    assert begun.wait(SOON)

    turning.stop()
    finish.set()

    assert turning.join(SOON)
    assert loop.turned == 1


def test_a_loop_that_hangs_is_reported_and_not_waited_for(metrics: Metrics) -> None:
    """The others still stop in order, and the kernel ends the process at its deadline."""
    begun, finish = Event(), Event()

    def hang() -> bool:
        begun.set()
        return finish.wait(SOON)

    hanging = Turning(Script(hang), metrics=metrics, may_run=lambda: True)
    fine = Turning(Script(), metrics=metrics, may_run=lambda: True)
    for one in (hanging, fine):
        one.start()
    assert begun.wait(SOON)

    left = stop_all([hanging, fine], deadline=0.1)

    assert left == [hanging]
    finish.set()
    assert stop_all([hanging, fine], deadline=SOON) == []


def test_an_end_that_hangs_is_not_waited_for() -> None:
    """Slack's client waits for whoever reads, who waits for Slack."""
    finish = Event()

    assert ends_within(SOON, lambda: None)
    assert not ends_within(0.05, lambda: finish.wait(SOON) and None)
    finish.set()
