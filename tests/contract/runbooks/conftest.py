"""The engine over the rehearsal world: real clients, real PromQL, a model of llm-d behind them."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from cluster.actions.registry import verbs as actions
from cluster.clients.access import Direct
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.targets.labels import LabelTargets
from cluster.tools import Tools
from drills.installation import MODEL, NAMESPACE
from drills.world import World
from incidents.approval import ApprovalState
from incidents.commands.approval import Approve
from incidents.commands.run import StartRun
from incidents.default_policy import default_policy
from incidents.desk import Desk
from incidents.events.run import APPLY
from incidents.linking import owed
from incidents.run import Run
from runbooks.engine.runner import Runner
from runbooks.engine.shelf import Beginning, Shelf, begin
from runbooks.language import loader, registry
from storage.memory import MemoryStore
from tests.builders import INCIDENT, report

RUN = "run-1-1"
RUNBOOK = "cache-evictions"


class Rehearsal:
    """One run of the shipped runbook in a world whose time is stepped."""

    def __init__(self, world: World, tools: Tools) -> None:
        self.world = world
        clock = world.clock.now
        store = MemoryStore(clock=clock)
        self._policy = replace(default_policy(), approvers=("alice",))
        self.desk = Desk(journal=store.journal, policy=self._policy, clock=clock)
        verbs, library = registry.verbs(), loader.load()
        shelf = Shelf(runbooks=library, texts=store.texts, verbs=verbs)
        self.runner = Runner(desk=self.desk, tools=tools, runbooks=shelf, verbs=verbs, clock=clock)
        beginning = Beginning(
            incident=1,
            namespace=NAMESPACE,
            model=MODEL,
            by="triaged",
            because="VLLMPreemptionsHigh fires",
            policy_digest="",
            mode=APPLY,
        )
        world.advance(780)  # the long prompts begin after a minute; the alert rings by now
        self.desk.tell(INCIDENT, report())
        started = begin(library[RUNBOOK], beginning, texts=store.texts)
        self.desk.tell(RUN, StartRun(started=started))
        self.settle()

    @property
    def run(self) -> Run:
        return self.desk.run(RUN)

    def approve(self) -> None:
        """Let Alice say yes to the plan that stands, and the engine carry it out."""
        step = self.run.step("add-decode")
        approve = Approve(by="alice", via="slack", digest=step.plan.digest)
        self.desk.tell(step.approval, approve)
        self.settle()

    def settle(self) -> None:
        """Move on until nothing happens at this moment."""
        while self._link() or self.runner.advance(RUN):
            pass

    def end(self) -> Run:
        """Let time pass, a minute at a time, until the run is over."""
        for _ in range(120):
            self.settle()
            if self.run.outcome is not None:
                return self.run
            self.world.advance(60)
        raise AssertionError(self.run)

    def _link(self) -> bool:
        names = [step.approval for step in self.run.steps.values() if step.approval]
        known = {name: self.desk.approval(name) for name in names}
        there = {name: one for name, one in known.items() if one.asked is not None}
        assert all(one.state is not ApprovalState.EXPIRED for one in there.values())
        debts = owed(self.desk.incident(1), [self.run], there, self._policy, self.desk.clock())
        mine = [one for one in debts if one.stream.startswith("approval-")]
        told = [self.desk.tell(one.stream, one.command) for one in mine]
        return any(one.events for one in told)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Serve one world; each rehearsal begins it again."""
    served = World(story="kv-cache")
    served.start()
    yield served
    served.stop()


@pytest.fixture
def rehearse(world: World) -> Iterator[Callable[[], Rehearsal]]:
    """Begin the story again, and the shipped runbook in it."""
    world.reset()
    prometheus = PrometheusClient(world.addresses.prometheus, session=PrometheusSession())
    kubernetes = KubernetesClient(Direct(address=world.addresses.kubernetes))
    tools = Tools(
        signals=PrometheusSignals(prometheus),
        targets=LabelTargets(kubernetes),
        verbs=actions(kubernetes),
    )
    yield lambda: Rehearsal(world, tools)
    kubernetes.close()
    prometheus.close()
