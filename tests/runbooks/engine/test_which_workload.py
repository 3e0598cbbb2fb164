"""Several workloads fit: the engine asks people which one is meant, and obeys the answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any  # what is asked of a desk that is wrapped

import pytest

from cluster.targets.target import Ambiguous, Candidate, NotFound, Selector, Target
from incidents.commands.incident import AskTarget, ChooseTarget
from incidents.commands.run import EndRun, RecordCheck, StartRun
from incidents.desk import Desk
from incidents.errors import Unavailable
from incidents.events.incident import TargetAsked
from incidents.events.run import APPLY
from incidents.targeting import named
from runbooks.engine.shelf import Beginning, begin
from tests.builders import INCIDENT
from tests.runbooks.engine.conftest import RUN, START, storm

AGAIN = "run-1-2"
CHECKED = """
title: A check
steps:
  - {id: first, title: Look, do: signal, with: {signal: waiting, at_most: 5}}
"""
WATCHED = """
title: A wait
steps:
  - {id: first, title: Wait, do: wait, with: {for: 30m}}
escalate:
  - {id: full, title: It stays full, signal: kv_usage, above: 0.9, for: 5m}
"""
SCALED = """
title: A change
steps:
  - id: add-decode
    title: More
    do: scale
    with: {replicas: "+2", at_most: 9}
    verify: {settle: 5m, lag: 1m, window: 3m, samples: 5, expect: [{signal: waiting, at_most: 5}]}
