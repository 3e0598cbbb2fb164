"""Quantiles of plain values and of classic histograms."""

import math
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

from drills.prometheus import arithmetic

# Counts that differ by less are one count: rates of one histogram differ by rounding.
SMALL_DIFFERENCE: Final = 1e-12
# The smallest normal float.
SMALLEST: Final = 2.2250738585072014e-308


def of_values(quantile: float, values: Sequence[float]) -> float:
    """Interpolate between the two nearest values; NaN counts as the smallest."""
    if not values or math.isnan(quantile):
        return math.nan
    if not 0 <= quantile <= 1:
        return math.copysign(math.inf, quantile)
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = quantile * (len(ordered) - 1)
    lower = max(0, math.floor(rank))
    upper = min(len(ordered) - 1, lower + 1)
    weight = rank - math.floor(rank)
    return ordered[lower] * (1 - weight) + ordered[upper] * weight


def of_buckets(quantile: float, buckets: Sequence[tuple[float, float]]) -> float:
    """Interpolate inside a classic histogram of (upper bound, cumulative count).

    NaN without a +Inf bucket, with fewer than two buckets or without observations.
    Source: prometheus.io/docs/prometheus/latest/querying/functions, histogram_quantile.
    """
    if math.isnan(quantile):
        return math.nan
    if not 0 <= quantile <= 1:
        return math.copysign(math.inf, quantile)
    merged = _merged(buckets)
    if len(merged) < 2 or merged[-1][0] != math.inf or not merged[-1][1]:  # noqa: PLR2004 - one bucket has no width
        return math.nan
    return _interpolate(quantile * merged[-1][1], merged)


def _interpolate(rank: float, buckets: Sequence[tuple[float, float]]) -> float:
    last = len(buckets) - 1
    index = next((i for i in range(last) if buckets[i][1] >= rank), last)
    end, count = buckets[index]
    if index == last:
        return buckets[last - 1][0]
    if index == 0:
        return end if end <= 0 else end * _share(rank, count)
    start, before = buckets[index - 1]
    return start + (end - start) * _share(rank - before, count - before)


def _share(rank: float, count: float) -> float:
    # A first bucket that is empty holds rank 0, and Go says 0/0 is NaN.
    return rank / count if count else math.nan


def _merged(buckets: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Sort by bound, add up equal bounds, and let no count fall."""
    merged: list[tuple[float, float]] = []
    for bound, group in groupby(sorted(buckets, key=itemgetter(0)), key=itemgetter(0)):
        count = arithmetic.total(each for _, each in group)
        before = merged[-1][1] if merged else count
        merged.append((bound, before if count < before or _almost(count, before) else count))
    return merged


def _almost(left: float, right: float) -> bool:
    if left == right:
        return True
    together = abs(left) + abs(right)
    if not left or not right or together < SMALLEST:
        return abs(left - right) < SMALL_DIFFERENCE * SMALLEST
    return abs(left - right) / together < SMALL_DIFFERENCE
