"""The plain formulas: a gauge, a rate, a quotient of rates, a quantile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cluster.signals import promql
from cluster.signals.promql import Promql
from cluster.signals.series import POD, Metric, Scope, Series, any_name, rate

MINUTES_5: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A gauge: `across` pods by "max" or "sum"; the worst rank of a pod speaks for the pod."""

    metric: Metric
    across: str
    scope: Scope = Scope.PODS

    @property
    def needs(self) -> tuple[tuple[Metric, Scope], ...]:
        """The gauge."""
        return ((self.metric, self.scope),)

    def whole(self, series: Series) -> Promql:
        """Return `across (gauge)`."""
        return promql.aggregate(self.across, self._merged(series, self.across))

    def by_pod(self, series: Series) -> Promql | None:
        """Return `max by (pod) (gauge)`."""
        return any_name(series.of(self.metric, self.scope), "max", promql.selector, by=POD)

    def _merged(self, series: Series, across: str) -> Promql:
        found = series.of(self.metric, self.scope)
        if len(found) == 1:
            return promql.selector(*found[0])
        return any_name(found, across, promql.selector, by=POD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A counter's increase per second, summed."""

    metric: Metric
    window: timedelta = MINUTES_5
    scope: Scope = Scope.PODS

    @property
    def needs(self) -> tuple[tuple[Metric, Scope], ...]:
        """The counter."""
        return ((self.metric, self.scope),)

    def whole(self, series: Series) -> Promql:
        """Return `sum (rate(counter))`."""
        return rate(series, self.metric, self.scope, window=self.window)

    def by_pod(self, series: Series) -> Promql | None:
        """Return `sum by (pod) (rate(counter))`."""
        if self.scope is Scope.ROUTER:
            return None
        return rate(series, self.metric, self.scope, window=self.window, by=POD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotient:
    """One rate over another; not a number when nothing happened."""

    above: Metric
    below: Metric
    window: timedelta
    offset: timedelta | None = None
    scope: Scope = Scope.PODS

    @property
    def needs(self) -> tuple[tuple[Metric, Scope], ...]:
        """Both counters."""
        return ((self.above, self.scope), (self.below, self.scope))

    def whole(self, series: Series) -> Promql:
        """Return `sum (rate(above)) / sum (rate(below))`."""
        return promql.divide(*(self._rate(series, each, ()) for each in (self.above, self.below)))

    def by_pod(self, series: Series) -> Promql | None:
        """Return the quotient of the sums by pod."""
        return promql.divide(*(self._rate(series, each, POD) for each in (self.above, self.below)))

    def _rate(self, series: Series, metric: Metric, by: Sequence[str]) -> Promql:
        return rate(series, metric, self.scope, window=self.window, offset=self.offset, by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A quantile of a histogram over five minutes; `metric` names the buckets."""

    metric: Metric
    quantile: float
    scope: Scope = Scope.PODS

    @property
    def needs(self) -> tuple[tuple[Metric, Scope], ...]:
        """The buckets."""
        return ((self.metric, self.scope),)

    def whole(self, series: Series) -> Promql:
        """Return `histogram_quantile(q, sum by (le) (rate(buckets)))`."""
        return self._of(series, ("le",))

    def by_pod(self, series: Series) -> Promql | None:
        """Return the quantile of each pod."""
        return None if self.scope is Scope.ROUTER else self._of(series, ("le", "pod"))

    def _of(self, series: Series, by: Sequence[str]) -> Promql:
        buckets = rate(series, self.metric, self.scope, window=MINUTES_5, by=by)
        return promql.call("histogram_quantile", str(self.quantile), buckets)
