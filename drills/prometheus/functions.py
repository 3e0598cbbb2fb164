"""Functions over vectors that are already evaluated."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from drills.prometheus import arithmetic, quantiles
from drills.prometheus import labels as label_sets
from drills.prometheus.errors import Failed
from drills.prometheus.labels import Labels
from drills.prometheus.matchers import Operation, pattern
from drills.prometheus.tree import Node, Range, Selector
from drills.prometheus.values import Sample, Scalar, Text, Value, Vector

BUCKET: Final = "le"
LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# Go's expansion: `$$`, `$name` with the longest possible name, or `${name}`.
REFERENCE: Final = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})", re.ASCII)

Answer = TypeVar("Answer", Scalar, Vector, Scalar | Vector)
Elementwise = Callable[[float, Sequence[float]], float]


def call(function: str, arguments: Sequence[Value]) -> Vector:
    """Apply a function whose first vector decides the labels of the answer."""
    match function, arguments:
        case "histogram_quantile", [Scalar(quantile), Vector(samples)]:
            return _histogram_quantile(quantile, samples)
        case "label_replace", [Vector(samples), *texts]:
            return _label_replace(samples, [each.value for each in texts if isinstance(each, Text)])
        case _, [Vector(samples), *numbers]:
            parameters = [each.value for each in numbers if isinstance(each, Scalar)]
            return _each(function, samples, parameters)
        case _:
            pass
    message = f"{function}() was called with {arguments!r}"  # the grammar checks the types
    raise AssertionError(message)


def absent(argument: Node, *, found: bool) -> Vector:
    """Answer 1 with the labels that the selector is sure of, or nothing when it was found.

    Source: prometheus.io/docs/prometheus/latest/querying/functions, absent.
    """
    return Vector() if found else Vector((Sample(_certain(argument), 1.0),))


def scalar(vector: Vector) -> Scalar:
    """Return the only value of a vector, NaN when there is none or more than one."""
    return Scalar(vector.samples[0].value if len(vector.samples) == 1 else math.nan)


def distinct(value: Answer) -> Answer:
    """Return the value; raises Failed when two elements of a vector have the same labels."""
    if isinstance(value, Vector):
        samples = value.samples
        if len({sample.labels for sample in samples}) < len(samples):
            message = "vector cannot contain metrics with the same labelset"
            raise Failed(message)
    return value


def _each(function: str, samples: Iterable[Sample], parameters: Sequence[float]) -> Vector:
    if function == "clamp" and parameters[1] < parameters[0]:
        return Vector()
    apply = ELEMENTWISE[function]
    return Vector(
        tuple(Sample(label_sets.nameless(each[0]), apply(each[1], parameters)) for each in samples)
    )


def _round(value: float, parameters: Sequence[float]) -> float:
    # The inverse loses less precision than dividing by the step; ties go up.
    inverse = arithmetic.divide(1.0, parameters[0] if parameters else 1.0)
    return arithmetic.divide(arithmetic.rounded(math.floor, value * inverse + 0.5), inverse)


def _clamp(value: float, low: float, high: float) -> float:
    if any(map(math.isnan, (value, low, high))):
        return math.nan
    return max(low, min(high, value))


def _histogram_quantile(quantile: float, samples: Iterable[Sample]) -> Vector:
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, value in samples:
        if (bound := _bound(label_sets.value(labels, BUCKET))) is not None:
            key = label_sets.without(labels, (BUCKET,))
            groups.setdefault(key, []).append((bound, value))
    return Vector(
        tuple(
            Sample(label_sets.nameless(labels), quantiles.of_buckets(quantile, buckets))
            for labels, buckets in groups.items()
        )
    )


def _bound(text: str) -> float | None:
    """Read a bucket's upper bound; a series without one is no bucket and is left out."""
    try:
        return float(text)
    except ValueError:
        return None


def _label_replace(samples: Iterable[Sample], texts: Sequence[str]) -> Vector:
    target, replacement, source, expression = texts
    if not LABEL_NAME.fullmatch(target):
        message = f"invalid destination label name in label_replace(): {target}"
        raise Failed(message)
    compiled = pattern(expression)
    found: list[Sample] = []
    for labels, value in samples:
        match = compiled.fullmatch(label_sets.value(labels, source))
        text = _expanded(replacement, match) if match else None
        new = labels if text is None else label_sets.replaced(labels, target, text)
        found.append(Sample(new, value))
    return Vector(tuple(found))


def _expanded(template: str, match: re.Match[str]) -> str:
    groups: Mapping[str, str | None] = match.groupdict() | {
        str(index): match.group(index) for index in range(match.re.groups + 1)
    }
    return REFERENCE.sub(lambda found: found[1] or groups.get(found[2] or found[3]) or "", template)


def _certain(argument: Node) -> Labels:
    match argument:
        case Selector(matchers=matchers) | Range(selector=Selector(matchers=matchers)):
            named = [each for each in matchers if each.name != label_sets.NAME]
        case _:
            return label_sets.EMPTY
    certain: dict[str, str] = {}
    for matcher in named:
        first = matcher.operation is Operation.EQUAL and matcher.name not in certain
        certain[matcher.name] = matcher.value if first else ""
    return label_sets.of(certain)


ELEMENTWISE: Final[dict[str, Elementwise]] = {
    "abs": lambda value, _: abs(value),
    "ceil": lambda value, _: arithmetic.rounded(math.ceil, value),
    "floor": lambda value, _: arithmetic.rounded(math.floor, value),
    "round": _round,
    "clamp": lambda value, numbers: _clamp(value, numbers[0], numbers[1]),
    "clamp_min": lambda value, numbers: _clamp(value, numbers[0], math.inf),
    "clamp_max": lambda value, numbers: _clamp(value, -math.inf, numbers[0]),
}
