"""The ways of a signal that the Prometheus at hand can answer, as queries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cluster.signals.eras import eras
from cluster.signals.judgement import Asked
from cluster.signals.promql import Promql
from cluster.signals.reading import Resolved
from cluster.signals.resolver import Names
from cluster.signals.scopes import scopes_of
from cluster.signals.series import Formula, Series, newest
from cluster.signals.signal import Signal
from cluster.targets.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One way to read a signal, over the series that exist; `way` counts from 1."""

    signal: Signal
    formula: Formula
    series: Series
    way: int = 1

    @property
    def pods(self) -> tuple[str, ...]:
        """Return the label that tells its pods apart, empty where its series know none."""
        return self.formula.scope.pods

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the names of the metrics that it goes through."""
        found = (self.series.of(term.metric, term.scope) for term in self.formula.terms)
        return tuple(dict.fromkeys(name for selected in found for name, _ in selected))

    def whole(self) -> Asked:
        """Ask for one row for the target."""
        return self.by(self.formula.scope.whole)

    def by(self, labels: Sequence[str]) -> Asked:
        """Ask for one row for each value of the labels."""
        query = self.formula.query(self.series, by=labels)
        return Asked(signal=self.signal, query=query, metrics=self.metrics)

    def newest(self, by: Sequence[str] | None = None) -> Promql:
        """Return the query for the moments of the newest samples, by pod unless told otherwise."""
        return newest(self.formula, self.series, by=self.pods if by is None else by)

    def resolved(self) -> Resolved:
        """Return which way this is, in words."""
        return Resolved(
            signal=self.signal.name,
            way=self.way,
            era=eras(self.metrics),
            metrics=self.metrics,
            query=self.whole().query,
        )


def questions(signal: Signal, target: Target, *, names: Names) -> Iterator[Question]:
    """Yield the ways whose metrics exist, in the order of the catalogue."""
    series = Series(names=names, scopes=scopes_of(target))
    for way, formula in enumerate(signal.ways, start=1):
        if series.answers(formula):
            yield Question(signal=signal, formula=formula, series=series, way=way)
