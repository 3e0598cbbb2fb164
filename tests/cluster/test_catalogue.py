"""Every entry of the catalogue: it can be read, it never invents a number, it costs one file."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf, isfinite, nan
from pathlib import Path

import promql_parser
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cluster.signals import catalogue
from cluster.signals.answers import Row, Track, Trouble
from cluster.signals.catalogue import SIGNALS
from cluster.signals.eras import era
from cluster.signals.generic import generic
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.signals.promql import Match, Promql
from cluster.signals.questions import Question, questions
from cluster.signals.reading import NoData, NotApplicable, Reading, Why
from cluster.signals.scopes import GENERIC
from cluster.signals.series import Formula, Metric, Place, Scope, Series
from cluster.signals.signal import Signal, metric_names, metrics_by_place
from cluster.signals.signals import Samples
from cluster.targets.target import Target
from drills.prometheus import evaluate, language
from drills.prometheus.matchers import Operation
from drills.prometheus.store import Store
from drills.prometheus.tree import Selector
from tests.queries import story_queries

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TARGET = Target(
    cluster="local",
    namespace="llm-d",
    kind="Deployment",
    name="decode",
    uid="u-1",
    model="llama-3-70b",
    role="decode",
    pods=("decode-5d8f-aa",),
    roles=("decode", "prefill"),
    pool="pool",
)
SET = replace(TARGET, kind="LeaderWorkerSet")
WAYS = [
    (signal, way, formula)
    for signal in SIGNALS.values()
    for way, formula in enumerate(signal.ways, start=1)
]
IDS = [f"{signal.name}-{way}" for signal, way, _ in WAYS]

# A value for every expression that a metric of the catalogue is narrowed by.
FITTING = {
    "/v1/(chat/)?completions": "/v1/completions",
    "nvme[0-9]+n[0-9]+": "nvme0n1",
}
# What exporters put on their series beside what says whose they are.
COMMON = {
    "container": "main",
    "engine": "0",
    "gpu": "0",
    "horizontalpodautoscaler": "hpa",
    "instance": "10.0.0.1:9100",
    "node": "n1",
    "nodename": "n1",
    "persistentvolumeclaim": "models",
}
OWN = {"namespace": "llm-d"}
EXPORTER = {"namespace": "monitoring", "pod": "exporter-1", "exported_namespace": "llm-d"}
WHOSE: Mapping[Scope, Mapping[str, str]] = {
    Scope.PODS: OWN | {"pod": "decode-5d8f-aa"},
    Scope.WORKLOAD: OWN | {"pod": "decode-5d8f-aa"},
    Scope.EXPORTED: EXPORTER | {"exported_pod": "decode-5d8f-aa"},
    Scope.MODEL: OWN | {"pod": "prefill-1", "model_name": "llama-3-70b"},
    Scope.ROUTER: OWN | {"pod": "epp-1", "model_name": "llama-3-70b"},
    Scope.POOL: OWN | {"pod": "epp-1", "name": "pool"},
    Scope.QUEUE: OWN | {"pod": "epp-1", "inference_pool": "pool"},
    Scope.NAMESPACE: OWN | {"pod": "redis-0"},
    Scope.EXPORTED_NAMESPACE: EXPORTER,
    Scope.DEPLOYMENT: OWN | {"deployment": "decode"},
    Scope.STATEFUL_SET: OWN | {"statefulset": "decode-1"},
    Scope.SCALER: OWN | {"scaletargetref_name": "decode"},
    Scope.CLUSTER: {"namespace": "monitoring", "pod": "node-exporter-1"},
}


class InStore:
    """The port over the stand-in's store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        found = evaluate.instant(self.store, query, at)
        return tuple(
            Row(labels=tuple(sorted(one.labels)), at=at, value=one.value) for one in found.samples
        )

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        raise AssertionError


def exposed(formula: Formula, name: str, *, fresh: bool) -> Store:
    """Expose what a way needs, the given metric under this one of its names; everything rises."""
    store = Store()
    length = 25 if fresh else 241
    for term in dict.fromkeys(formula.terms):
        taken = name if name in term.metric.names else term.metric.names[0]
        for bound in ("1", "+Inf") if taken.endswith("_bucket") else ("",):
            labels = {"__name__": taken, **COMMON, **WHOSE[term.scope], **fitting(term.metric)}
            labels |= {"le": bound} if bound else {}
            for index in range(length):
                at = NOW - (length - 1 - index) * timedelta(seconds=30)
                store.append(labels, 10.0 + index, at)
    return store


