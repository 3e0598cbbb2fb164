"""The composed formulas: the share of errors, and the ranks that went silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cluster.signals import promql
from cluster.signals.formulas import MINUTES_5
from cluster.signals.promql import Match, Matcher, Promql
from cluster.signals.series import RANK, Metric, Scope, Series, Term, joined, rate

# The model server's own answers; the picker counts a client's 4xx among them.
BY_ENGINE: Final = "ModelServerError"
BY_PICKER: Final = "ServiceUnavailable|Internal|Unknown"
# The instrumentator groups into "5xx" by default; this matches both forms.
FAILED: Final = Matcher(label="status", how=Match.LIKE, value="5..")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorShare:
    """Failed requests over all requests, as users see them; not a number without requests.

    The picker counts a request in `total` only once it is scheduled, and refusals in `errors`
    alone. Both are born with their first event, so absence of one is zero. Where the engines'
    answers are counted by status, their failures are read there and clients' mistakes do not count.
    Source: llm-d-router pkg/epp/handlers/server.go.
    """

    errors: Metric
    total: Metric
    answers: Metric | None = None
    scope: Scope = Scope.ROUTER

    @property
    def terms(self) -> tuple[Term, ...]:
        """One of the picker's counters, and the engines' answers where they are read."""
        picker = Metric(names=(*self.total.names, *self.errors.names))
        needed = (Term(metric=picker, scope=self.scope),)
        if self.answers is None:
            return needed
        return (*needed, Term(metric=self.answers, scope=Scope.PODS))

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return the share of all requests."""
        refused = self._errors(series, Match.NOT_EQUAL, BY_ENGINE, by)
        everything = promql.add(self._or_zero(series, self.total, self.errors, by), refused)
        return promql.divide(self._failed(series, by), everything)

    def _failed(self, series: Series, by: Sequence[str]) -> Promql:
        if self.answers is None:
            return self._errors(series, Match.LIKE, f"{BY_ENGINE}|{BY_PICKER}", by)
        failed = Metric(names=self.answers.names, matchers=(*self.answers.matchers, FAILED))
        # A status is born with its first answer: zero where the pods count answers at all.
        answered = rate(series, self.answers, Scope.PODS, window=MINUTES_5, by=by)
        none = promql.product(answered, promql.number(0))
        found = rate(series, failed, Scope.PODS, window=MINUTES_5, by=by)
        engines = promql.either(found, none)
        return promql.add(engines, self._errors(series, Match.LIKE, BY_PICKER, by))

    def _errors(self, series: Series, how: Match, codes: str, by: Sequence[str]) -> Promql:
        code = Matcher(label="error_code", how=how, value=codes)
        return self._or_zero(
            series, Metric(names=self.errors.names, matchers=(code,)), self.total, by
        )

    def _or_zero(self, series: Series, metric: Metric, other: Metric, by: Sequence[str]) -> Promql:
        """Return the rate, and zero where only the other one of the two counters is."""
        there = series.of(metric, self.scope)
        found = rate(series, metric, self.scope, window=MINUTES_5, by=by) if there else None
        if not by:
            return promql.or_zero(found) if found else promql.call("vector", "0")
        if not series.of(other, self.scope):
            # One of the two is needed, so that this one is there.
            return rate(series, metric, self.scope, window=MINUTES_5, by=by)
        others = rate(series, other, self.scope, window=MINUTES_5, by=by)
        none = promql.product(others, promql.number(0))
        return promql.either(found, none) if found else none


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentRanks:
    """How many ranks had work in the whole window and produced no token in it.

    A data-parallel pod has one engine per rank; one that died hides in the sum of the pod. A rank
    whose first request has just come, that is younger than the window, or whose counters began
    again within it, has not been silent for that long.
    """

    work: tuple[Metric, ...]
    tokens: tuple[Metric, ...]
    window: timedelta
    scope: Scope = Scope.PODS

    @property
    def terms(self) -> tuple[Term, ...]:
        """Work and tokens."""
        return tuple(Term(metric=each, scope=self.scope) for each in (*self.work, *self.tokens))

    def query(self, series: Series, *, by: Sequence[str] = ()) -> Promql:
        """Return the number of silent ranks."""
        rank = tuple(dict.fromkeys((*by, *RANK)))
        least = [self._over(series, each, "min_over_time", rank) for each in self.work]
        grown = [
            rate(series, each, self.scope, window=self.window, by=rank) for each in self.tokens
        ]
        again = [self._over(series, each, "resets", rank) for each in self.tokens]
        silent = promql.product(
            promql.holds(promql.total(least), ">"), promql.holds(promql.total(grown), "==")
        )
        unbroken = promql.holds(promql.total(again), "==")
        return promql.aggregate(
            "sum",
            promql.product(promql.product(silent, unbroken), self._old(series, rank)),
            by=by,
        )

    def _over(self, series: Series, metric: Metric, function: str, rank: Sequence[str]) -> Promql:
        def one(name: str, matchers: tuple[Matcher, ...]) -> Promql:
            return promql.call(function, promql.selector(name, matchers, window=self.window))

        return joined(series, metric, self.scope, one, operator="max", by=rank)

    def _old(self, series: Series, rank: Sequence[str]) -> Promql:
        """Return 1 for a rank that was there when the window began, 0 for a younger one."""

        def before(name: str, matchers: tuple[Matcher, ...]) -> Promql:
            return promql.selector(name, matchers, offset=self.window)

        counter = self.tokens[0]
        then = joined(series, counter, self.scope, before, operator="max", by=rank)
        now = joined(series, counter, self.scope, promql.selector, operator="max", by=rank)
        return promql.either(promql.holds(then, ">="), promql.product(now, promql.number(0)))
