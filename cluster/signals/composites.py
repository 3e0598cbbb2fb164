"""The composed formulas: the share of errors, and the ranks that went silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cluster.signals import promql
from cluster.signals.formulas import MINUTES_5
from cluster.signals.promql import Match, Matcher, Promql
from cluster.signals.series import POD, Metric, Scope, Series, any_name, rate

RANK: Final = ("pod", "engine")
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
    def needs(self) -> tuple[tuple[Metric, Scope], ...]:
        """One of the picker's counters, and the engines' answers where they are read."""
        picker = Metric(names=(*self.total.names, *self.errors.names))
        needed = (picker, self.scope)
        return (needed, (self.answers, Scope.PODS)) if self.answers else (needed,)

    def whole(self, series: Series) -> Promql:
        """Return the share of all requests."""
        refused = self._errors(series, Match.NOT_EQUAL, BY_ENGINE)
        everything = promql.add(self._or_zero(series, self.total, self.scope), refused)
        return promql.divide(self._failed(series), everything)

    def by_pod(self, series: Series) -> Promql | None:  # noqa: ARG002  the promise of all formulas
        """Return None: the picker does not say which pod failed."""
        return None

    def _failed(self, series: Series) -> Promql:
        if self.answers is None:
            return self._errors(series, Match.LIKE, f"{BY_ENGINE}|{BY_PICKER}")
        failed = Metric(names=self.answers.names, matchers=(*self.answers.matchers, FAILED))
        # A status is born with its first answer: zero where the pods count answers at all.
        answered = rate(series, self.answers, Scope.PODS, window=MINUTES_5)
        none = promql.product(answered, promql.number(0))
        engines = promql.either(rate(series, failed, Scope.PODS, window=MINUTES_5), none)
        return promql.add(engines, self._errors(series, Match.LIKE, BY_PICKER))

    def _errors(self, series: Series, how: Match, codes: str) -> Promql:
        code = Matcher(label="error_code", how=how, value=codes)
        metric = Metric(names=self.errors.names, matchers=(code,))
        return self._or_zero(series, metric, self.scope)

    def _or_zero(self, series: Series, metric: Metric, scope: Scope) -> Promql:
        if not series.of(metric, scope):
            return promql.call("vector", "0")
        return promql.or_zero(rate(series, metric, scope, window=MINUTES_5))


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentRanks:
    """How many ranks have work and produced no token in the window.

    A data-parallel pod has one engine per rank; one that died hides in the sum of the pod.
    """

    work: tuple[Metric, ...]
    tokens: tuple[Metric, ...]
    window: timedelta
    scope: Scope = Scope.PODS

    @property
    def needs(self) -> tuple[tuple[Metric, Scope], ...]:
        """Work and tokens."""
        return tuple((each, self.scope) for each in (*self.work, *self.tokens))

    def whole(self, series: Series) -> Promql:
        """Return the number for the target."""
        return promql.aggregate("sum", self._silent(series))

    def by_pod(self, series: Series) -> Promql | None:
        """Return the number for each pod."""
        return promql.aggregate("sum", self._silent(series), by=POD)

    def _silent(self, series: Series) -> Promql:
        work = [
            any_name(series.of(each, self.scope), "max", promql.selector, by=RANK)
            for each in self.work
        ]
        tokens = [
            rate(series, each, self.scope, window=self.window, by=RANK) for each in self.tokens
        ]
        return promql.product(promql.holds(_total(work), ">"), promql.holds(_total(tokens), "=="))


def _total(terms: Sequence[Promql]) -> Promql:
    total = terms[0]
    for each in terms[1:]:
        total = promql.add(total, each)
    return total
