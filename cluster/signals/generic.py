"""Signals for everybody at once: the same queries by labels, for recording rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cluster.signals import promql
from cluster.signals.eras import eras
from cluster.signals.promql import Promql
from cluster.signals.scopes import GENERIC
from cluster.signals.series import Formula, Place, Series
from cluster.signals.signal import Signal, metrics_by_place


@dataclass(frozen=True, slots=True, kw_only=True)
class Generic:
    """One way of a signal without a target: `way` counts from 1, as in `Resolved`."""

    way: int
    era: str
    metrics: tuple[str, ...]
    query: Promql


def generic(signal: Signal, *, by: Sequence[str]) -> tuple[Generic, ...]:
    """Return each way of the signal as a query with one row for each value of the labels `by`.

    All names of a metric stand in its query, joined by `or`; `namespace` and `pod` in the answer
    are those that the series are about, also where an exporter's scrape renamed them.
    """
    known = metrics_by_place((signal,))
    names = {place: frozenset(listed) for place, listed in known.items()}
    series = Series(names=names, scopes=GENERIC)
    return tuple(
        Generic(
            way=way,
            era=eras(_metrics(formula)),
            metrics=tuple(dict.fromkeys(_metrics(formula))),
            query=_query(formula, series, by),
        )
        for way, formula in enumerate(signal.ways, start=1)
    )


def _metrics(formula: Formula) -> Iterator[str]:
    return (name for term in formula.terms for name in term.metric.names)


def _query(formula: Formula, series: Series, by: Sequence[str]) -> Promql:
    if formula.scope.place is not Place.EXPORTED:
        return formula.query(series, by=by)
    moved = {label: f"exported_{label}" for label in by if label in {"namespace", "pod"}}
    found = formula.query(series, by=[moved.get(label, label) for label in by])
    for label, source in moved.items():
        found = promql.relabelled(found, target=label, source=source)
    return promql.aggregate("max", found, by=by)
