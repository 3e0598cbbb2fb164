"""A recording rule for every signal of the catalogue, under `triaged:<name of the signal>`.

Engines' series keep namespace, model_name, role and job; those of the endpoint picker namespace
and model_name, or pool. What other exporters say about pods gets the model and the role of the
engine that runs, or lately ran, in the pod. All ways to read a signal stand in one rule, so that a
metric that is renamed goes on under the same name here; a better way hides a worse one for the
same model. What is not a number is not recorded: no data stays no data.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from cluster.rules import requests
from cluster.rules.rule import Recording
from cluster.signals import promql
from cluster.signals.catalogue import SIGNALS
from cluster.signals.eras import era
from cluster.signals.formulas import Filled, Gauge, Part, Quantile, Quotient
from cluster.signals.generic import generic
from cluster.signals.promql import Promql
from cluster.signals.series import Formula, Scope
from cluster.signals.signal import Signal
from cluster.signals.things import Agreed, OnNodes, Took

PREFIX: Final = "triaged:"
MODEL: Final = ("namespace", "model_name")
ENGINE: Final = (*MODEL, "role", "job")
OF_MODEL: Final = (*MODEL, "role")
POD: Final = ("namespace", "pod")
# The engines' own exporters name the model; all others know at most the pod.
ENGINES: Final = ("vllm:", "sglang:", "sglang_", "trtllm_", "lmcache:")
CHAPTER: Final = "the names of the operations chapter"
GATEWAYS: Final = ("istio_", "envoy_", "agentgateway_")
# Exporters that tell of the whole cluster.
EVERYWHERE: Final = ("kube_", "kubelet_", "keda_", "wva_", "inferno_", *GATEWAYS)
WORKLOADS: Final = frozenset({"deployment", "statefulset"})

ENGINE_POD: Final = f"{PREFIX}engine_pod"
POD_OF_MODEL: Final = f"{PREFIX}pod_of_model"
NAMESPACE_OF_MODELS: Final = f"{PREFIX}namespace_of_models"
ALIVE: Final = (
    "vllm:num_requests_running",
    "sglang:num_running_reqs",
    "sglang_num_running_reqs",
    "trtllm_num_requests_running",
)

FOUNDATION: Final = (
    Recording(
        name=ENGINE_POD,
        expr=promql.aggregate(
            "max",
            requests.with_role(
                promql.either(
                    *(
                        promql.aggregate("max", promql.selector(name), by=(*ENGINE, "pod"))
                        for name in ALIVE
                    )
                )
            ),
            by=(*OF_MODEL, "pod"),
        )
        + " * 0 + 1",
        why="The pods that engines answer from, with their model and role.",
    ),
    Recording(
        name=POD_OF_MODEL,
        expr=f"topk by (namespace, pod) (1, max_over_time({ENGINE_POD}[1h]))",
        why=(
            "The same over the last hour, one row for each pod: a pod that was killed no longer "
            "answers, and it is the one that matters."
        ),
    ),
    Recording(
        name=NAMESPACE_OF_MODELS,
        expr=f"max by (namespace) (max_over_time({ENGINE_POD}[1d]))",
        why="Where models were served within a day; what happens elsewhere is not ours.",
    ),
)
"""What the rules of other signals rest on."""

# Where a share of all requests needs two exporters, the counts are recorded and divided.
COUNTED: Final[Mapping[str, str]] = {
    "error_ratio": requests.ERROR_RATIO,
    "http_error_ratio": requests.HTTP_ERROR_RATIO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Ways whose rows have the same labels; between two levels those in `shared` decide."""

    labels: tuple[str, ...]
    queries: tuple[str, ...]


def recordings(signals: Mapping[str, Signal] = SIGNALS) -> tuple[Recording, ...]:
    """Return the foundation, the counts of requests, and one recording for each signal."""
    first = [signals[name] for name in requests.NEEDED]
    others = [signal for signal in signals.values() if signal.name not in requests.NEEDED]
    return (
        *FOUNDATION,
        *map(_recording, first),
        *requests.RECORDINGS,
        *map(_recording, others),
    )


def recorded(name: str) -> str:
    """Return the name under which a signal is recorded; raises KeyError for no signal."""
    return f"{PREFIX}{SIGNALS[name].name}"


