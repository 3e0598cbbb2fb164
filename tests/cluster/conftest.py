"""The worlds that the cluster folder is tried against: the stand-ins, without a socket."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from cluster.clients import kinds, parse
from cluster.clients.objects import (
    Autoscaler,
    Deployment,
    Owner,
    OwnerReference,
    Pod,
    Pool,
    Route,
    Workload,
)
from cluster.clients.refusals import Missing
from cluster.clients.things import Json, Removal, Thing, Write, preconditioned
from cluster.signals.answers import Row, Track, Trouble
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.promql import Promql
from cluster.targets.target import Target
from drills.kubernetes import applies, patches, resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.refusals import Refusal
from drills.kubernetes.scale import scale_of, through_scale
from drills.kubernetes.seed import seed_llm_d
from drills.kubernetes.state import Cluster
from drills.prometheus import evaluate
from drills.prometheus.store import Store, moment
from drills.prometheus.values import Vector
from incidents.errors import Conflict, Rejected

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"
NAMESPACE = "llm-d"


class StandInKubernetes:
    """The port over the stand-in's objects; errors as the client translates them."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def deployment(self, namespace: str, name: str) -> Deployment:
        return parse.deployment(self._get(resources.DEPLOYMENTS, namespace, name))

    def owner(self, namespace: str, reference: OwnerReference) -> Owner:
        known = {each.kind: each for each in (*resources.ALL, *self.cluster.installed)}
        return parse.owner(self._get(known[reference.kind], namespace, reference.name))

    def pools(self, namespace: str) -> Sequence[Pool]:
        for kind in (resources.POOLS, resources.OLD_POOLS):
            if found := self.cluster.select(kind, namespace):
                return [parse.pool(each) for each in found]
        return []

    def routes(self, namespace: str) -> Sequence[Route]:
        return [parse.route(each) for each in self.cluster.select(resources.ROUTES, namespace)]

    def workloads(self, namespace: str, kind: kinds.Kind) -> Sequence[Workload]:
        return [parse.workload(each, kind=kind) for each in self._select(kind, namespace)]

    def pods(self, namespace: str, selector: str) -> Sequence[Pod]:
        found = self.cluster.select(resources.PODS, namespace, labels=selector)
        return [parse.pod(each) for each in found]

    def autoscalers(self, namespace: str) -> Sequence[Autoscaler]:
        return [parse.autoscaler(x) for x in self.cluster.select(resources.AUTOSCALERS, namespace)]

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        known = {(each.group, each.kind): each for each in self._known()}
        group = reference.api_version.rpartition("/")[0]
        if (group, reference.kind) not in known:
            message = f"{reference}: the kind is not installed"
            raise Missing(message)
        return parse.thing(self._get(known[group, reference.kind], namespace, reference.name))

    def things(self, namespace: str, kind: kinds.Kind, *, selector: str = "") -> Sequence[Thing]:
        return [parse.thing(each, kind=kind) for each in self._select(kind, namespace, selector)]

    def write(self, write: Write) -> Thing:
        known = {(each.group, each.kind): each for each in self._known()}
        group = write.reference.api_version.rpartition("/")[0]
        scale = write.subresource == "scale"
        body = preconditioned(write)
        change = patches.read(write.patch.value, body, manager=write.manager)
        owned = applies.fields(body) if write.patch.value == patches.APPLY else frozenset()
        try:
            after = self.cluster.update(
                known[group, write.reference.kind],
                write.namespace,
                write.reference.name,
                through_scale(change) if scale else change,
                writer=Writer(manager=write.manager, subresource=write.subresource, applied=owned),
                dry_run=write.dry_run,
            )
        except Refusal as refusal:
            taken = refusal.code == 409 and "Apply failed" not in str(refusal)
            raise (Conflict if taken else Rejected)(str(refusal)) from refusal
        return parse.thing(scale_of(after) if scale else after)

    def create(
        self,
        namespace: str,
        kind: kinds.Kind,
        body: Json,
        *,
        manager: str,
        dry_run: bool = False,
        agent: str = "",  # the port's
    ) -> Thing:
        known = {(each.group, each.kind): each for each in self._known()}
        given = json.loads(json.dumps(body))
        given["metadata"].setdefault("namespace", namespace)
        try:
            made = self.cluster.create(
                known[kind.group, kind.name], given, writer=Writer(manager=manager), dry_run=dry_run
            )
        except Refusal as refusal:
            raise (Conflict if refusal.code == 409 else Rejected)(str(refusal)) from refusal
        return parse.thing(made)

    def evict(self, removal: Removal) -> None:
        self.delete(removal)

    def delete(self, removal: Removal) -> None:
        self.cluster.delete(
            resources.PODS,
            removal.namespace,
            removal.name,
            uid=removal.uid,
            version="",
            grace=removal.grace,
            dry_run=removal.dry_run,
        )

    def _known(self) -> Sequence[resources.Resource]:
        return (*resources.ALL, *self.cluster.installed)

    def _select(self, kind: kinds.Kind, namespace: str, selector: str = "") -> Sequence[Object]:
        same = [x for x in self._known() if (x.group, x.kind) == (kind.group, kind.name)]
        return self.cluster.select(same[0], namespace, labels=selector) if same else []

    def _get(self, resource: resources.Resource, namespace: str, name: str) -> Object:
        try:
            return self.cluster.get(resource, namespace, name)
        except Refusal as refusal:
            raise Missing(str(refusal)) from refusal


