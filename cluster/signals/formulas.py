"""The plain formulas: a gauge, a rate, quotients, a share, a quantile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cluster.signals import promql
from cluster.signals.promql import Matcher, Promql
from cluster.signals.series import Metric, Scope, Series, Term, joined, rate

MINUTES_5: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A gauge: `across` pods by "max", "min", "avg" or "sum"; a pod's worst rank speaks for it.

    With `over`, the mean over that long, ending `offset` ago. `times` turns percents into ratios.
    """

    metric: Metric
    across: str
    scope: Scope = Scope.PODS
    over: timedelta | None = None
    offset: timedelta | None = None
    times: float = 1.0

    @property
    def terms(self) -> tuple[Term, ...]:
        """The gauge."""
        return (Term(metric=self.metric, scope=self.scope),)

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return `across by (…) (gauge)`."""
        # Between ranks of one pod the worst one speaks, however pods are put together.
        by_pod = set(self.scope.pods) & set(by)
        operator = "max" if by_pod and self.across == "sum" else self.across
        found = joined(series, self.metric, self.scope, self._one, operator=operator, by=by)
        return found if self.times == 1.0 else promql.product(found, promql.number(self.times))

    def _one(self, name: str, matchers: tuple[Matcher, ...]) -> Promql:
        if self.over is None:
            return promql.selector(name, matchers, offset=self.offset)
        ranged = promql.selector(name, matchers, window=self.over, offset=self.offset)
        return promql.call("avg_over_time", ranged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A counter's increase, summed: per second, or in the whole window with `per_second=False`.

    A counter that is born with its first event needs a `witness`: a metric of the same exporter
    whose presence tells that the counter would be there; then its absence is zero.
    """

    metric: Metric
    window: timedelta = MINUTES_5
    scope: Scope = Scope.PODS
    per_second: bool = True
    witness: Metric | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        """The counter, or its witness and the counter."""
        counter = Term(metric=self.metric, scope=self.scope, optional=self.witness is not None)
        if self.witness is None:
            return (counter,)
        return (Term(metric=self.witness, scope=self.scope), counter)

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return `sum by (…) (rate(counter))`, or zero where only the witness is."""
        if self.witness is None:
            return self._increase(series, self.metric, by)
        none = promql.product(self._increase(series, self.witness, by), promql.number(0))
        if not series.of(self.metric, self.scope):
            return none
        return promql.either(self._increase(series, self.metric, by), none)

    def _increase(self, series: Series, metric: Metric, by: Sequence[str]) -> Promql:
        function = "rate" if self.per_second else "increase"
        return rate(series, metric, self.scope, window=self.window, by=by, function=function)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotient:
    """One rate over the sum of others; not a number when nothing happened."""

    above: Metric
    below: tuple[Metric, ...]
    window: timedelta = MINUTES_5
    offset: timedelta | None = None
    scope: Scope = Scope.PODS

    @property
    def terms(self) -> tuple[Term, ...]:
        """All counters."""
        return _terms((self.above, *self.below), self.scope)

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return `sum by (…) (rate(above)) / sum by (…) (rate(below))`."""
        above, *below = (
            rate(series, each, self.scope, window=self.window, offset=self.offset, by=by)
            for each in (self.above, *self.below)
        )
        return promql.divide(above, promql.total(below))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One gauge over the sum of others of the same thing; `across` things by "max" or "sum".

    `each` are the labels of one thing: both sides are aggregated by them first, since a container
    that restarted is two series for minutes and a plain division would fail. With "sum" the sums
    are divided. `only` keeps the things that are in this series of value 1.
    """

    above: Metric
    below: tuple[Metric, ...]
    each: tuple[str, ...]
    across: str = "max"
    scope: Scope = Scope.PODS
    only: tuple[Metric, Scope] | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        """All gauges."""
        kept = (Term(metric=self.only[0], scope=self.only[1]),) if self.only else ()
        return (*_terms((self.above, *self.below), self.scope), *kept)

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return `across by (…) (above / below)`."""
        above, *below = (self._of(series, metric, by) for metric in (self.above, *self.below))
        if self.across == "sum":
            sums = [promql.aggregate("sum", one, by=by) for one in (above, *below)]
            return promql.divide(sums[0], promql.total(sums[1:]))
        return promql.aggregate(self.across, promql.divide(above, promql.total(below)), by=by)

    def _of(self, series: Series, metric: Metric, by: Sequence[str]) -> Promql:
        found = self._largest(series, metric, self.scope, (*by, *self.each))
        if self.only is None:
            return found
        return promql.product(found, self._largest(series, *self.only, (*by, *self.each)))

    def _largest(self, series: Series, metric: Metric, scope: Scope, by: Sequence[str]) -> Promql:
        kept = tuple(dict.fromkeys(by))
        return joined(series, metric, scope, promql.selector, operator="max", by=kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The share of a counter's events that carry a label; not a number when there were none.

    A label's value is born with its first event: no such series is zero where others are counted.
    """

    metric: Metric
    matcher: Matcher
    window: timedelta = MINUTES_5
    scope: Scope = Scope.PODS

    @property
    def terms(self) -> tuple[Term, ...]:
        """The counter."""
        return (Term(metric=self.metric, scope=self.scope),)

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return `sum by (…) (rate(part)) / sum by (…) (rate(all))`."""
        everything = rate(series, self.metric, self.scope, window=self.window, by=by)
        part = rate(series, self._part, self.scope, window=self.window, by=by)
        none = promql.product(everything, promql.number(0))
        return promql.divide(promql.either(part, none), everything)

    @property
    def _part(self) -> Metric:
        matchers = (*self.metric.matchers, self.matcher)
        return Metric(names=self.metric.names, matchers=matchers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A quantile of a histogram over five minutes; `metric` names the buckets, under one name.

    Releases have other bounds, and buckets of two sets of bounds make no histogram: each name is a
    way of its own.
    """

    metric: Metric
    quantile: float
    scope: Scope = Scope.PODS

    @property
    def terms(self) -> tuple[Term, ...]:
        """The buckets."""
        return (Term(metric=self.metric, scope=self.scope),)

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return `histogram_quantile(q, sum by (le, …) (rate(buckets)))`."""
        buckets = rate(series, self.metric, self.scope, window=MINUTES_5, by=("le", *by))
        return promql.call("histogram_quantile", str(self.quantile), buckets)


def _terms(metrics: Sequence[Metric], scope: Scope) -> tuple[Term, ...]:
    return tuple(Term(metric=each, scope=scope) for each in metrics)
