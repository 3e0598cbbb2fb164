"""The names of metrics in their eras, for the entries of the catalogue."""

from typing import Final

from cluster.signals.promql import Match, Matcher
from cluster.signals.series import Metric

# The prefixes of the endpoint picker's metrics, newest first; old ones are emitted as twins.
# Source: docs/metrics.md of llm-d-router, and its renamings #1567 and #1661.
NOW: Final = ("llm_d_epp", "llm_d_router_epp")
REQUESTS: Final = (*NOW, "inference_objective", "inference_model")
POOL: Final = (*NOW, "inference_pool")
EXTENSION: Final = (*NOW, "inference_extension")


def metric(*names: str, **labels: str) -> Metric:
    """Return a metric under its names, newest first, with labels that its series must have."""
    return Metric(names=names, matchers=_equal(labels))


def counter(*names: str, **labels: str) -> Metric:
    """Return a counter; the Python client adds `_total`, some releases and pages leave it out."""
    both = tuple(each for name in names for each in (f"{name}_total", name))
    return Metric(names=both, matchers=_equal(labels))


def picker(prefixes: tuple[str, ...], name: str) -> Metric:
    """Return a metric of the endpoint picker under the prefixes of its eras."""
    return Metric(names=tuple(f"{prefix}_{name}" for prefix in prefixes))


def like(label: str, expression: str) -> Matcher:
    """Return a matcher by a regular expression, which is the catalogue's own."""
    return Matcher(label=label, how=Match.LIKE, value=expression)


def sglang(name: str) -> tuple[Metric, Metric]:
    """Return an SGLang metric in both spellings, each for a way of its own.

    The code registers `sglang:…`, and llm-d's pages write `sglang_…`. Two spellings of one series
    in one rate() are an error.
    """
    return metric(f"sglang:{name}"), metric(f"sglang_{name}")


def _equal(labels: dict[str, str]) -> tuple[Matcher, ...]:
    return tuple(Matcher(label=label, value=value) for label, value in labels.items())
