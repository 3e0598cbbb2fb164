"""Figures: what was measured, against what, and whether that is enough."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from statistics import median

MEDIAN = 0.5


class Sense(Enum):
    """On which side of its bound a figure should be."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True, kw_only=True)
class Must:
    """What is asked of a figure, or of its ratio where it has one."""

    sense: Sense
    bound: float

    def reached_by(self, value: float) -> bool:
        """Return whether the value is on the right side."""
        if self.sense is Sense.AT_LEAST:
            return value >= self.bound
        return value <= self.bound

    def missed_by(self, value: float) -> float:
        """Return by which part of the bound the value is on the wrong side; 0 when it is not."""
        if self.reached_by(value):
            return 0.0
        return abs(value - self.bound) / self.bound if self.bound else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: values of all rounds, and what they are divided by.

    `base` holds the other side's values of the same rounds; each round gives one ratio. What is
    shown is the `quantile` of the values, or the median of the ratios.
    """

    goal: str
    name: str
    store: str
    unit: str
    values: Sequence[float]
    quantile: float = MEDIAN
    against: str = ""
    base: Sequence[float] = ()
    must: Must | None = None

    @property
    def value(self) -> float:
        """Return the one value that stands for all."""
        return _quantile(self.values, self.quantile)

    @property
    def ratio(self) -> float | None:
        """Return the median of the rounds' ratios; None where nothing is compared."""
        if not self.base:
            return None
        return median(mine / other for mine, other in zip(self.values, self.base, strict=True))

    @property
    def judged(self) -> float:
        """Return what the must is about."""
        return self.value if self.ratio is None else self.ratio

    def body(self) -> dict[str, object]:
        """Return the figure as JSON, with every round."""
        must = self.must and {"sense": self.must.sense.value, "bound": self.must.bound}
        reached = self.must and self.must.reached_by(self.judged)
        result = {"value": self.value, "ratio": self.ratio, "must": must, "reached": reached}
        return asdict(self) | result


def at_least(bound: float) -> Must:
    """Return the must of a figure that should be high."""
    return Must(sense=Sense.AT_LEAST, bound=bound)


def at_most(bound: float) -> Must:
    """Return the must of a figure that should be low."""
    return Must(sense=Sense.AT_MOST, bound=bound)


def _quantile(values: Sequence[float], part: float) -> float:
    """Return the nearest-rank quantile: of few values the highest is the 99th percentile."""
    if part == MEDIAN:
        return median(values)
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(part * len(ranked)))]
