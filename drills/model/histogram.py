"""A classic Prometheus histogram as the Python client exposes it: cumulative, with `le`."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

# Bounds in seconds as vLLM registers them (vllm/v1/metrics/loggers.py).
TTFT_BOUNDS = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0),
    *(7.5, 10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0),
)
LATENCY_BOUNDS = (
    *(0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0),
    *(120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0),
)
TOKEN_BOUNDS = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
    *(20.0, 40.0, 80.0),
)
TRANSFER_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 5.0)


class Histogram:
    """Observations in seconds, counted per bucket."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.labels = (*(str(bound) for bound in bounds), "+Inf")
        self.total = 0.0
        self._counts = [0] * (len(bounds) + 1)

    @property
    def count(self) -> int:
        """How many observations there were."""
        return sum(self._counts)

    def observe(self, seconds: float, times: int = 1) -> None:
        """Count an observation that was made so many times; a bound belongs to its own bucket."""
        self.total += seconds * times
        self._counts[bisect_left(self.bounds, seconds)] += times

    def observe_each(self, seconds: float, times: Iterable[int]) -> None:
        """Count what was observed so many times, and so many times, and so on."""
        bucket = bisect_left(self.bounds, seconds)
        for each in times:
            self.total += seconds * each
            self._counts[bucket] += each

    def cumulative(self) -> Iterator[int]:
        """Yield the buckets' counts, each with all below it, one per label."""
        return accumulate(self._counts)