class StandInPrometheus:
    """The port over the stand-in's store; `asked` are the queries so far."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: list[str] = []

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        self.asked.append(query)
        found = evaluate.instant(self.store, query, at)
        assert isinstance(found, Vector)
        return tuple(
            Row(labels=tuple(sorted(each.labels)), at=at, value=each.value)
            for each in found.samples
        )

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        self.asked.append(query)
        found = evaluate.over_range(self.store, query, start, end, step)
        return tuple(
            Track(
                labels=tuple(sorted(each.labels)),
                points=tuple((moment(point.at), point.value) for point in each.points),
            )
            for each in found.series
        )


Scrape = Callable[..., None]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def world() -> Cluster:
    """Return a cluster with llm-d on it: four decode pods and two prefill pods."""
    made = Cluster(now=lambda: NOW)
    seed_llm_d(made)
    return made


@pytest.fixture
def kubernetes(world: Cluster) -> StandInKubernetes:
    return StandInKubernetes(world)


@pytest.fixture
def prometheus() -> StandInPrometheus:
    return StandInPrometheus(Store())


@pytest.fixture
def signals(prometheus: StandInPrometheus) -> PrometheusSignals:
    """Return what reads signals from the stand-in."""
    return PrometheusSignals(prometheus)


@pytest.fixture
def scrape(prometheus: StandInPrometheus) -> Scrape:
    """Return a function that appends samples every 30 s up to `until`, the oldest first."""

    def append(
        name: str,
        values: Sequence[float],
        labels: Mapping[str, str] | None = None,
        *,
        until: datetime = NOW,
    ) -> None:
        scraped = {"namespace": NAMESPACE, "__name__": name} | dict(labels or {})
        for index, value in enumerate(values):
            at = until - (len(values) - 1 - index) * timedelta(seconds=30)
            prometheus.store.append(scraped, value, at)

    return append


@pytest.fixture
def target() -> Target:
    """Return the decode workload with two pods, beside a prefill workload."""
    return Target(
        cluster="local",
        namespace=NAMESPACE,
        kind="Deployment",
        name="decode",
        uid="u-1",
        model="llama-3-70b",
        role="decode",
        pods=("decode-5d8f-aa", "decode-5d8f-bb"),
        roles=("decode", "prefill"),
    )