"""


@dataclass
class Several:
    """Finds Deployments of these names; `asked` is what it was asked for."""

    names: tuple[str, ...] = ("canary", "decode")
    asked: list[Selector] = field(default_factory=list)
    away: Exception | None = None

    def find(self, selector: Selector) -> Target:
        self.asked.append(selector)
        fitting = [n for n in self.names if selector.chosen in {"", f"Deployment {n}"}]
        if not fitting:
            message = "none of them is it"
            raise NotFound(message)
        if self.away is not None:
            raise self.away
        if len(fitting) > 1:
            message = "several fit"
            raise Ambiguous(message, candidates=[_candidate(one) for one in fitting])
        return Target(
            cluster=selector.cluster,
            namespace=selector.namespace,
            kind="Deployment",
            name=fitting[0],
            uid=f"uid-{fitting[0]}",
            model=selector.model,
            role=selector.role,
            pods=(),
        )


def _candidate(name: str) -> Candidate:
    words = f"pod → Deployment {name}"
    return Candidate(
        kind="Deployment", api_version="apps/v1", name=name, uid=f"uid-{name}", words=words
    )


@dataclass
class Away:
    """The desk, to which one kind of command cannot be told."""

    desk: Desk
    kind: type

    def __getattr__(self, name: str) -> Any:
        return getattr(self.desk, name)

    def tell(self, stream: str, command: object) -> object:
        if isinstance(command, self.kind):
            message = "the journal is away"
            raise Unavailable(message)
        return self.desk.tell(stream, command)


@pytest.fixture
def several(make_world):
    """Return a function that makes a world in which several workloads fit."""

    def make(runbook: str | None = None):
        world = make_world(runbook)
        world.targets = Several()
        world.restarted()
        return world

    return make


def questions(world) -> Sequence[str]:
    """Return what people were asked, in order."""
    told = [entry.event for entry in world.desk.history(1)]
    return [named(one.candidates) for one in told if isinstance(one, TargetAsked)]


def again(world, *, chosen: str) -> None:
    """End the run, and begin another one as the desk does after a choice."""
    if world.run.outcome is None:
        world.tell(EndRun(outcome="stopped", because="ann chose"))
    beginning = Beginning(
        incident=1,
        namespace="llm-d",
        model="llama",
        by="triaged",
        because="test",
        policy_digest="p",
        mode=APPLY,
        cluster="eu-1",
        chosen=chosen,
    )
    started = begin(world.runbook, beginning, texts=world.store.texts)
    world.desk.tell(AGAIN, StartRun(started=started))


def through(world) -> None:
    """Let the second run go on until nothing more happens."""
    while world.runner.advance(AGAIN):
        pass


def test_a_check_that_finds_several_asks_which_is_meant(several):
    """It cannot be told, and a person can tell it: with the names, once."""
    world = several(CHECKED)

    world.settle()

    assert world.step("first").verdict == "cannot_tell"
    assert questions(world) == ["Deployment canary, Deployment decode"]
    assert world.desk.incident(1).candidates[0].words == "pod → Deployment canary"


@pytest.mark.parametrize("after_a_crash", [False, True])
def test_it_is_asked_once_whatever_looks_again(several, after_a_crash):
    """Five checks of one run, and a process that is restarted, are one question."""
    world = several()
    world.settle()
    if after_a_crash:
        world.restarted()
    world.later(minutes=2)

    world.settle()

    assert len(questions(world)) == 1
    assert len(world.targets.asked) > 2


@pytest.mark.parametrize("kind", [AskTarget, RecordCheck])
def test_a_journal_that_is_away_in_between_loses_no_question(several, kind):
    """A verdict without its question would leave an incident about which nobody is asked."""
    world = several(CHECKED)
    desk = world.desk
    world.desk = Away(desk, kind)
    world.restarted()
    world.advance()
    before = (world.step("first").verdict, len(questions(world)))
    world.desk = desk
    world.restarted()

    world.settle()

    assert before == (None, 0 if kind is AskTarget else 1)
    assert (world.step("first").verdict, len(questions(world))) == ("cannot_tell", 1)


def test_a_plan_that_finds_several_asks_too(several):
    """A second workload may come up after the checks."""
    world = several(SCALED)

    world.settle()

    assert world.step("add-decode").verdict == "refused"
    assert questions(world) == ["Deployment canary, Deployment decode"]


def test_a_criterion_that_finds_several_asks_too(several):
    """A runbook without checks looks at the target for its criteria only."""
    world = several(WATCHED)
    world.settle()

    world.later(minutes=6)
    world.settle()

    assert questions(world) == ["Deployment canary, Deployment decode"]


def test_a_change_whose_proof_finds_several_asks_too(make_world):
    """What became of a change cannot be told; which workload is looked at next a person says."""
    world = make_world()
    storm(world)
    world.settle()
    world.approve()
    world.settle()
    world.targets = Several()
    world.restarted()

    world.until(lambda: world.step("add-decode").verdict is not None)

    assert world.step("add-decode").verdict == "cannot tell"
    assert questions(world) == ["Deployment canary, Deployment decode"]


def test_a_run_after_the_choice_looks_at_the_chosen_one(several):
    """The choice, and the cluster of the incident, go with the run."""
    world = several(CHECKED)
    world.settle()
    world.desk.tell(INCIDENT, ChooseTarget(chosen="Deployment decode", by="ann", via="slack"))

    again(world, chosen="Deployment decode")
    through(world)

    last = world.targets.asked[-1]
    assert world.targets.asked[0].cluster == "local"
    assert (last.chosen, last.cluster) == ("Deployment decode", "eu-1")
    assert world.desk.run(AGAIN).step("first").verdict == "within"
    assert len(questions(world)) == 1


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        pytest.param(("canary",), ["Deployment canary"], id="one-is-left"),
        pytest.param(
            ("blue", "canary"), ["Deployment blue, Deployment canary"], id="others-are-there"
        ),
        pytest.param((), [], id="nothing-is-left"),
    ],
)
def test_where_the_chosen_one_is_gone_it_is_asked_again(several, there, asked):
    """None is taken in its place by itself, not even the last that is left."""
    world = several(CHECKED)
    world.settle()
    world.desk.tell(INCIDENT, ChooseTarget(chosen="Deployment decode", by="ann", via="slack"))
    world.targets.names = there

    again(world, chosen="Deployment decode")
    through(world)

    assert world.desk.run(AGAIN).step("first").verdict == "cannot_tell"
    assert questions(world)[1:] == asked


def test_what_is_away_is_no_question(several):
    """Where the cluster does not answer, nobody can say what there is to choose."""
    world = several(CHECKED)
    world.targets.away = Unavailable("the API server is away")

    world.settle()

    assert world.step("first").because == "the API server is away"
    assert questions(world) == []
    assert (world.now, RUN) == (START, "run-1-1")
