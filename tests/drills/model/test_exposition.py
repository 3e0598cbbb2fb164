"""What the pods say: names, cumulative buckets, counters that only rise."""

from collections import Counter

from drills.model.decode import DecodeEngine
from drills.model.exposition import (
    Point,
    decode_points,
    picker_points,
    pool_points,
    prefill_points,
)
from drills.model.histogram import TTFT_BOUNDS, Histogram
from drills.model.llm_d import LlmD
from drills.model.prefill import PrefillEngine
from drills.model.sizing import Sizing

EVERY_ENGINE = {
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:num_requests_waiting_by_reason",
    "vllm:kv_cache_usage_perc",
    "vllm:num_preemptions_total",
    "vllm:prefix_cache_queries_total",
    "vllm:prefix_cache_hits_total",
    "vllm:prompt_tokens_total",
    "vllm:generation_tokens_total",
    "vllm:request_success_total",
    "vllm:nixl_num_failed_transfers_total",
    *(f"vllm:time_to_first_token_seconds_{part}" for part in ("bucket", "sum", "count")),
    *(f"vllm:inter_token_latency_seconds_{part}" for part in ("bucket", "sum", "count")),
    *(f"vllm:e2e_request_latency_seconds_{part}" for part in ("bucket", "sum", "count")),
}


def values(points: list[Point]) -> dict[tuple[str, str], float]:
    """Return values by name and varying label's value; a series twice is an error."""
    found = {(point.name, point.of): point.value for point in points}
    assert len(found) == len(points)
    return found


def test_a_new_decode_pod_says_everything_as_zero() -> None:
    """Series are registered at start in vLLM, so a rate over a young pod is not `no data`."""
    pod = DecodeEngine(Sizing(), client_ttft=Histogram(TTFT_BOUNDS))

    points = list(decode_points(pod, 0.0))

    transfers = {f"vllm:nixl_xfer_time_seconds_{part}" for part in ("bucket", "sum", "count")}
    assert {point.name for point in points} == EVERY_ENGINE | transfers
    assert set(values(points).values()) == {0}


def test_a_prefill_pod_knows_about_expired_transfers() -> None:
    """Expired KV blocks are counted on the prefill side."""
    points = list(prefill_points(PrefillEngine(Sizing()), 0.0))

    expired = {"vllm:nixl_num_kv_expired_reqs_total"}
    assert {point.name for point in points} == EVERY_ENGINE | expired


def test_the_pickers_counters_are_born_with_their_first_event() -> None:
    """A check must cope with series that are not there yet."""
    assert list(picker_points(LlmD(seed=1))) == []


def test_the_picker_counts_ready_pods_of_both_roles(healthy: LlmD) -> None:
    """`ready_endpoints` is about the pool, and the pool selects both roles."""
    assert values(list(pool_points(healthy)))["llm_d_epp_ready_endpoints", ""] == 6


def test_buckets_are_cumulative_and_end_with_the_count(exhausted: LlmD) -> None:
    """Otherwise histogram_quantile answers nonsense."""
    for pod in exhausted.decode.values():
        points = list(decode_points(pod, exhausted.seconds))
        for name in {point.name for point in points if point.label == "le"}:
            buckets = [point.value for point in points if point.name == name]
            count = values(points)[name.replace("_bucket", "_count"), ""]
            assert buckets == sorted(buckets)
            assert buckets[-1] == count > 0


def test_what_decode_pods_count_adds_up(exhausted: LlmD) -> None:
    """Every request that the picker sent is somewhere: ended, running, waiting or in prefill."""
    ends: Counter[str] = Counter()
    for pod in exhausted.decode.values():
        ends.update({reason.value: count for reason, count in pod.finished.items()})
    under_way = sum(len(e.running) + len(e.waiting) for e in exhausted.decode.values())
    in_prefill = sum(
        engine.running(exhausted.seconds) + engine.waiting(exhausted.seconds)
        for engine in exhausted.prefill.values()
    )

    assert ends.total() + under_way + in_prefill == exhausted.picker.requests
