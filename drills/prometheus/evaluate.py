"""Evaluates PromQL over the store: the declared subset, and nothing outside it.

The subset, whose meaning is that of Prometheus 3 (`Release.V2` gives the window borders and the
extrapolation of Debian's 2.42):

- selectors with = != =~ !~ (anchored; what RE2 and Python read differently is refused), ranges,
  offset of either sign, a look-back of 5 minutes, staleness;
- number and string literals, NaN, Inf, unary minus, parentheses;
- + - * / % ^, == != > < >= <= with and without bool, and/or/unless, on, ignoring, group_left,
  group_right;
- sum avg max min count group stddev stdvar quantile topk bottomk, with by and without;
- rate increase irate delta deriv changes resets; avg_ max_ min_ sum_ count_ last_over_time;
- histogram_quantile (classic histograms), absent, absent_over_time, scalar, vector, time,
  timestamp, label_replace, abs ceil floor round clamp clamp_min clamp_max.

Outside, refused with Unsupported: subqueries, the @ modifier, native histograms, atan2, fill,
`or` inside braces, count_values, limitk, and every function that is not named above.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from drills.prometheus import aggregation, functions, matching, windows
from drills.prometheus import labels as label_sets
from drills.prometheus.errors import BadQuery
from drills.prometheus.labels import Labels
from drills.prometheus.language import read
from drills.prometheus.selection import Reader
from drills.prometheus.store import MILLISECOND, Store, milliseconds
from drills.prometheus.tree import (
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Range,
    Selector,
    Words,
)
from drills.prometheus.values import Matrix, Point, Sample, Scalar, Series, Text, Value, Vector
from drills.prometheus.windows import Release, Window


def instant(store: Store, expr: str, at: datetime, *, release: Release = Release.V3) -> Value:
    """Evaluate at one moment; a bare range selector answers a Matrix.

    Raises BadQuery, Unsupported or Failed.
    """
    node, moment = read(expr), milliseconds(at)
    reader = Reader(store=store, start=moment, end=moment, release=release)
    if isinstance(node, Range):
        return _raw(node, reader, moment)
    return _Evaluation(reader=reader, at=moment).value(node)


def over_range(
    store: Store,
    expr: str,
    start: datetime,
    end: datetime,
    step: timedelta,
    *,
    release: Release = Release.V3,
) -> Matrix:
    """Evaluate at start, start + step, … up to end; every step sees the same samples.

    Raises BadQuery, Unsupported or Failed.
    """
    node = read(expr)
    if isinstance(node, Range | Words):
        message = "invalid expression type for range query, must be Scalar or instant Vector"
        raise BadQuery(message)
    first, last, every = milliseconds(start), milliseconds(end), step // MILLISECOND
    reader = Reader(store=store, start=first, end=last, release=release)
    points: dict[Labels, list[Point]] = {}
    for moment in range(first, last + 1, every):
        value = _Evaluation(reader=reader, at=moment).value(node)
        for labels, number in _samples(value):
            points.setdefault(labels, []).append(Point(moment, number))
    return Matrix(
        tuple(
            Series(labels=labels, points=tuple(found)) for labels, found in sorted(points.items())
        )
    )


def _samples(value: Value) -> tuple[Sample, ...]:
    if isinstance(value, Vector):
        return value.samples
    if isinstance(value, Scalar):
        return (Sample(label_sets.EMPTY, value.value),)
    message = f"a step answered {type(value).__name__}"
    raise AssertionError(message)


def _raw(node: Range, reader: Reader, at: int) -> Matrix:
    return Matrix(
        tuple(
            Series(
                labels=labels,
                points=tuple(map(Point, window.times, window.values)),
            )
            for labels, window in reader.windows(node, at)
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evaluation:
    """One query at one moment."""

    reader: Reader
    at: int

    def value(self, node: Node) -> Value:
        match node:
            case Number() | Words():
                return Scalar(node.value) if isinstance(node, Number) else Text(node.value)
            case Selector() | Range():
                return self._selection(node)
            case Negation(body=body):
                return self._negation(body)
            case Binary():
                left, right = self._operand(node.left), self._operand(node.right)
                return functions.distinct(matching.combine(node, left, right))
            case Aggregation():
                return self._aggregation(node)
            case Call():
                return self._call(node)

    def _selection(self, node: Selector | Range) -> Vector:
        if isinstance(node, Range):
            message = "a range vector stands where an instant vector is needed"
            raise BadQuery(message)
        newest = self.reader.newest(node, self.at)
        return Vector(tuple(Sample(labels, value) for labels, _, value in newest))

    def _negation(self, body: Node) -> Value:
        value = self._operand(body)
        if isinstance(value, Scalar):
            return Scalar(-value.value)
        flipped = (Sample(label_sets.nameless(each[0]), -each[1]) for each in value.samples)
        return functions.distinct(Vector(tuple(flipped)))

    def _operand(self, node: Node) -> Scalar | Vector:
        value = self.value(node)
        if isinstance(value, Scalar | Vector):
            return value
        message = "operators take only scalars and instant vectors"
        raise BadQuery(message)

    def _vector(self, node: Node) -> Vector:
        value = self.value(node)
        if isinstance(value, Vector):
            return value
        message = f"an instant vector is needed, not a {type(value).__name__.lower()}"
        raise BadQuery(message)

    def _number(self, node: Node | None) -> float:
        value = self.value(node) if node is not None else Scalar(0.0)
        if isinstance(value, Scalar):
            return value.value
        message = f"a scalar is needed, not a {type(value).__name__.lower()}"
        raise BadQuery(message)

    def _aggregation(self, node: Aggregation) -> Vector:
        return aggregation.aggregate(node, self._vector(node.body), self._number(node.parameter))

    def _call(self, node: Call) -> Value:
        match node.function, node.arguments:
            case "time", _:
                return Scalar(self.at / 1000)
            case "scalar", [body]:
                return functions.scalar(self._vector(body))
            case "vector", [body]:
                return Vector((Sample(label_sets.EMPTY, self._number(body)),))
            case "absent", [body]:
                return functions.absent(body, found=bool(self._vector(body).samples))
            case name, [Range() as body]:
                return self._over_window(name, body)
            case _:
                return functions.distinct(self._over_vectors(node))

    def _over_vectors(self, node: Call) -> Vector:
        if node.function == "timestamp":
            return Vector(tuple(self._timestamps(node.arguments[0])))
        return functions.call(node.function, [self.value(each) for each in node.arguments])

    def _timestamps(self, body: Node) -> Iterator[Sample]:
        """Yield when each sample was taken; what was computed was taken now."""
        if isinstance(body, Selector):
            for labels, taken, _ in self.reader.newest(body, self.at):
                yield Sample(label_sets.nameless(labels), taken / 1000)
            return
        for labels, _ in self._vector(body).samples:
            yield Sample(label_sets.nameless(labels), self.at / 1000)

    def _over_window(self, name: str, body: Range) -> Vector:
        found = self.reader.windows(body, self.at)
        if name == "absent_over_time":
            return functions.absent(body, found=any(True for _ in found))
        return functions.distinct(Vector(tuple(_applied(name, found))))


def _applied(name: str, found: Iterator[tuple[Labels, Window]]) -> Iterator[Sample]:
    apply = windows.FUNCTIONS[name]
    for labels, window in found:
        if (value := apply(window)) is not None:
            kept = labels if name == "last_over_time" else label_sets.nameless(labels)
            yield Sample(kept, value)
