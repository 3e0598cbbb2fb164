"""All queries that the catalogue can ask about a target, for comparing two Prometheus servers."""

from collections.abc import Iterator

from cluster.signals.catalogue import SIGNALS, metric_names
from cluster.signals.prometheus_signals import questions
from cluster.signals.promql import Promql
from cluster.signals.resolver import probe
from cluster.targets.target import Target


def story_queries(target: Target, *, names: frozenset[str] | None = None) -> tuple[Promql, ...]:
    """Return every query, each once: the probe, then each way whole, by pod, and its newest sample.

    `names` are the metrics that exist; without it, all that the catalogue knows.
    """
    known = metric_names(SIGNALS.values())
    asked = (probe(target.namespace, known), *_queries(target, names=names or frozenset(known)))
    return tuple(dict.fromkeys(asked))


def _queries(target: Target, *, names: frozenset[str]) -> Iterator[Promql]:
    for signal in SIGNALS.values():
        for question in questions(signal, target, names=names):
            yield question.formula.whole(question.series)
            if (by_pod := question.formula.by_pod(question.series)) is not None:
                yield by_pod
            yield question.newest