def fitting(metric: Metric) -> dict[str, str]:
    found = {}
    for matcher in metric.matchers:
        match matcher.how:
            case Match.EQUAL:
                found[matcher.label] = matcher.value
            case Match.LIKE:
                found[matcher.label] = FITTING[matcher.value]
            case Match.NOT_EQUAL:
                found[matcher.label] = "main"
    return found


def each_name(formula: Formula) -> Iterator[str]:
    return (name for term in formula.terms for name in term.metric.names)


@pytest.mark.parametrize(("signal", "way", "formula"), WAYS, ids=IDS)
def test_every_way_is_read_from_what_its_era_exposes(
    signal: Signal, way: int, formula: Formula
) -> None:
    """A name that is never tried is a name that may be misspelt in its formula."""
    target = SET if formula.scope is Scope.STATEFUL_SET else TARGET
    for name in dict.fromkeys(each_name(formula)):
        store = exposed(formula, name, fresh=signal.fresh is not None)
        alone = replace(signal, ways=(formula,))
        signals = PrometheusSignals(InStore(store), signals={signal.name: alone})

        read = signals.read(signal.name, target, at=NOW)

        assert isinstance(read, Reading), (name, way, read)
        assert isfinite(read.value)
        assert name in read.metrics


@dataclass(frozen=True)
class Answered:
    """What a Prometheus answers: all metrics exist, and these are value and newest sample."""

    rows: Sequence[float]
    newest: Sequence[float] | Why
    trouble: Why | None = None

    def instant(self, query: Promql, *, at: datetime) -> tuple[Row, ...] | Trouble:
        if "__name__=~" in query:
            return tuple(existing(at))
        if "timestamp(" in query:
            return self.ages(at)
        if self.trouble:
            return Trouble(why=self.trouble, detail="said so")
        return tuple(
            row(at, value, pod=f"pod-{index}", engine="0", exported_pod="")
            for index, value in enumerate(self.rows)
        )

    def ages(self, at: datetime) -> tuple[Row, ...] | Trouble:
        if isinstance(self.newest, Why):
            return Trouble(why=self.newest, detail="said so")
        return tuple(
            row(at, at.timestamp() - age, pod=f"pod-{index}", engine="0")
            for index, age in enumerate(self.newest)
        )

    def range(
        self, query: Promql, *, start: datetime, end: datetime, step: timedelta
    ) -> tuple[Track, ...] | Trouble:
        found = self.instant(query, at=end)
        if isinstance(found, Trouble):
            return found
        return tuple(Track(labels=one.labels, points=((end, one.value),)) for one in found)


def existing(at: datetime) -> Iterator[Row]:
    for place, names in metrics_by_place(SIGNALS.values()).items():
        labels = {place.value: "llm-d"} if place.value else {}
        yield from (row(at, 1, __name__=name, **labels) for name in names)


def row(at: datetime, value: float, **labels: str) -> Row:
    return Row(labels=tuple(sorted(labels.items())), at=at, value=value)


NUMBERS = st.one_of(st.sampled_from([nan, inf, -inf, 0.0]), st.floats(-1e9, 1e9))
ANSWERS = st.builds(
    Answered,
    rows=st.lists(NUMBERS, max_size=3),
    newest=st.one_of(
        st.lists(st.sampled_from([0.0, 119.0, 121.0, 1e6]), max_size=3),
        st.sampled_from([Why.PARTIAL, Why.TIMEOUT]),
    ),
    trouble=st.sampled_from([None, None, None, *Why]),
)


@settings(max_examples=60, deadline=None)
@given(ANSWERS, st.data())
@example(Answered(rows=[], newest=[0.0]), None)
@example(Answered(rows=[nan], newest=[0.0]), None)
@example(Answered(rows=[inf], newest=[0.0]), None)
@example(Answered(rows=[1.0, 2.0], newest=[0.0]), None)
@example(Answered(rows=[1.0], newest=[121.0]), None)
@example(Answered(rows=[1.0], newest=[]), None)
@example(Answered(rows=[1.0], newest=[0.0], trouble=Why.PARTIAL), None)
@example(Answered(rows=[1.0], newest=Why.PARTIAL), None)
@example(Answered(rows=[1.0], newest=[0.0]), None)
def test_no_signal_makes_a_number_of_what_is_none(
    answered: Answered, data: st.DataObject | None
) -> None:
    """Absent, NaN, infinite, several, stale, partial: each is NoData, for each signal, each way."""
    names = [data.draw(st.sampled_from(sorted(SIGNALS)))] if data else sorted(SIGNALS)
    signals = PrometheusSignals(answered)
    for name in names:
        read = signals.read(name, TARGET, at=NOW)
        assert isinstance(read, Reading) == sound(answered, SIGNALS[name]), (name, read)
        if isinstance(read, Reading):
            assert [read.value] == list(answered.rows)
        else:
            assert isinstance(read, NoData)
        numbers(signals, name)


