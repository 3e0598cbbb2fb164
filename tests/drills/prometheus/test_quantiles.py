"""Quantiles of values and of classic histograms, at and beyond their edges."""

import math
from collections.abc import Sequence

import pytest

from drills.prometheus import quantiles

EVEN = [(0.1, 10.0), (0.5, 20.0), (1.0, 30.0), (math.inf, 40.0)]


@pytest.mark.parametrize(
    ("quantile", "buckets", "answer"),
    [
        pytest.param(0.5, EVEN, 0.5, id="at-a-bound"),
        pytest.param(0.375, EVEN, 0.3, id="inside-a-bucket"),
        pytest.param(0.125, EVEN, 0.05, id="the-first-bucket-begins-at-zero"),
        pytest.param(0.99, EVEN, 1.0, id="in-the-last-bucket-its-lower-bound"),
        pytest.param(-0.1, EVEN, -math.inf, id="below-zero"),
        pytest.param(1.1, EVEN, math.inf, id="above-one"),
        pytest.param(math.nan, EVEN, math.nan, id="nan"),
        pytest.param(0.5, EVEN[:3], math.nan, id="without-inf"),
        pytest.param(0.5, EVEN[3:], math.nan, id="inf-alone"),
        pytest.param(0.5, [(1.0, 0.0), (math.inf, 0.0)], math.nan, id="nothing-observed"),
        pytest.param(0.5, [(-1.0, 9.0), (math.inf, 10.0)], -1.0, id="below-zero-has-no-start"),
        pytest.param(0.5, [(1.0, 4.0), (2.0, 2.0), (math.inf, 8.0)], 1.0, id="a-falling-count"),
        pytest.param(
            0.5,
            [(1.0, 2.0), (1.0, 2.0), (2.0, 8.0), (math.inf, 8.0)],
            1.0,
            id="equal-bounds-add-up",
        ),
    ],
)
def test_a_histogram_has_the_quantile_of_the_manual(
    quantile: float, buckets: Sequence[tuple[float, float]], answer: float
) -> None:
    """Time to first token is judged by this number."""
    assert quantiles.of_buckets(quantile, buckets) == pytest.approx(answer, nan_ok=True)


@pytest.mark.parametrize(
    ("quantile", "answer"),
    [(0, 1.0), (0.5, 2.5), (1, 4.0), (0.9, 3.7), (-1, -math.inf), (2, math.inf)],
)
def test_values_are_interpolated(quantile: float, answer: float) -> None:
    """A quantile between two values lies between them."""
    assert quantiles.of_values(quantile, [4.0, 1.0, 3.0, 2.0]) == pytest.approx(answer)


def test_nothing_has_no_quantile() -> None:
    """Zero would be read as fast."""
    assert math.isnan(quantiles.of_values(0.5, []))
