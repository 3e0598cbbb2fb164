"""Every query of the catalogue, in every era's names, asked of a real Prometheus too."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cluster.clients.prometheus import PrometheusClient
from cluster.clients.prometheus_session import PrometheusSession
from cluster.signals.catalogue import SIGNALS
from cluster.signals.generic import generic
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.promql import Match
from cluster.signals.reading import Reading
from cluster.signals.series import Metric, Scope, Term
from cluster.targets.target import Target
from drills.prometheus import evaluate
from drills.prometheus.store import Store
from drills.prometheus.values import Vector
from tests.queries import story_queries

pytestmark = pytest.mark.server

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LENGTH = timedelta(hours=2, minutes=10)
SCRAPE = timedelta(seconds=30)
TARGET = Target(
    cluster="local",
    namespace="llm-d",
    kind="Deployment",
    name="decode",
    uid="u-1",
    model="llama-3-70b",
    role="decode",
    pods=("decode-5d8f-aa", "decode-5d8f-bb"),
    roles=("decode", "prefill"),
    pool="pool",
)
FITTING = {"/v1/(chat/)?completions": "/v1/completions", "nvme[0-9]+n[0-9]+": "nvme0n1"}
COMMON = {
    "container": "main",
    "gpu": "0",
    "horizontalpodautoscaler": "hpa",
    "instance": "10.0.0.1:9100",
    "node": "n1",
    "nodename": "n1",
    "persistentvolumeclaim": "models",
}
OWN = {"namespace": "llm-d"}
PICKER = OWN | {"pod": "epp-1"}
EXPORTER = {"namespace": "monitoring", "pod": "exporter-1", "exported_namespace": "llm-d"}
AA, BB = (OWN | {"pod": f"decode-5d8f-{end}", "engine": "0"} for end in ("aa", "bb"))
# Two pods, so that a formula that joins wrongly is refused or doubles.
WHOSE: Mapping[Scope, tuple[Mapping[str, str], ...]] = {
    Scope.PODS: (AA, BB, BB | {"engine": "1"}),
    Scope.WORKLOAD: (AA, BB),
    Scope.EXPORTED: tuple(EXPORTER | {"exported_pod": pod} for pod in TARGET.pods),
    Scope.MODEL: (OWN | {"pod": "prefill-1", "model_name": "llama-3-70b"},),
    Scope.ROUTER: (PICKER | {"model_name": "llama-3-70b", "error_code": "Internal"},),
    Scope.POOL: (PICKER | {"name": "pool"},),
    Scope.QUEUE: (PICKER | {"inference_pool": "pool", "outcome": "EvictedTTL"},),
    Scope.NAMESPACE: (OWN | {"pod": "redis-0"},),
    Scope.EXPORTED_NAMESPACE: (EXPORTER,),
    Scope.DEPLOYMENT: (OWN | {"deployment": "decode"},),
    Scope.STATEFUL_SET: (OWN | {"statefulset": "decode-1"},),
    Scope.SCALER: (OWN | {"scaletargetref_name": "decode"},),
    Scope.CLUSTER: ({"namespace": "monitoring", "pod": "node-exporter-1"},),
}


# Numbers that are names: GPUs that do not agree on one have no answer.
NAMING = frozenset({"DCGM_FI_DEV_XID_ERRORS"})


def fitting(metric: Metric) -> dict[str, str]:
    other = {matcher.label: FITTING.get(matcher.value, "main") for matcher in metric.matchers}
    equal = {m.label: m.value for m in metric.matchers if m.how is Match.EQUAL}
    return other | equal


def label_sets() -> Iterator[dict[str, str]]:
    """Yield the series of every metric under every name, each once."""
    seen = set()
    terms = dict.fromkeys(
        term for signal in SIGNALS.values() for way in signal.ways for term in way.terms
    )
    for each in terms:
        for labels in of_term(each):
            key = tuple(sorted(labels.items()))
            if key not in seen:
                seen.add(key)
                yield labels


def of_term(term: Term) -> Iterator[dict[str, str]]:
    for name in term.metric.names:
        for whose in WHOSE[term.scope]:
            labels = {"__name__": name, **COMMON, **whose, **fitting(term.metric)}
            for bound in ("1", "5", "+Inf") if name.endswith("_bucket") else ("",):
                yield labels | ({"le": bound} if bound else {})


def samples() -> Iterator[tuple[Mapping[str, str], float, datetime]]:
    """Yield all series side by side: rising at rates of their own, some of them begin again."""
    every = list(label_sets())
    for index in range(LENGTH // SCRAPE + 1):
        at = NOW - LENGTH + index * SCRAPE
        for number, labels in enumerate(every):
            yield labels, value(index, number, labels), at


def value(index: int, number: int, labels: Mapping[str, str]) -> float:
    if le := labels.get("le"):
        return index * {"1": 1.0, "5": 3.0, "+Inf": 4.0}[le]
    if labels["__name__"] in NAMING:
        return 10.0 + index
    again = index % 97 if number % 7 == 3 else index
    return 10.0 + again * (1 + number % 5)


@pytest.fixture(scope="module")
def store() -> Store:
    filled = Store()
    for labels, number, at in samples():
        filled.append(labels, number, at)
    return filled


@pytest.fixture(scope="module")
def server(real_prometheus: Callable[..., str]) -> str:
    return real_prometheus(samples())


def test_every_query_about_a_target_is_answered_the_same(
    server: str, store: Store, same_instant: Callable[[str, Store, str, datetime], None]
) -> None:
    """A join that only the stand-in allows would be an error in production."""
    for kind in ("Deployment", "LeaderWorkerSet"):
        for query in story_queries(replace(TARGET, kind=kind)):
            same_instant(server, store, query, NOW)


def test_nearly_every_query_has_an_answer(store: Store) -> None:
    """Two empty answers are equal for any evaluator."""
    asked = story_queries(TARGET)

    empty = [each for each in asked if evaluate.instant(store, each, NOW) == Vector()]

    assert len(empty) < len(asked) / 20, empty


def test_every_rule_for_everybody_is_answered_the_same(
    server: str, store: Store, same_instant: Callable[[str, Store, str, datetime], None]
) -> None:
    """Recording rules are these queries."""
    for signal in SIGNALS.values():
        for way in generic(signal, by=("namespace", "model_name")):
            same_instant(server, store, way.query, NOW)


def test_every_signal_is_read_from_the_real_server(server: str) -> None:
    """All eras at once is what an upgrade looks like."""
    with closing(PrometheusClient(server, session=PrometheusSession())) as client:
        found = PrometheusSignals(client).read_many(
            tuple(SIGNALS), TARGET, at=NOW, deadline=timedelta(seconds=60)
        )

    assert {name: one for name, one in found.items() if not isinstance(one, Reading)} == {}
