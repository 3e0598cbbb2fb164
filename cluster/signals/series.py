"""The series that a formula reads: whose they are, and under which names they exist."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final, Protocol

from cluster.signals import promql
from cluster.signals.promql import Matcher, Promql

POD: Final = ("pod",)


class Scope(Enum):
    """Whose series are read."""

    PODS = "the pods that the target has now"
    WORKLOAD = "all pods that the workload ever had"
    ROUTER = "the endpoint picker, for the target's model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric under the names that it had in different releases, newest first."""

    names: tuple[str, ...]
    matchers: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The series that a formula may use: those `names` exist, `scopes` say whose they are."""

    names: frozenset[str]
    scopes: Mapping[Scope, tuple[Matcher, ...]]

    def of(self, metric: Metric, scope: Scope) -> tuple[tuple[str, tuple[Matcher, ...]], ...]:
        """Return the existing names with their matchers.

        Pods of several releases stand side by side during an upgrade, so all of their names count;
        the picker gives the same numbers under old and new names at once, so the newest counts.
        """
        if scope not in self.scopes:
            return ()
        found = tuple(name for name in metric.names if name in self.names)
        matchers = (*self.scopes[scope], *metric.matchers)
        return tuple((name, matchers) for name in (found[:1] if scope is Scope.ROUTER else found))


class Formula(Protocol):
    """One way to compute a signal."""

    @property
    def scope(self) -> Scope:
        """Whose series decide about freshness and absence."""

    @property
    def needs(self) -> tuple[tuple[Metric, Scope], ...]:
        """The metrics without which there is no answer; the first one tells how fresh it is."""

    def whole(self, series: Series) -> Promql:
        """Return the query with one row for the target."""

    def by_pod(self, series: Series) -> Promql | None:
        """Return the query with one row per pod; None when the metrics know no pods."""


def newest(formula: Formula, series: Series, *, by: Sequence[str] = ()) -> Promql:
    """Return when the formula's series were last scraped, as Unix seconds."""
    metric, scope = formula.needs[0]
    selected = [
        promql.call("timestamp", promql.selector(name, matchers))
        for name, matchers in series.of(metric, scope)
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
) -> Promql:
    """Return `sum by (…) (rate(metric[window] offset …))` over all names of the metric."""

    def one(name: str, matchers: tuple[Matcher, ...]) -> Promql:
        return promql.call("rate", promql.selector(name, matchers, window=window, offset=offset))

    found = series.of(metric, scope)
    if len(found) == 1:
        return promql.aggregate("sum", one(*found[0]), by=by)
    kept = tuple(dict.fromkeys((*by, *POD)))
    return promql.aggregate("sum", any_name(found, "sum", one, by=kept), by=by)


def any_name(
    found: Sequence[tuple[str, tuple[Matcher, ...]]],
    operator: str,
    one: Callable[[str, tuple[Matcher, ...]], Promql],
    *,
    by: Sequence[str],
) -> Promql:
    """Join a metric's names by `or`, each aggregated first: their other labels may differ."""
    return promql.either(
        *(promql.aggregate(operator, one(name, matchers), by=by) for name, matchers in found)
    )