def sound(answered: Answered, signal: Signal) -> bool:
    one = answered.trouble is None and len(answered.rows) == 1 and isfinite(answered.rows[0])
    if not one or signal.fresh is None:
        return one
    newest = answered.newest
    return not isinstance(newest, Why) and bool(newest) and max(newest) <= 120


def numbers(signals: PrometheusSignals, name: str) -> None:
    """Hold that whatever else is read of it is a number too, or is nothing."""
    for divided in (
        signals.read_by_pod(name, TARGET, at=NOW),
        signals.read_by_rank(name, TARGET, at=NOW),
        signals.read_parts(name, TARGET, at=NOW),
    ):
        if not isinstance(divided, NoData | NotApplicable):
            assert divided
            assert all(isfinite(each.value) for each in divided.values())
    span = {"start": NOW - timedelta(minutes=1), "end": NOW, "step": timedelta(minutes=1)}
    found = signals.read_range(name, TARGET, **span)
    if isinstance(found, Samples):
        assert found.points
        assert all(isfinite(value) for _, value in found.points)


HOSTILE = st.text(
    st.one_of(
        st.sampled_from(list("\"\\'`{}[]()|,=~!.*+?^$#\n\0\x7f\u2028\ud800 or")), st.characters()
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=12, deadline=None)
@given(*[HOSTILE] * 5, st.sampled_from(["Deployment", "LeaderWorkerSet", "DisaggregatedSet"]))
@example('"} or vector(1) or x{a="', "|.*", "\\", "a|b", ".*", "DisaggregatedSet")
def test_no_text_of_an_alert_becomes_a_query(
    namespace: str, model: str, pod: str, pool: str, name: str, kind: str
) -> None:
    """Labels choose series by being equal to what they are; they never read others, nor hide."""
    target = replace(
        TARGET, namespace=namespace, model=model, pods=(pod,), pool=pool, name=name, kind=kind
    )
    expected = {
        "namespace": namespace,
        "exported_namespace": namespace,
        "model_name": model,
        "name": pool,
        "inference_pool": pool,
    }
    for query in story_queries(target):
        for matcher in matchers(language.read(query)):
            if matcher.operation is Operation.EQUAL and matcher.name in expected:
                assert matcher.value == whole(expected[matcher.name])


def whole(text: str) -> str:
    return text.translate(dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))


def matchers(node: object) -> Iterator:
    if isinstance(node, Selector):
        yield from node.matchers
    elif dataclasses.is_dataclass(node):
        for each in dataclasses.fields(node):
            yield from matchers(getattr(node, each.name))
    elif isinstance(node, tuple):
        for each in node:
            yield from matchers(each)


@pytest.mark.parametrize(("signal", "way", "formula"), WAYS, ids=IDS)
def test_every_way_asks_about_its_target_alone(signal: Signal, way: int, formula: Formula) -> None:
    """A formula that forgets whose series it reads answers for the whole cluster."""
    target = SET if formula.scope is Scope.STATEFUL_SET else TARGET
    names = {place: frozenset(each_name(formula)) for place in Place}
    (question,) = questions(replace(signal, ways=(formula,)), target, names=names)

    selectors = list(selected(language.read(question.whole().query)))

    assert selectors
    narrow = {"namespace", "exported_namespace"}
    of_cluster = {name for name in each_name(formula) if name.startswith(("node_", "wva_"))}
    for one in selectors:
        labels = {matcher.name: matcher.value for matcher in one.matchers}
        assert narrow & set(labels) or labels["__name__"] in of_cluster, question


def selected(node: object) -> Iterator[Selector]:
    if isinstance(node, Selector):
        yield node
    elif dataclasses.is_dataclass(node):
        for each in dataclasses.fields(node):
            yield from selected(getattr(node, each.name))
    elif isinstance(node, tuple):
        for each in node:
            yield from selected(each)


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
def test_every_signal_is_also_a_rule_for_everybody(signal: Signal) -> None:
    """Recording rules are the catalogue's own queries, by labels instead of by target."""
    found = generic(signal, by=("namespace", "model_name"))

    assert [each.way for each in found] == list(range(1, len(signal.ways) + 1))
    for each in found:
        assert promql_parser.parse(each.query)
        assert language.read(each.query)
        assert all(name in each.query for name in each.metrics)