def kept(formula: Formula) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the labels that rows end with, and those by which the series are put together."""
    if formula.scope in {Scope.PODS, Scope.WORKLOAD, Scope.MODEL, Scope.EXPORTED}:
        return (ENGINE, ENGINE) if _of_engine(formula) else (OF_MODEL, POD)
    if formula.scope in {Scope.POOL, Scope.QUEUE}:
        return ("namespace", "pool"), ("namespace", *formula.scope.whole)
    if formula.scope is Scope.CLUSTER:
        return (("node",), ("node",)) if isinstance(formula, OnNodes) else ((), ())
    if formula.scope is Scope.DEPLOYMENT:
        return ("namespace", "deployment"), ("namespace", "deployment")
    if formula.scope is Scope.STATEFUL_SET:
        return ("namespace", "statefulset"), ("namespace", "statefulset")
    # By its era: the picker's `llm_d_epp_` begins like the chapter's names, and knows no model.
    named = formula.scope is Scope.ROUTER or _of_engine(formula) or era(_first(formula)) == CHAPTER
    return (MODEL, MODEL) if named else (("namespace",), ("namespace",))


def _recording(signal: Signal) -> Recording:
    expr = COUNTED.get(signal.name) or _joined(list(_levels(signal)))
    return Recording(
        name=f"{PREFIX}{signal.name}", expr=expr, why=f"{signal.meaning} [{signal.unit}]."
    )


def _levels(signal: Signal) -> Iterator[Level]:
    ways = [_way(signal, number) for number in range(len(signal.ways))]
    for labels, same in groupby(ways, key=lambda way: way[0]):
        yield Level(labels=labels, queries=tuple(query for _, query in same))


def _joined(levels: Sequence[Level]) -> str:
    """Join levels: a worse way fills in for models, or namespaces, that a better one lacks."""
    first, *others = levels
    found = promql.either(*map(Promql, first.queries))
    known = set(first.labels)
    for each in others:
        shared = [label for label in each.labels if label in known & {*MODEL, "pool"}]
        more = promql.either(*map(Promql, each.queries))
        # A Deployment says nothing about the StatefulSets beside it.
        alone = bool(WORKLOADS & set(each.labels)) or not shared
        on = "" if alone else f" on ({', '.join(shared)})"
        found = Promql(f"({found}) or{on} ({more})")
        known &= set(each.labels)
    return found


def _way(signal: Signal, number: int) -> tuple[tuple[str, ...], str]:
    """Return the labels of a way's rows, and its query."""
    formula = signal.ways[number]
    extra = (signal.breakdown,) if signal.breakdown else ()
    labels, by = kept(formula)
    query: str = generic(signal, by=(*by, *extra))[number].query
    query = _numbers(formula, query)
    if by == POD:
        query = _of_pods(formula, query, (*OF_MODEL, *extra))
    elif by == ENGINE:
        query = requests.with_role(Promql(query))
    elif labels != by:
        query = _renamed(query, by[-1], (*labels, *extra))
    elif _of_cluster(formula) and "namespace" in labels:
        query = f"({query}) and on (namespace) {NAMESPACE_OF_MODELS}"
    elif isinstance(formula, OnNodes):
        query = f"({query}) and on (node) (kube_pod_info and on (namespace, pod) {POD_OF_MODEL})"
    return (*labels, *extra), query


def _of_engine(formula: Formula) -> bool:
    return _first(formula).startswith(ENGINES)


def _of_cluster(formula: Formula) -> bool:
    return _first(formula).startswith(EVERYWHERE)


def _first(formula: Formula) -> str:
    return formula.terms[0].metric.names[0]


def _numbers(formula: Formula, query: str) -> str:
    """Leave out what is not a number: a ratio over nothing, a quantile of no requests."""
    if isinstance(formula, Quantile):
        return f"{query} >= 0"
    if isinstance(formula, (Quotient, Filled, Part)):
        return f"({query}) >= 0 < Inf"
    return query


def _of_pods(formula: Formula, query: str, by: Sequence[str]) -> str:
    """Give rows about pods their model and role, and put the pods of one role together."""
    joined = f"({query}) * on (namespace, pod) group_left (model_name, role) {POD_OF_MODEL}"
    return f"{_across(formula)} by ({', '.join(by)}) ({joined})"


def _across(formula: Formula) -> str:
    if isinstance(formula, (Gauge, Filled)):
        return formula.across
    return "max" if isinstance(formula, (Agreed, Took)) else "sum"


def _renamed(query: str, source: str, by: Sequence[str]) -> str:
    """Call the label with the pool's name `pool`, as every other rule does."""
    moved = promql.relabelled(Promql(query), target="pool", source=source)
    return f"max by ({', '.join(by)}) ({moved})"
