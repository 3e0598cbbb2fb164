"""Aggregations: many samples become one, or the few largest, for each group."""

import math
from collections.abc import Callable, Iterable
from typing import Final

from drills.prometheus import arithmetic, quantiles
from drills.prometheus import labels as label_sets
from drills.prometheus.errors import Failed
from drills.prometheus.labels import Labels
from drills.prometheus.tree import Aggregation
from drills.prometheus.values import Sample, Vector

SIMPLE: Final[dict[str, Callable[[list[float]], float]]] = {
    "sum": arithmetic.total,
    "avg": arithmetic.mean,
    "max": arithmetic.largest,
    "min": arithmetic.smallest,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "stdvar": arithmetic.variance,
    "stddev": lambda values: math.sqrt(arithmetic.variance(values)),
}


def aggregate(node: Aggregation, body: Vector, parameter: float) -> Vector:
    """Aggregate; `parameter` is the quantile or the count of topk and bottomk.

    Raises Failed when that count is NaN.
    Source: prometheus.io/docs/prometheus/latest/querying/operators, aggregation operators.
    """
    groups = _grouped(node, body.samples)
    match node.operator:
        case "topk":
            return _first(groups.values(), parameter, sign=-1)
        case "bottomk":
            return _first(groups.values(), parameter, sign=1)
        case "quantile":
            function = _quantile(parameter)
        case operator:
            function = SIMPLE[operator]
    return Vector(
        tuple(
            Sample(labels, function([sample.value for sample in group]))
            for labels, group in groups.items()
        )
    )


def _grouped(node: Aggregation, samples: Iterable[Sample]) -> dict[Labels, list[Sample]]:
    groups: dict[Labels, list[Sample]] = {}
    for sample in samples:
        if node.by:
            key = label_sets.only(sample.labels, node.labels)
        else:
            key = label_sets.nameless(label_sets.without(sample.labels, node.labels))
        groups.setdefault(key, []).append(sample)
    return groups


def _quantile(quantile: float) -> Callable[[list[float]], float]:
    return lambda values: quantiles.of_values(quantile, values)


def _first(groups: Iterable[list[Sample]], count: float, *, sign: int) -> Vector:
    """Keep the samples that come first; NaN comes last in either direction."""
    if math.isnan(count):
        message = "parameter value is NaN"
        raise Failed(message)
    if count < 1:
        return Vector()
    most = len if math.isinf(count) else lambda _: int(count)
    chosen: list[Sample] = []
    for group in groups:
        ordered = sorted(group, key=lambda each: (math.isnan(each.value), sign * each.value))
        chosen += ordered[: most(group)]
    return Vector(tuple(chosen))
