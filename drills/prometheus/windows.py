"""Functions over the samples of one series in a window: rates, changes, and so on."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from drills.prometheus import arithmetic

# "Close enough to the border": at most 10 % more than the usual distance of samples.
NEAR: Final = 1.1
PAIR: Final = 2


class Release(Enum):
    """Whose windows: two places in which Prometheus changed what a query answers.

    V2 (before 2.52 and 3.0): the left border belongs to windows and look-back, and a counter
    near its zero point is extrapolated further. V3: left-open, and the zero point only ever
    shortens the extrapolation.
    Everything else is that of Prometheus 3, also where 2.42 was more lenient: it did not count
    a match that a comparison then filtered out, and its `.` did not match a newline.
    Source: Prometheus 3.0 migration guide, "range selectors and lookback exclude samples
    coinciding with the left boundary"; change log of 2.52.
    """

    V2 = "2"
    V3 = "3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The samples of one series in a window; all moments in milliseconds."""

    start: int
    end: int
    times: list[int]
    values: list[float]
    release: Release

    @property
    def seconds(self) -> float:
        """The length of the window, whatever part of it has samples."""
        return (self.end - self.start) / 1000


WindowFunction = Callable[[Window], float | None]


def rate(window: Window) -> float | None:
    """Return the per-second growth of a counter, with resets and extrapolation.

    Source: prometheus.io/docs/prometheus/latest/querying/functions, rate.
    """
    grown = increase(window)
    return None if grown is None else grown / window.seconds


def increase(window: Window) -> float | None:
    """Return how much a counter grew over the whole window."""
    if len(window.times) < PAIR:
        return None
    pairs = zip(window.values, window.values[1:], strict=False)
    resets = sum(before for before, after in pairs if after < before)
    grown = window.values[-1] - window.values[0] + resets
    return grown * _stretch(window, _to_zero(window, grown))


def delta(window: Window) -> float | None:
    """Return how much a gauge changed over the whole window."""
    if len(window.times) < PAIR:
        return None
    return (window.values[-1] - window.values[0]) * _stretch(window, math.inf)


def irate(window: Window) -> float | None:
    """Return the per-second growth between the last two samples."""
    if len(window.times) < PAIR:
        return None
    before, last = window.values[-2:]
    seconds = (window.times[-1] - window.times[-2]) / 1000
    return (last if last < before else last - before) / seconds


def deriv(window: Window) -> float | None:
    """Return the slope per second by least squares."""
    if len(window.times) < PAIR:
        return None
    first = window.values[0]
    if all(value == first for value in window.values):
        return math.nan if math.isinf(first) else 0.0
    seconds = [(at - window.times[0]) / 1000 for at in window.times]
    return _slope(seconds, window.values)


def changes(window: Window) -> float | None:
    """Count how often the value became another one; NaN after NaN is no change."""
    if not window.values:
        return None
    pairs = zip(window.values, window.values[1:], strict=False)
    return float(sum(a != b and not (math.isnan(a) and math.isnan(b)) for a, b in pairs))


def resets(window: Window) -> float | None:
    """Count how often the value fell."""
    if not window.values:
        return None
    pairs = zip(window.values, window.values[1:], strict=False)
    return float(sum(after < before for before, after in pairs))


def _over_time(function: Callable[[list[float]], float]) -> WindowFunction:
    return lambda window: function(window.values) if window.values else None


def _to_zero(window: Window, grown: float) -> float:
    """Say how many seconds before the first sample a counter with this slope was zero."""
    if grown <= 0 or window.values[0] < 0 or math.isnan(grown):
        return math.inf
    return (window.times[-1] - window.times[0]) / 1000 * (window.values[0] / grown)


def _stretch(window: Window, to_zero: float) -> float:
    """Return the factor from what was sampled to what the window covers."""
    sampled = (window.times[-1] - window.times[0]) / 1000
    usual = sampled / (len(window.times) - 1)
    before = (window.times[0] - window.start) / 1000
    after = (window.end - window.times[-1]) / 1000
    if window.release is Release.V2:
        before = _near(min(before, to_zero), usual)
    else:
        before = min(_near(before, usual), to_zero)
    return (sampled + before + _near(after, usual)) / sampled


def _near(distance: float, usual: float) -> float:
    """Reach the border when it is near, otherwise go half the usual distance towards it."""
    return distance if distance < usual * NEAR else usual / 2


def _slope(xs: list[float], ys: list[float]) -> float:
    count = len(xs)
    sum_x, sum_y = arithmetic.total(xs), arithmetic.total(ys)
    products = arithmetic.total(x * y for x, y in zip(xs, ys, strict=True))
    squares = arithmetic.total(x * x for x in xs)
    covariance = products - sum_x * sum_y / count
    return arithmetic.divide(covariance, squares - sum_x * sum_x / count)


FUNCTIONS: Final[dict[str, WindowFunction]] = {
    "rate": rate,
    "increase": increase,
    "irate": irate,
    "delta": delta,
    "deriv": deriv,
    "changes": changes,
    "resets": resets,
    "avg_over_time": _over_time(arithmetic.mean),
    "max_over_time": _over_time(arithmetic.largest),
    "min_over_time": _over_time(arithmetic.smallest),
    "sum_over_time": _over_time(arithmetic.total),
    "count_over_time": _over_time(lambda values: float(len(values))),
    "last_over_time": _over_time(lambda values: values[-1]),
}
