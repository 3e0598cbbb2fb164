"""The series that a formula reads: whose they are, and under which names they exist."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final, Protocol

from cluster.signals import promql
from cluster.signals.promql import Matcher, Promql

POD: Final = ("pod",)
RANK: Final = ("pod", "engine")


class Place(Enum):
    """The label by which a series says which namespace it is about; none for a node's series."""

    OWN = "namespace"
    # An exporter's own pod takes the label `namespace` when it is scraped; what it said itself is
    # then kept under this name (Prometheus' `honor_labels: false`).
    EXPORTED = "exported_namespace"
    CLUSTER = ""


class Scope(Enum):
    """Whose series are read."""

    PODS = "the pods that the target has now"
    WORKLOAD = "all pods that the workload ever had"
    EXPORTED = "the pods that the target has now, as an exporter names them"
    MODEL = "all engines of the target's model"
    ROUTER = "the endpoint picker, for the target's model"
    POOL = "the endpoint picker, for the target's pool"
    QUEUE = "the endpoint picker's queues, for the target's pool"
    NAMESPACE = "the whole namespace of the target"
    EXPORTED_NAMESPACE = "the whole namespace of the target, as an exporter names it"
    DEPLOYMENT = "the target as a Deployment"
    STATEFUL_SET = "the target as StatefulSets"
    SCALER = "the autoscalers that scale the target"
    CLUSTER = "all nodes"

    @property
    def place(self) -> Place:
        """Return by which label the namespace is known."""
        if self is Scope.CLUSTER:
            return Place.CLUSTER
        exported = self in {Scope.EXPORTED, Scope.EXPORTED_NAMESPACE}
        return Place.EXPORTED if exported else Place.OWN

    @property
    def pods(self) -> tuple[str, ...]:
        """Return the label that tells pods apart, empty where the series know no pods."""
        if self is Scope.EXPORTED:
            return ("exported_pod",)
        return POD if self in {Scope.PODS, Scope.WORKLOAD, Scope.MODEL} else ()

    @property
    def whole(self) -> tuple[str, ...]:
        """Return what stays apart in an answer for the target: two pools are two answers."""
        return {Scope.POOL: ("name",), Scope.QUEUE: ("inference_pool",)}.get(self, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric under the names that it had in different releases, newest first.

    Where several exist at once, a later name only fills in where an earlier one is silent: for each
    pod, since pods of two releases stand side by side, and as a whole where series know no pods,
    since the picker says the same under its old and its new names.
    """

    names: tuple[str, ...]
    matchers: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A metric that a formula reads; without an `optional` one there still is an answer."""

    metric: Metric
    scope: Scope
    optional: bool = False


Selected = tuple[str, tuple[Matcher, ...]]
"""A metric's name that exists, and the matchers of the series that are meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The series that a formula may use: those `names` exist, `scopes` say whose they are."""

    names: Mapping[Place, frozenset[str]]
    scopes: Mapping[Scope, tuple[Matcher, ...]]

    def of(self, metric: Metric, scope: Scope) -> tuple[Selected, ...]:
        """Return the existing names with their matchers, newest first."""
        if scope not in self.scopes:
            return ()
        known = self.names.get(scope.place, frozenset())
        matchers = (*self.scopes[scope], *metric.matchers)
        return tuple((name, matchers) for name in metric.names if name in known)

    def answers(self, formula: "Formula") -> bool:
        """Tell whether everything exists that the formula needs."""
        needed = (each for each in formula.terms if not each.optional)
        return all(self.of(each.metric, each.scope) for each in needed)


class Formula(Protocol):
    """One way to compute a signal."""

    @property
    def scope(self) -> Scope:
        """Whose series decide about freshness, absence, and how an answer can be divided."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """The metrics that it reads; the first one is needed and tells how fresh the answer is."""

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return the query with one row for each value of the labels `by`."""


def newest(formula: Formula, series: Series, *, by: Sequence[str] = ()) -> Promql:
    """Return when the formula's series were last scraped, as Unix seconds."""
    first = formula.terms[0]
    selected = [
        promql.call("timestamp", promql.selector(name, matchers))
        for name, matchers in series.of(first.metric, first.scope)
    ]
    return promql.aggregate("max", promql.either(*selected), by=by)


def rate(
    series: Series,
    metric: Metric,
    scope: Scope,
    *,
    window: timedelta,
    offset: timedelta | None = None,
    by: Sequence[str] = (),
    function: str = "rate",
) -> Promql:
    """Return `sum by (…) (rate(metric[window] offset …))` over all names of the metric."""

    def one(name: str, matchers: tuple[Matcher, ...]) -> Promql:
        return promql.call(function, promql.selector(name, matchers, window=window, offset=offset))

    return joined(series, metric, scope, one, operator="sum", by=by)


def joined(
    series: Series,
    metric: Metric,
    scope: Scope,
    one: Callable[[str, tuple[Matcher, ...]], Promql],
    *,
    operator: str,
    by: Sequence[str],
) -> Promql:
    """Aggregate all names of a metric into one answer; no name counts twice."""
    found = series.of(metric, scope)
    if len(found) == 1:
        return promql.aggregate(operator, one(*found[0]), by=by)
    kept = tuple(dict.fromkeys((*by, *scope.pods)))
    inside = any_name(found, operator, one, by=kept)
    return inside if kept == tuple(by) else promql.aggregate(operator, inside, by=by)


def any_name(
    found: Sequence[Selected],
    operator: str,
    one: Callable[[str, tuple[Matcher, ...]], Promql],
    *,
    by: Sequence[str],
) -> Promql:
    """Join a metric's names by `or`, each aggregated first: their other labels may differ."""
    return promql.either(
        *(promql.aggregate(operator, one(name, matchers), by=by) for name, matchers in found)
    )
