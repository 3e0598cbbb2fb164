"""The clients, signals, targets and the scale against the rehearsal world, over real protocols."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients.access import Direct
from cluster.clients.kubernetes import KubernetesClient
from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.signals.catalogue import SIGNALS
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.reading import NotApplicable, Reading, Resolved
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector, Target
from cluster.tools import Tools
from cluster.verification import Expectation, Observed, Verdict, Verification, compare
from drills.faults import MoreTraffic, PodsNeverReady, PrometheusGone, ScaledBackBySomebody
from drills.world import World
from incidents.errors import Conflict

DECODE = Selector(namespace="llm-d", model="llama-3-70b")
EXPECTED = (
    Expectation(signal="preemptions", to=0.1),
    Expectation(signal="waiting_capacity", by=0.5),
)
WINDOW = timedelta(minutes=3)
KEY = "run-1/scale"
# Counted on the other side of the transfer.
OF_PREFILL = frozenset({"transfer_expirations"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the engine will do, in short: read, plan, apply, wait, read again, compare."""

    world: World
    tools: Tools

    def find(self) -> Target:
        return self.tools.targets.find(DECODE)

    def window(self, target: Target, end: datetime) -> dict[str, Observed]:
        return {
            each.signal: self.tools.signals.read_range(
                each.signal, target, start=end - WINDOW, end=end, step=timedelta(seconds=30)
            )
            for each in EXPECTED
        }

    def scale(self) -> tuple[Plan, dict[str, Observed]]:
        now = self.world.advance(12 * 60)
        target = self.find()
        before = self.window(target, now)
        plan = self.tools.verbs["scale"].plan(target, {"replicas": "+50%", "at_most": 16})
        self.tools.verbs["scale"].apply(plan, key=KEY)
        return plan, before

    def verify(self, plan: Plan, before: dict[str, Observed]) -> Verification:
        now = self.world.advance(15 * 60)
        settled = self.tools.verbs["scale"].settled(plan)
        return compare(EXPECTED, before, self.window(self.find(), now), settled)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Yield a desk before a stepped world."""
    world = World(seed=1)
    world.start()
    kubernetes = KubernetesClient(Direct(address=world.addresses.kubernetes))
    prometheus = PrometheusClient(world.addresses.prometheus, session=PrometheusSession())
    tools = Tools(
        signals=PrometheusSignals(prometheus),
        targets=LabelTargets(kubernetes),
        verbs=verbs(kubernetes),
    )
    yield Desk(world=world, tools=tools)
    kubernetes.close()
    prometheus.close()
    world.stop()


def test_every_signal_whose_series_are_there_is_read(desk: Desk) -> None:
    """All but the baseline, for which the world is too young."""
    now = desk.world.advance(12 * 60)
    target, signals = desk.find(), desk.tools.signals

    resolved = signals.resolved(target, at=now)
    there = {name for name, each in resolved.items() if isinstance(each, Resolved)}
    together = signals.read_many(tuple(SIGNALS), target, at=now)
    by_pod = {name: signals.read_by_pod(name, target, at=now) for name in there}

    read = {name for name, each in together.items() if isinstance(each, Reading)}
    assert there - read == {"prefix_hit_ratio_baseline"}
    assert read <= there
    assert {"kv_usage", "preemptions", "silent_ranks", "ttft_p95", "error_ratio"} <= read
    told = {name: each for name, each in by_pod.items() if isinstance(each, dict)}
    assert {frozenset(each) for name, each in told.items() if name not in OF_PREFILL} == {
        frozenset(target.pods)
    }
    of_the_picker = {name for name, each in by_pod.items() if isinstance(each, NotApplicable)}
    assert {"request_rate", "error_ratio", "ready_endpoints"} <= of_the_picker


def test_a_scale_that_helps_is_verified(desk: Desk) -> None:
    """Preemptions stop and the queue drains, once the new pods have loaded the model."""
    plan, before = desk.scale()
    verb = desk.tools.verbs["scale"]
    assert verb.already_done(plan, key=KEY) is Done.YES
    assert verb.settled(plan).since is None

    found = desk.verify(plan, before)

    assert found.verdict is Verdict.VERIFIED, found
    assert [row.met for row in found.rows] == [True, True]


def test_pods_that_never_load_had_no_effect(desk: Desk) -> None:
    """Scaled is not serving."""
    desk.world.put(PodsNeverReady())

    found = desk.verify(*desk.scale())

    assert (found.verdict, found.because) == (Verdict.NO_EFFECT, "4 of 6 pods ready")


def test_traffic_that_doubles_makes_it_worse(desk: Desk) -> None:
    """The change was right and is not enough; nobody may read that as a success."""
    plan, before = desk.scale()
    desk.world.put(MoreTraffic(factor=2.0))

    assert desk.verify(plan, before).verdict is Verdict.WORSE


def test_without_prometheus_nobody_can_tell(desk: Desk) -> None:
    """Neither success nor failure."""
    plan, before = desk.scale()
    desk.world.put(PrometheusGone())

    assert desk.verify(plan, before).verdict is Verdict.CANNOT_TELL


def test_somebody_who_scales_back_is_named(desk: Desk) -> None:
    """The API server knows who wrote last."""
    desk.world.put(ScaledBackBySomebody(after=60.0))

    found = desk.verify(*desk.scale())

    assert (found.verdict, found.because) == (Verdict.REVERTED, "by kubectl-scale")


def test_a_second_write_of_the_same_plan_is_refused(desk: Desk) -> None:
    """The preconditions hold at the real door too: one approval, one write."""
    plan, _ = desk.scale()

    with pytest.raises(Conflict, match="the object has been modified"):
        desk.tools.verbs["scale"].apply(plan, key="run-2/scale")
