"""The KV-cache story without its desk: pressure, the scale from four pods to six, and the proof."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cluster.clients.access import Direct
from cluster.clients.kubernetes import KubernetesClient
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector, Target
from drills import installation
from drills.host import Door, Host
from drills.installation import DECODE_DEPLOYMENT, MODEL, NAMESPACE
from drills.kubernetes import app as kubernetes
from drills.kubernetes.people import kubectl_scale
from drills.model.llm_d import Phase, Role
from drills.prometheus import app as prometheus
from drills.prometheus.store import Store
from drills.prometheus.windows import Release
from drills.rehearsal import GRID, Rehearsal
from drills.stories import named
from runbooks.engine.proof import proof
from runbooks.language import loader

Span = tuple[datetime, datetime, timedelta]

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
# By then the alert has fired, and a person has said yes.
SCALED = START + timedelta(minutes=13)
REPLICAS = 6
PROVEN = proof(loader.load()["cache-evictions"], "add-decode")

# Off the scrapes, so that no sample lies on the border of a window.
BETWEEN = timedelta(milliseconds=250)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The samples of the story, and the address at which the stand-in answers about them.

    before, after: the target as the desk finds it at the scale, and once all pods are ready.
    """

    store: Store
    address: str
    before: Target
    after: Target
    ready: datetime

    @property
    def pressed(self) -> datetime:
        """Return a moment between scrapes while the four pods are full."""
        return SCALED - timedelta(minutes=1) + BETWEEN

    @property
    def young(self) -> datetime:
        """Return a moment between scrapes at which some counters are younger than the windows."""
        return self.ready + timedelta(minutes=2) + BETWEEN

    @property
    def moments(self) -> Mapping[datetime, Target]:
        """When every query is asked, and about which pods."""
        return {
            START + timedelta(minutes=1): self.before,
            self.pressed: self.before,
            # The new pods load their model: they are there, and say nothing.
            self.ready - timedelta(minutes=1): self.after,
            self.young: self.after,
            self.windows[1][1]: self.after,
        }

    @property
    def windows(self) -> tuple[Span, Span]:
        """The ranges that verification reads: up to the scale, and `lag` after the pods are ready.

        Source: runbooks/engine/windows.py, runbooks/engine/next_move.py.
        """
        step = PROVEN.window / (2 * PROVEN.samples)
        begin = self.ready + PROVEN.lag
        return (SCALED - PROVEN.window, SCALED, step), (begin, begin + PROVEN.window, step)


@contextmanager
def telling() -> Iterator[Told]:
    """Play the story until verification has read its last sample; serve it with V2's borders."""
    clock = [START]
    rehearsal = Rehearsal(seed=1, start=START, now=lambda: clock[0], story=named("kv-cache"))
    store, groups = rehearsal.store, rehearsal.groups
    metrics = prometheus.build(store, groups, lambda: clock[0], release=Release.V2)
    doors = {"prometheus": Door(metrics), "kubernetes": Door(kubernetes.build(rehearsal.cluster))}
    host = Host(doors)
    host.start()
    try:
        _play(rehearsal, clock, SCALED)
        before = _found(host.addresses["kubernetes"])
        kubectl_scale(rehearsal.cluster, NAMESPACE, DECODE_DEPLOYMENT, REPLICAS)
        while _serving(rehearsal) < REPLICAS:
            _play(rehearsal, clock, clock[0] + GRID)
        ready = clock[0]
        after = _found(host.addresses["kubernetes"])
        _play(rehearsal, clock, ready + PROVEN.lag + PROVEN.window)
        address = host.addresses["prometheus"]
        yield Told(store=store, address=address, before=before, after=after, ready=ready)
    finally:
        host.stop()


def _play(rehearsal: Rehearsal, clock: list[datetime], end: datetime) -> None:
    while clock[0] < end:
        clock[0] += GRID
        rehearsal.step(clock[0])


def _serving(rehearsal: Rehearsal) -> int:
    pods = [installation.engine(pod) for pod in installation.pods(rehearsal.cluster)]
    return sum((pod.role, pod.phase) == (Role.DECODE, Phase.SERVING) for pod in pods)


def _found(address: str) -> Target:
    with closing(KubernetesClient(Direct(address=address))) as client:
        return LabelTargets(client).find(Selector(namespace=NAMESPACE, model=MODEL))
