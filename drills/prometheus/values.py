"""What a query answers: a vector, a scalar, a text or a matrix."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from drills.prometheus.labels import Labels


class Sample(NamedTuple):
    """One element of a vector; its moment is the evaluation's."""

    labels: Labels
    value: float


class Point(NamedTuple):
    """One value of a series, `at` in milliseconds since the epoch."""

    at: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A label set with its points, oldest first."""

    labels: Labels
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Vector:
    """At most one sample for each label set."""

    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number without labels."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal."""

    value: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Several series over time."""

    series: tuple[Series, ...] = ()


Value: TypeAlias = Vector | Scalar | Text | Matrix
