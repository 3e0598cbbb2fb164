"""All queries that the catalogue can ask about a target, for comparing two Prometheus servers."""

from collections.abc import Iterable, Iterator

from cluster.signals.catalogue import SIGNALS
from cluster.signals.promql import Promql
from cluster.signals.questions import questions
from cluster.signals.resolver import Names, probe
from cluster.signals.series import RANK, Place
from cluster.signals.signal import metrics_by_place
from cluster.targets.target import Target


def story_queries(target: Target, *, names: Iterable[str] | None = None) -> tuple[Promql, ...]:
    """Return every query, each once: the probe, then each way whole, by pod, rank and part.

    `names` are the metrics that exist; without it, all that the catalogue knows.
    """
    known = metrics_by_place(SIGNALS.values())
    there = None if names is None else frozenset(names)
    existing = {
        place: frozenset(listed) if there is None else there.intersection(listed)
        for place, listed in known.items()
    }
    asked = (probe(target.namespace, known), *_queries(target, names=existing))
    return tuple(dict.fromkeys(asked))


def _queries(target: Target, *, names: Names) -> Iterator[Promql]:
    for signal in SIGNALS.values():
        for question in questions(signal, target, names=names):
            yield question.whole().query
            yield question.newest()
            if question.pods:
                yield question.by(question.pods).query
            if RANK[0] in question.pods and question.formula.scope.place is Place.OWN:
                yield question.by(RANK).query
            if signal.breakdown:
                yield question.by((signal.breakdown,)).query