def test_a_rule_for_everybody_names_the_pods_that_it_is_about() -> None:
    """Not the exporter's own."""
    _, exported, _ = generic(SIGNALS["gpu_utilization"], by=("namespace", "pod"))
    labels = EXPORTER | {"exported_pod": "decode-5d8f-aa", "gpu": "0"}
    store = Store()
    store.append({"__name__": "DCGM_FI_DEV_GPU_UTIL", **labels}, 71.0, NOW)

    (found,) = InStore(store).instant(exported.query, at=NOW)

    assert found == row(NOW, 71.0, namespace="llm-d", pod="decode-5d8f-aa")


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
def test_every_signal_says_what_it_means_and_what_its_absence_costs(signal: Signal) -> None:
    """People decide by these sentences whether to scrape one more exporter."""
    assert signal.unit
    assert signal.meaning[0].isupper()
    assert len(signal.without) > 10
    assert signal.ways
    assert all(era(name) != "unknown exporter" for name in metric_names((signal,)))


def test_two_spellings_of_one_series_never_stand_in_one_query() -> None:
    """A rate over both is an error where both exist."""
    for _, _, formula in WAYS:
        spellings = {name[6] for name in each_name(formula) if name.startswith("sglang")}
        assert len(spellings) <= 1


def test_twins_are_read_one_instead_of_the_other() -> None:
    """The picker says the same under old and new names at once: the sum would be double."""
    series = Series(
        names={Place.OWN: frozenset(["llm_d_epp_request_total", "inference_model_request_total"])},
        scopes=GENERIC,
    )
    question = Question(
        signal=SIGNALS["request_rate"], formula=SIGNALS["request_rate"].ways[0], series=series
    )

    assert question.whole().query == (
        "sum (rate(llm_d_epp_request_total{}[300s])) "
        "or sum (rate(inference_model_request_total{}[300s]))"
    )


# What llm-d-inference-sim is documented to expose: docs/metrics.md of that project. It has no label
# `engine`, and calls vLLM's `finished_reason` `finish_reason`.
SIMULATOR = (
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:kv_cache_usage_perc",
    "vllm:request_success_total",
    "vllm:prompt_tokens_total",
    "vllm:generation_tokens_total",
    "vllm:time_to_first_token_seconds_bucket",
    "vllm:time_per_output_token_seconds_bucket",
    "vllm:inter_token_latency_seconds_bucket",
    "vllm:e2e_request_latency_seconds_bucket",
    "vllm:request_queue_time_seconds_bucket",
    "vllm:request_prefill_time_seconds_bucket",
    "vllm:request_decode_time_seconds_bucket",
    "vllm:prefix_cache_hits_total",
    "vllm:prefix_cache_queries_total",
)


def test_the_simulators_series_are_read_and_what_it_lacks_is_missing() -> None:
    """A query that is only tried against the simulator can be wrong against vLLM."""
    store = Store()
    for name in SIMULATOR:
        for bound in ("1", "+Inf") if name.endswith("_bucket") else ("",):
            labels = {"__name__": name, **WHOSE[Scope.PODS], "model_name": "llama-3-70b"}
            labels |= {"le": bound} if bound else {}
            for index in range(25):
                store.append(labels, 10.0 + index, NOW - (24 - index) * timedelta(seconds=30))
    signals = PrometheusSignals(InStore(store))

    found = signals.read_many(tuple(SIGNALS), TARGET, at=NOW)

    read = {name for name, one in found.items() if isinstance(one, Reading)}
    through = {name for one in found.values() if isinstance(one, Reading) for name in one.metrics}
    assert set(SIMULATOR) - through == {"vllm:time_per_output_token_seconds_bucket"}
    assert {"kv_usage", "silent_ranks", "itl_p95", "prefill_p95"} <= read
    for name in ("preemptions", "waiting_capacity", "transfer_failures", "external_hit_ratio"):
        missing = found[name]
        assert isinstance(missing, NoData)
        assert missing.why is Why.NOT_SCRAPED
    parts = signals.read_parts("finished_requests", TARGET, at=NOW)
    assert isinstance(parts, dict)
    assert set(parts) == {""}


def test_a_name_stands_once(tmp_path: Path) -> None:
    """Which of two would be read nobody could say."""
    engine = (catalogue.TOPICS / "engine.py").read_text("utf-8")
    (tmp_path / "mine.py").write_text(engine, "utf-8")

    with pytest.raises(ValueError, match="two signals are called 'running'"):
        catalogue.read((catalogue.TOPICS, tmp_path))
