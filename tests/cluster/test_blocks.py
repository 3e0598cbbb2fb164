"""The number of KV blocks, which engines tell in a label."""

from collections.abc import Callable
from datetime import datetime, timedelta

from cluster.signals.answers import Prometheus
from cluster.signals.prometheus_signals import PrometheusSignals
from cluster.targets.target import Target

HOUR = timedelta(hours=1)


def test_engines_are_counted_by_their_blocks_also_those_before_a_rollout(
    prometheus: Prometheus, scrape: Callable[..., None], target: Target, now: datetime
) -> None:
    """The pods of an hour ago had other names; their blocks are what today's are held against."""
    for pod in ("decode-77c9-aa", "decode-77c9-bb"):
        labels = {"pod": pod, "engine": "0", "num_gpu_blocks": "9000"}
        scrape("vllm:cache_config_info", [1, 1, 1], labels, until=now - HOUR)
    for pod, blocks in zip(target.pods, ("9000", "7000"), strict=True):
        labels = {"pod": pod, "engine": "0", "num_gpu_blocks": blocks}
        scrape("vllm:cache_config_info", [1, 1, 1], labels)
    signals = PrometheusSignals(prometheus)

    found = [signals.read_parts("kv_blocks", target, at=at) for at in (now - HOUR, now)]

    assert [_values(one) for one in found] == [{"9000": 2}, {"9000": 1, "7000": 1}]


def _values(parts: object) -> dict[str, float]:
    assert isinstance(parts, dict), parts
    return {name: each.value for name, each in parts.items()}
