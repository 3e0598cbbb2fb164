"""A small world for the engine: the real desk over memory, and a cluster of one Deployment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from cluster.actions import size
from cluster.actions.plan import Applied, Done, Plan, Settled, Verb
from cluster.actions.signature import Signature
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.things import Thing
from cluster.evidence.bundle import Bundle
from cluster.signals.reading import (
    NoData,
    NotApplicable,
    Observation,
    Parts,
    PerPod,
    PerRank,
    Reading,
    Why,
)
from cluster.signals.signals import DEADLINE, Samples
from cluster.targets.target import Selector, Target
from cluster.tools import Tools
from incidents.commands.approval import Approve, ExpireApproval, Refuse
from incidents.commands.run import StartRun
from incidents.default_policy import default_policy
from incidents.desk import Desk
from incidents.errors import Conflict, Unavailable
from incidents.events.run import APPLY, SHADOW, WriteRecord
from incidents.journal import Aggregate
from incidents.linking import owed
from runbooks.engine.runner import Runner
from runbooks.engine.shelf import Beginning, Shelf, begin
from runbooks.language import loader, registry
from storage.memory import MemoryStore
from tests import builders
from tests.builders import INCIDENT, report

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = "run-1-1"
Value = float | NoData | NotApplicable


@dataclass
class Workload:
    """A Deployment as the fake verb sees it."""

    replicas: int = 4
    version: int = 1
    uid: str = "uid-decode"
    writer: str = "kubectl"
    ready: int = 4
    ready_since: datetime | None = START
    words: str = ""


@dataclass
class FakeScale:
    """Scales the workload; `faults` are raised by the next applies, before or after the effect."""

    workload: Workload
    name: str = "scale"
    applied: list[tuple[str, int]] = field(default_factory=list)
    faults: list[tuple[str, Exception]] = field(default_factory=list)
    away: Exception | None = None
    gone: Exception | None = None
    before_apply: Callable[[], None] = lambda: None
    path: tuple[str, ...] = ("Deployment decode",)
    write: WriteRecord = field(default_factory=lambda: builders.plan().write)
    signed: list[Signature] = field(default_factory=list)

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        self._reach()
        asked = size.read(parameters)
        now = self.workload.replicas
        wanted = size.wanted(asked, now)
        return Plan(
            action="scale",
            target=target,
            parameters=asked.parameters,
            owner_path=self.path,
            before=(("replicas", str(now)),),
            after=(("replicas", str(wanted)),),
            uid=target.uid,
            resource_version=str(self.workload.version),
            inverse=(("action", "scale"), ("replicas", str(now))),
            kubectl=f"kubectl scale deployment/decode --replicas={wanted}",
            dry_run="accepted",
            warnings=(),
            reversible=True,
            digest=f"{target.uid} {now} to {wanted}",
            write=self.write,
        )

    def apply(self, plan: Plan, *, key: str) -> Applied:
        self.before_apply()
        self.signed.append(plan.signed)
        when, fault = self.faults.pop(0) if self.faults else ("", None)
        if fault is not None and when == "before":
            raise fault
        if plan.resource_version != str(self.workload.version):
            message = "the object has been modified"
            raise Conflict(message)
        wanted = int(dict(plan.after)["replicas"])
        self.workload.replicas, self.workload.writer = wanted, key
        self.workload.version += 1
        self.workload.ready_since = None
        self.applied.append((key, wanted))
        if fault is not None:
            raise fault
        return Applied(resource_version=str(self.workload.version), detail=f"replicas {wanted}")

    def already_done(self, plan: Plan, *, key: str) -> Done:
        if self.workload.writer == key:
            return Done.YES
        untouched = plan.resource_version == str(self.workload.version)
        return Done.NO if untouched else Done.CANNOT_TELL

    def settled(self, plan: Plan) -> Settled:
        self._reach()
        wanted = int(dict(plan.after)["replicas"])
        changed = self.workload.replicas != wanted
        return Settled(
            ready=self.workload.ready,
            wanted=wanted,
            since=self.workload.ready_since if self.workload.ready == wanted else None,
            reverted_by=self.workload.writer if changed else None,
            words=self.workload.words,
        )

    def _reach(self) -> None:
        if self.away is not None:
            raise self.away
        if self.gone is not None:
            raise self.gone


@dataclass
class FakeSignals:
    """Signals as functions of the moment; what has none is zero."""

    values: dict[str, Callable[[datetime], Value]] = field(default_factory=dict)

    def read(self, name: str, target: Target, *, at: datetime) -> Observation:
        value = self._value(name, at)
        if isinstance(value, (NoData, NotApplicable)):
            return value
        return Reading(signal=name, value=value, unit="u", at=at, query=f"q({name})")

    def read_by_pod(self, name: str, target: Target, *, at: datetime) -> PerPod:
        one = self.read(name, target, at=at)
        return dict.fromkeys(target.pods, one) if isinstance(one, Reading) else one

    def read_by_rank(self, name: str, target: Target, *, at: datetime) -> PerRank:
        return NotApplicable(signal=name, because="its series have no label engine")

    def read_parts(self, name: str, target: Target, *, at: datetime) -> Parts:
        return NotApplicable(signal=name, because="it has no breakdown here")

    def read_many(
        self, names: Sequence[str], target: Target, *, at: datetime, deadline: timedelta = DEADLINE
    ) -> Mapping[str, Observation]:
        return {name: self.read(name, target, at=at) for name in names}

    def read_range(
        self, name: str, target: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData | NotApplicable:
        moments = [start + step * n for n in range(int((end - start) / step) + 1)]
        points = [(at, self._value(name, at)) for at in moments]
        known = tuple((at, value) for at, value in points if isinstance(value, float))
        if not known:
            return nothing(name)
        return Samples(signal=name, unit="u", query=f"q({name})", points=known)

    def _value(self, name: str, at: datetime) -> Value:
        return self.values.get(name, lambda _: 0.0)(at)


def nothing(name: str) -> NoData:
    return NoData(signal=name, why=Why.UNREACHABLE, detail="away")


@dataclass
class FakeTargets:
    """Finds the one workload."""

    workload: Workload
    refuse: Exception | None = None

    def find(self, selector: Selector) -> Target:
        if self.refuse is not None:
            raise self.refuse
        return Target(
            cluster="local",
            namespace=selector.namespace,
            kind="Deployment",
            name="decode",
            uid=self.workload.uid,
            model=selector.model,
            role=selector.role,
            pods=tuple(f"decode-{n}" for n in range(self.workload.replicas)),
        )


@dataclass
class FakeControl:
    """A control plane that is in trouble when a test says so."""

    said: str | None = None

    def trouble(self) -> str | None:
        return self.said


@dataclass
class FakeEvidence:
    """Evidence that a test makes up; `collected` are the plans that it was asked about."""

    bundle: Bundle = field(default_factory=Bundle)
    collected: list[Plan] = field(default_factory=list)
    before_it: Callable[[], None] = lambda: None

    def collect(self, plan: Plan) -> Bundle:
        self.before_it()
        self.collected.append(plan)
        return self.bundle


@dataclass
class FakeObjects:
    """Objects by name; what has none is away."""

    bodies: dict[str, dict] = field(default_factory=dict)
    away: Exception = field(default_factory=lambda: Unavailable("no cluster is configured"))

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        if reference.name not in self.bodies:
            raise self.away
        return Thing(
            itself=reference,
            namespace=namespace,
            resource_version="1",
            body=self.bodies[reference.name],
        )

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        return []


class World:
    """A run, its desk, its cluster and its clock."""

    model = "llama"

    def __init__(
        self, runbook: str | None = None, *, at: str = "llm-d", mode: str = APPLY, **given: str
    ) -> None:
        self.now = START
        self.store = MemoryStore(clock=lambda: self.now)
        self.policy = replace(default_policy(), approvers=("alice", "bob"))
        self.desk = Desk(journal=self.store.journal, policy=self.policy, clock=lambda: self.now)
        self.workload = Workload()
        self.scale = FakeScale(self.workload)
        self.hands: dict[str, Verb] = {}
        self.signals = FakeSignals()
        self.targets = FakeTargets(self.workload)
        self.control = FakeControl()
        self.evidence = FakeEvidence()
        self.objects = FakeObjects()
        self.verbs = registry.verbs()
        if runbook is None:
            self.runbook = loader.load()["cache-evictions"]
        else:
            self.runbook = loader.load_text(runbook, name="example", verbs=self.verbs)
        self.shelf = Shelf(
            runbooks={self.runbook.name: self.runbook}, texts=self.store.texts, verbs=self.verbs
        )
        self.runner = self.restarted()
        self._begin(given, at, mode)

    def restarted(self) -> Runner:
        """Return a runner that remembers nothing, as after a crash."""
        self.runner = Runner(
            desk=self.desk,
            tools=self.tools(),
            runbooks=self.shelf,
            verbs=self.verbs,
            clock=lambda: self.now,
            texts=self.store.texts,
        )
        return self.runner

    def tools(self) -> Tools:
        """Return the hands of a runner."""
        verbs = {self.scale.name: self.scale, **self.hands}
        return Tools(
            signals=self.signals,
            targets=self.targets,
            verbs=verbs,
            objects=self.objects,
            control=self.control,
            evidence=self.evidence,
        )

    @property
    def run(self):
        return self.desk.run(RUN)

    def step(self, name: str):
        return self.run.step(name)

    def waits(self) -> str | None:
        """Return what the run waits for, as its journal has it."""
        waits = self.run.waits
        return f"{waits.step}: {waits.because}" if waits is not None else None

    def advance(self) -> bool:
        return self.runner.advance(RUN)

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def settle(self) -> None:
        """Move on until nothing happens at this moment; approvals are asked as the desk does."""
        for _ in range(60):
            asked = self._ask()
            if not self.advance() and not asked:
                return
        raise AssertionError(self.events())

    def until(self, done: Callable[[], bool], *, every: float = 30, most: int = 240) -> None:
        """Let time pass, in steps of seconds, until something holds."""
        for _ in range(most):
            self.settle()
            if done():
                return
            self.later(seconds=every)
        raise AssertionError(self.events())

    def answer(self, command: object) -> None:
        planned = [s for s in self.run.steps.values() if s.approval is not None]
        self.desk.tell(planned[-1].approval, command)

    def answer_of(self, state) -> None:
        """Let Bob approve by a card that shows the step as it was."""
        command = Approve(by="bob", via="slack", digest=state.plan.digest)
        self.desk.tell(state.approval, command)

    def approve(self, step: str = "add-decode", by: str = "alice") -> None:
        state = self.step(step)
        digest = state.plan.digest
        self.desk.tell(state.approval, Approve(by=by, via="slack", digest=digest))

    def refuse(self, step: str = "add-decode") -> None:
        state = self.step(step)
        command = Refuse(by="alice", via="slack", digest=state.plan.digest, reason="not now")
        self.desk.tell(state.approval, command)

    def expire(self, step: str = "add-decode") -> None:
        self.later(minutes=11)
        self.desk.tell(self.step(step).approval, ExpireApproval())

    def tell(self, command: object) -> None:
        self.desk.tell(RUN, command)

    def events(self) -> list[str]:
        return [one.kind.removeprefix("run.") for one in self.store.journal.read(RUN)]

    def _begin(self, given: Mapping[str, str], at: str, mode: str) -> None:
        self.desk.tell(INCIDENT, report())
        beginning = Beginning(
            incident=1,
            namespace=at,
            model=self.model,
            by="triaged",
            because="test",
            policy_digest="p",
            mode=mode,
            given=tuple(given.items()),
        )
        started = begin(self.runbook, beginning, texts=self.store.texts)
        self.desk.tell(RUN, StartRun(started=started))

    def _ask(self) -> bool:
        rows = self.store.journal.summaries(aggregate=Aggregate.APPROVAL, incident=1)
        names = [row.stream for row in rows]
        approvals = {name: self.desk.approval(name) for name in names}
        there = {name: one for name, one in approvals.items() if one.asked is not None}
        incident = self.desk.incident(1)
        asked = False
        for one in owed(incident, [self.run], there, self.policy, self.now):
            if one.stream.startswith("approval-"):
                asked = bool(self.desk.tell(one.stream, one.command).events) or asked
        return asked


def storm(world: World) -> None:
    """Preemptions and a queue until six pods are ready; then both fade."""

    def hurts(at: datetime, much: float) -> float:
        since = world.workload.ready_since
        well = world.workload.ready >= 6 and since is not None and at >= since
        return 0.0 if well else much

    world.signals.values |= {
        "preemptions": lambda at: hurts(at, 2.0),
        "waiting": lambda at: hurts(at, 40.0),
        "running": lambda _: 64.0,
        "generation_tokens": lambda _: 900.0,
        "prompt_tokens": lambda _: 5000.0,
        "kv_usage": lambda at: hurts(at, 0.98),
        "prefix_hit_ratio": lambda _: 0.5,
        "prefix_hit_ratio_baseline": lambda _: 0.5,
        "transfer_failures": lambda _: NotApplicable(
            signal="transfer_failures", because="no prefill"
        ),
    }


@pytest.fixture
def make_world() -> Callable[..., World]:
    return World


@pytest.fixture
def make_shadow() -> Callable[[], World]:
    """Give a way to begin the shipped runbook in its storm, in shadow."""

    def made() -> World:
        world = World(mode=SHADOW)
        storm(world)
        return world

    return made


@pytest.fixture
def story() -> World:
    """Begin the shipped runbook in the storm that it is for."""
    world = World()
    storm(world)
    return world


@pytest.fixture
def planned(story: World) -> World:
    """Play the story up to the moment at which people are asked."""
    story.settle()
    assert story.step("add-decode").status.value == "planned"
    return story


@pytest.fixture
def applied(planned: World) -> World:
    """Play the story up to the moment after the write."""
    planned.approve()
    planned.settle()
    assert planned.step("add-decode").status.value == "applied"
    return planned
