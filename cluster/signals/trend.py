"""What a signal did over a range: steady, rising, falling or spiky, with the numbers. Pure.

Twice the numbers is the same shape, and so is the same at another time. Adding a constant is not:
zero means something for every signal, and a queue that goes from 1000 to 1001 does not rise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from cluster.signals.signals import Samples

FEWEST: Final = 6
"""Fewer samples than this have any shape."""
MATERIAL: Final = 0.2
"""A change is one when it is at least this share of the signal's usual size."""
CLEAR: Final = 3.0
"""And when it is this many times the scatter around it."""
FAR: Final = 5.0
"""A sample is a spike when it is this many times the scatter away from the line,"""
LARGE: Final = 0.5
"""and at least this share of the usual size."""
ROUGH: Final = 0.3
"""Where half of the samples are further away than this share of it, all of them are spikes."""
ROUNDED: Final = 1e-9
"""The share by which the arithmetic may be off; far more than it is for 120 samples."""
MOST: Final = 120
"""More samples are thinned out: the slopes of all pairs are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The line through the samples, in the signal's unit: where it begins and ends.

    `scatter` is the median distance from it, `lowest` and `highest` are samples, `spikes` tells how
    many are far from the line, `samples` how many there were.
    """

    begins: float
    ends: float
    scatter: float
    lowest: float
    highest: float
    spikes: int
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """The signal stayed what it was; a level that is too high is consistently too high."""

    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Rising:
    """The signal grew, and not by chance."""

    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Falling:
    """The signal fell, and not by chance."""

    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Spiky:
    """The signal jumped about without going anywhere."""

    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotTell:
    """There are too few samples for a shape."""

    because: str


Shape = Steady | Rising | Falling | Spiky | CannotTell


def shape_of(samples: Samples) -> Shape:
    """Return the shape: the line of the median slope (Theil and Sen), and how far samples are."""
    points = _thinned([(at.timestamp(), value) for at, value in samples.points])
    if len(points) < FEWEST:
        return CannotTell(because=f"{len(points)} samples, at least {FEWEST} are needed")
    numbers = _numbers(points)
    change = numbers.ends - numbers.begins
    size = fmean(abs(value) for _, value in points)
    least = max(MATERIAL * size, CLEAR * numbers.scatter)
    # What is just as large as it must not be is no change, in whichever direction it is rounded.
    if abs(change) > least * (1 + ROUNDED):
        return Rising(numbers=numbers) if change > 0 else Falling(numbers=numbers)
    if numbers.spikes or numbers.scatter > ROUGH * size:
        return Spiky(numbers=numbers)
    return Steady(numbers=numbers)


def _numbers(points: Sequence[tuple[float, float]]) -> Numbers:
    first, last = points[0][0], points[-1][0]
    slope = median(
        (y - x) / (then - at)
        for index, (at, x) in enumerate(points)
        for then, y in points[index + 1 :]
    )
    begins = median(value - slope * (at - first) for at, value in points)
    away = [abs(value - begins - slope * (at - first)) for at, value in points]
    scatter = median(away)
    size = fmean(abs(value) for _, value in points)
    values = [value for _, value in points]
    return Numbers(
        begins=begins,
        ends=begins + slope * (last - first),
        scatter=scatter,
        lowest=min(values),
        highest=max(values),
        spikes=sum(1 for far in away if far > max(FAR * scatter, LARGE * size)),
        samples=len(points),
    )


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Return at most MOST points, at even distances; the ends stay."""
    if len(points) <= MOST:
        return points
    step = (len(points) - 1) / (MOST - 1)
    return [points[round(index * step)] for index in range(MOST)]
