"""What follows a change that was not made, and steps that act on what a check has found."""

import pytest

from cluster.signals.reading import NotApplicable
from incidents.errors import Rejected
from incidents.run import StepStatus

INSTEAD = """
title: Something instead
steps:
  - id: look
    title: Look
    do: signal
    with: {signal: waiting, at_most: 5}
  - id: more
    title: More
    do: scale
    when: {look: [beyond]}
    with: {replicas: "+1", at_most: 9}
    on_failure: continue
    verify: {settle: 10m, window: 5m, expect: [{signal: waiting, at_most: 5}]}
  - id: by-hand
    title: By hand
    do: ask
    when: {more: [refused, failed]}
    with: {question: Is it done by hand?}
"""
FOUND = """
title: Act on what was found
steps:
  - id: look
    title: Look
    do: signal
    with: {signal: waiting, at_most: 5}
  - id: where
    title: Where?
    do: nodes
    when: {look: [beyond]}
    with: {pod: $look.pod}
  - id: go
    title: Let it go
    do: evict
    when: {look: [beyond]}
    with: {pod: $look.pod}
    on_failure: continue
    verify: {settle: 10m}
"""


class FakeEvict:
    """Remembers with what it was planned."""

    name = "evict"

    def __init__(self) -> None:
        self.asked: list[object] = []

    def plan(self, target, parameters):
        self.asked.append(dict(parameters))
        message = "evict: the budget forbids it"
        raise Rejected(message)


@pytest.fixture
def world(make_world):
    world = make_world(INSTEAD)
    world.signals.values["waiting"] = lambda _: 40.0
    return world


def test_what_must_not_be_done_is_put_to_a_person(world):
    """A refusal names what to do instead: somebody has to do it, and say so."""
    world.scale.gone = Rejected("an operator owns the size")

    world.settle()

    assert world.step("more").status is StepStatus.REFUSED
    assert world.step("by-hand").status is StepStatus.ASKED


def test_what_a_person_refused_is_put_to_a_person_too(world):
    """Not by triaged does not mean not at all."""
    world.settle()
    world.refuse("more")
    world.settle()

    assert world.step("more").status is StepStatus.FAILED
    assert world.step("by-hand").status is StepStatus.ASKED


def test_what_is_not_needed_is_not_asked(world):
    """A step that was left out was neither refused nor tried."""
    world.signals.values["waiting"] = lambda _: 1.0

    world.settle()

    assert world.step("by-hand").because == "more is skipped, not failed or refused"


def test_an_action_gets_the_pod_that_a_check_has_found(make_world):
    """The pod that people read of is the one that goes; the journal remembers it."""
    world = make_world(FOUND)
    evict = FakeEvict()
    world.signals.values["waiting"] = lambda _: 40.0
    world.hands = {evict.name: evict}
    world.restarted()

    world.settle()

    assert world.step("look").found == (("pod", "decode-0"),)
    assert evict.asked == [{"pod": "decode-0"}]


def test_where_no_pod_was_found_nothing_is_done_and_it_says_so(make_world):
    """A number of the whole pool names nobody: a guess would be the wrong pod."""
    world = make_world(FOUND)
    world.signals.values["waiting"] = lambda _: 40.0
    world.signals.read_by_pod = lambda *_, **__: NotApplicable(signal="waiting", because="")

    world.settle()

    assert world.step("go").status is StepStatus.REFUSED
    assert world.step("go").because == "go: $look.pod: look named no pod"
    assert world.step("where").verdict == "cannot_tell"
    assert world.step("where").because == "where: $look.pod: look named no pod"
