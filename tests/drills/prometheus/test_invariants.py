"""What holds for every series, tried with many of them."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from drills.prometheus import evaluate
from drills.prometheus.store import Store
from drills.prometheus.values import Scalar, Vector
from drills.prometheus.windows import Release

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SCRAPE = timedelta(seconds=15)

numbers = st.floats(-1e6, 1e6)
steps = st.lists(st.floats(0, 1e6), min_size=2, max_size=40)
pods = st.dictionaries(st.sampled_from("abcdefgh"), numbers, min_size=1)
releases = st.sampled_from(Release)
whole_milliseconds = st.integers(0, 900_000).map(lambda each: timedelta(milliseconds=each))


@given(steps=steps, after=whole_milliseconds, release=releases)
def test_the_rate_of_a_counter_is_never_negative(
    steps: Sequence[float], after: timedelta, release: Release
) -> None:
    """A negative rate would read as traffic that runs backwards."""
    store, total = Store(), 0.0
    for index, step in enumerate(steps):
        total = 0.0 if step > 9e5 else total + step  # now and then the engine restarts
        store.append({"__name__": "c"}, total, START + index * SCRAPE)

    for value in values(store, "rate(c[2m])", after, release):
        assert value >= 0


@given(slope=st.floats(0, 1e6), after=st.integers(120_000, 600_000), release=releases)
def test_a_steady_counter_has_the_rate_of_its_slope(
    slope: float, after: int, release: Release
) -> None:
    """Extrapolation must not change what does not change."""
    store = Store()
    for index in range(41):
        store.append({"__name__": "c"}, 1e9 + slope * index, START + index * SCRAPE)

    (rate,) = values(store, "rate(c[2m])", timedelta(milliseconds=after), release)

    assert math.isclose(rate, slope / 15, rel_tol=1e-6, abs_tol=1e-6)


@given(pods=pods)
def test_groups_partition_the_sum(pods: dict[str, float]) -> None:
    """Each pod is counted in exactly one group, whichever way the groups are named."""
    store = Store()
    for pod, value in pods.items():
        labels = {"__name__": "g", "pod": pod, "half": "left" if pod < "e" else "right"}
        store.append(labels, value, START)

    (whole,) = values(store, "sum(g)")
    by, without = values(store, "sum by (half) (g)"), values(store, "sum without (pod) (g)")

    assert math.isclose(math.fsum(by), whole, rel_tol=1e-9, abs_tol=1e-6)
    assert by == without
    assert values(store, "sum(sum by (half) (g) * 0 + count by (half) (g))") == [len(pods)]


@given(steps=steps, after=whole_milliseconds, release=releases)
def test_a_range_of_one_step_is_an_instant(
    steps: Sequence[float], after: timedelta, release: Release
) -> None:
    """Evidence drawn as a curve must show the number that the check read."""
    store = Store()
    for index, step in enumerate(steps):
        store.append({"__name__": "g"}, step, START + index * SCRAPE)

    for expr in ("g", "rate(g[1m])", "sum(g) / 2", "absent(g)", "time()"):
        at = START + after
        matrix = evaluate.over_range(store, expr, at, at, SCRAPE, release=release)
        points = [point.value for series in matrix.series for point in series.points]
        assert points == values(store, expr, after, release)


@given(pods=pods, count=st.integers(0, 10))
def test_topk_and_the_rest_are_everything(pods: dict[str, float], count: int) -> None:
    """Nothing is shown twice and nothing is lost."""
    store = Store()
    for pod, value in pods.items():
        store.append({"__name__": "g", "pod": pod}, value, START)

    first = values(store, f"topk({count}, g)")
    rest = values(store, f"g unless topk({count}, g)")

    assert sorted(first + rest) == sorted(pods.values())
    assert min(first, default=math.inf) >= max(rest, default=-math.inf)


def values(
    store: Store, expr: str, after: timedelta = timedelta(), release: Release = Release.V3
) -> list[float]:
    value = evaluate.instant(store, expr, START + after, release=release)
    if isinstance(value, Vector):
        return [each.value for each in value.samples]
    assert isinstance(value, Scalar)
    return [value.value]
