"""The formulas about machines and containers: what changed, died, took time, or shares a node."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cluster.signals import promql
from cluster.signals.formulas import MINUTES_5
from cluster.signals.promql import Matcher, Promql
from cluster.signals.series import Metric, Scope, Series, Term, joined, rate

CONTAINER: Final = ("namespace", "pod", "container")
NODE: Final = ("node",)
UNAME: Final = Metric(names=("node_uname_info",))
POD_INFO: Final = Metric(names=("kube_pod_info",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """How many series of a gauge changed within the window to something other than zero.

    For numbers that stick, such as DCGM's last Xid: the value tells nothing about when. The same
    number twice in a row is not seen.
    """

    metric: Metric
    window: timedelta
    scope: Scope = Scope.PODS

    @property
    def terms(self) -> tuple[Term, ...]:
        """The gauge."""
        return (Term(metric=self.metric, scope=self.scope),)

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return `sum by (…) ((changes(gauge) > bool 0) * (gauge != bool 0))`."""

        def one(name: str, matchers: tuple[Matcher, ...]) -> Promql:
            changes = promql.call("changes", promql.selector(name, matchers, window=self.window))
            now = promql.selector(name, matchers)
            return promql.product(promql.holds(changes, ">"), promql.holds(now, "!="))

        return joined(series, self.metric, self.scope, one, operator="sum", by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The number on which all series of a gauge that sticks agree, where it is a name of something.

    The series that changed within the window speak before the others, and zero says nothing where
    another one has a number. Where they do not agree there is no answer: of two names neither is a
    middle.
    """

    metric: Metric
    window: timedelta
    scope: Scope = Scope.PODS

    @property
    def terms(self) -> tuple[Term, ...]:
        """The gauge."""
        return (Term(metric=self.metric, scope=self.scope),)

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return `max (x) == min (x)` of the news, else of all but zero, else zero."""
        news = self._agreed(series, self._news, by)
        known = self._agreed(series, self._known, by)
        # A sum, because one that is no number is none of the sum's zeros either.
        whole = joined(series, self.metric, self.scope, promql.selector, operator="sum", by=by)
        return promql.either(news, known, promql.zero(whole))

    def _agreed(
        self, series: Series, one: Callable[[str, tuple[Matcher, ...]], Promql], by: Sequence[str]
    ) -> Promql:
        most, least = (
            joined(series, self.metric, self.scope, one, operator=operator, by=by)
            for operator in ("max", "min")
        )
        return promql.same(most, least)

    def _known(self, name: str, matchers: tuple[Matcher, ...]) -> Promql:
        return promql.nonzero(promql.selector(name, matchers))

    def _news(self, name: str, matchers: tuple[Matcher, ...]) -> Promql:
        changes = promql.call("changes", promql.selector(name, matchers, window=self.window))
        return promql.both(self._known(name, matchers), promql.nonzero(changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """How many containers restarted within the window and ended for this reason the last time."""

    restarts: Metric
    reason: Metric
    window: timedelta
    scope: Scope = Scope.PODS

    @property
    def terms(self) -> tuple[Term, ...]:
        """The restarts; a reason is there only once something ended for it."""
        return (
            Term(metric=self.restarts, scope=self.scope),
            Term(metric=self.reason, scope=self.scope, optional=True),
        )

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return the number of containers."""
        kept = tuple(dict.fromkeys((*by, *CONTAINER)))

        def increase(name: str, matchers: tuple[Matcher, ...]) -> Promql:
            return promql.call("increase", promql.selector(name, matchers, window=self.window))

        grown = joined(series, self.restarts, self.scope, increase, operator="max", by=kept)
        restarted = promql.holds(grown, ">")
        none = promql.product(restarted, promql.number(0))
        if not series.of(self.reason, self.scope):
            return promql.aggregate("sum", none, by=by)
        of_reason = joined(
            series, self.reason, self.scope, promql.selector, operator="max", by=kept
        )
        ended = promql.product(restarted, promql.either(of_reason, none))
        return promql.aggregate("sum", ended, by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """The longest time between two moments that two gauges tell as Unix seconds."""

    since: Metric
    until: Metric
    each: tuple[str, ...]
    scope: Scope = Scope.PODS

    @property
    def terms(self) -> tuple[Term, ...]:
        """Both moments."""
        return tuple(Term(metric=each, scope=self.scope) for each in (self.until, self.since))

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return `max by (…) (until - since)`."""
        kept = tuple(dict.fromkeys((*by, *self.each)))
        until, since = (
            joined(series, metric, self.scope, promql.selector, operator="max", by=kept)
            for metric in (self.until, self.since)
        )
        return promql.aggregate("max", promql.subtract(until, since), by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnNodes:
    """A counter of the nodes on which the target's pods run, summed.

    A node exporter's series have the label `node` where its scrape was configured so; else `named`
    finds it through the host name of the same instance.
    """

    metric: Metric
    window: timedelta = MINUTES_5
    per_second: bool = True
    named: bool = False
    scope: Scope = Scope.CLUSTER

    @property
    def terms(self) -> tuple[Term, ...]:
        """The counter, where the pods are, and where needed how the nodes are called."""
        names = (Term(metric=UNAME, scope=self.scope),) if self.named else ()
        pods = Term(metric=POD_INFO, scope=Scope.PODS)
        return (Term(metric=self.metric, scope=self.scope), pods, *names)

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return `sum (sum by (node) (rate(counter)) and on (node) …)`."""
        theirs = joined(series, POD_INFO, Scope.PODS, promql.selector, operator="max", by=NODE)
        counted = self._by_instance(series) if self.named else self._rate(series, NODE)
        return promql.aggregate("sum", promql.matched(counted, "and", theirs, on=NODE), by=by)

    def _rate(self, series: Series, by: Sequence[str]) -> Promql:
        function = "rate" if self.per_second else "increase"
        return rate(series, self.metric, self.scope, window=self.window, by=by, function=function)

    def _by_instance(self, series: Series) -> Promql:
        names = joined(
            series,
            UNAME,
            self.scope,
            promql.selector,
            operator="max",
            by=("instance", "nodename"),
        )
        counted = self._rate(series, ("instance",))
        both = promql.matched(counted, "*", names, on=("instance",), take=("nodename",))
        return promql.relabelled(both, target="node", source="nodename")
