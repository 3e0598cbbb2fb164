"""Worked examples of rate, increase and their kin, as Prometheus answers them."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from drills.prometheus.store import Store
from drills.prometheus.windows import Release

MINUTES = timedelta(minutes=1)
FIVE = timedelta(minutes=5)

Filled = Callable[..., Store]
Ask = Callable[..., dict[str, float]]


@pytest.mark.parametrize(
    ("expr", "after", "answer"),
    [
        # 90 in 45 minutes, stretched to the borders: the counter reaches zero just there.
        pytest.param("rate(steady[50m])", 50, 100 / 3000, id="rate-over-everything"),
        pytest.param("increase(steady[50m])", 50, 100.0, id="increase"),
        pytest.param("increase(started[50m])", 50, 100.0, id="increase-starting-above-zero"),
        # Half a step before the first sample, unless the counter would be zero earlier.
        pytest.param("increase(started[100m])", 50, 105.0, id="half-a-step-before-the-start"),
        pytest.param("increase(steady[100m])", 50, 100.0, id="never-below-zero"),
        pytest.param("rate(restarted[50m])", 50, 0.08, id="reset-in-the-middle"),
        pytest.param("increase(fell[30m])", 30, 7.0, id="reset-to-more-than-zero"),
        pytest.param("rate(steady[10m] offset 5m)", 50, 1 / 30, id="offset"),
        pytest.param("irate(steady[50m])", 50, 1 / 30, id="irate"),
        pytest.param("irate(restarted[50m])", 25, 0.0, id="irate-right-after-a-reset"),
        pytest.param("delta(falling[20m])", 20, -200.0, id="delta-of-a-gauge"),
        pytest.param("deriv(falling[20m])", 20, -50 / 300, id="deriv"),
        pytest.param("resets(restarted[50m])", 50, 1.0, id="resets"),
        pytest.param("changes(fell[31m])", 30, 6.0, id="changes"),
    ],
)
def test_a_counter_grows_as_prometheus_says(
    filled: Filled, ask: Ask, expr: str, after: int, answer: float
) -> None:
    """Thresholds are tuned against extrapolated rates; a plain difference would be off."""
    store = filled(
        {
            "steady": [10 * i for i in range(11)],
            "started": [10 + 10 * i for i in range(11)],
            "restarted": [27 * i for i in range(5)] + [27 * i for i in range(6)],
            "fell": [0, 1, 2, 3, 2, 3, 4],
            "falling": [200, 150, 100, 50, 0],
        },
        every=FIVE,
    )

    assert ask(store, expr, after * MINUTES) == {"": pytest.approx(answer, rel=1e-12)}


@pytest.mark.parametrize(
    ("release", "answer"),
    [pytest.param(Release.V3, 2.0, id="left-open"), pytest.param(Release.V2, 3.0, id="closed")],
)
def test_the_left_border_belongs_to_the_window_before_prometheus_3(
    filled: Filled, ask: Ask, release: Release, answer: float
) -> None:
    """One sample more or less decides whether `min samples` is reached."""
    store = filled({"gauge": [1, 2, 3]}, every=MINUTES)

    counted = ask(store, "count_over_time(gauge[2m])", 2 * MINUTES, release)

    assert counted == {"": answer}


@pytest.mark.parametrize(
    ("release", "answer"),
    [pytest.param(Release.V3, 12.5, id="v3"), pytest.param(Release.V2, 14.0, id="v2")],
)
def test_a_far_zero_point_stretches_further_before_prometheus_2_52(
    filled: Filled, ask: Ask, release: Release, answer: float
) -> None:
    """A counter that was born in the window must not grow much before it was there."""
    # 10 in 30 s; the zero point lies 12 s before the first sample, half a step is 7.5 s.
    store = filled({"young": [None, None, 4, 9, 14]})

    grown = ask(store, "increase(young[2m])", timedelta(seconds=60), release)

    assert grown == {"": pytest.approx(answer)}


def test_one_sample_makes_no_rate(filled: Filled, ask: Ask) -> None:
    """A pod that was scraped once has no rate yet; zero would be a lie."""
    store = filled({"counter": [5]})

    assert ask(store, "rate(counter[5m])", MINUTES) == {}


def test_windows_skip_stale_marks(filled: Filled, ask: Ask) -> None:
    """A stale mark says that a target is gone, it is not a value."""
    store = filled({"gauge": [0, 1, "stale", 2]})

    assert ask(store, "count_over_time(gauge[5m])", MINUTES) == {"": 3.0}
    assert ask(store, "last_over_time(gauge[5m])", MINUTES) == {"gauge{}": 2.0}


@pytest.mark.parametrize(
    ("after", "answer"),
    [
        pytest.param(15, {"gauge{}": 1.0}, id="its-own-sample"),
        pytest.param(30, {}, id="stale"),
        pytest.param(45, {"gauge{}": 2.0}, id="back-again"),
        pytest.param(344, {"gauge{}": 2.0}, id="just-within-five-minutes"),
        pytest.param(345, {}, id="five-minutes-later"),
    ],
)
def test_a_series_is_there_until_it_is_stale_or_old(
    filled: Filled, ask: Ask, after: int, answer: dict[str, float]
) -> None:
    """The desk says NoData when a target vanished; it must vanish here when it does there."""
    store = filled({"gauge": [0, 1, "stale", 2]})

    assert ask(store, "gauge", timedelta(seconds=after)) == answer
