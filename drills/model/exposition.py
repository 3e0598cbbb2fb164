"""What the pods of the model say on `/metrics`, in the names of vLLM V1 and of the llm-d router.

Sources: vllm/v1/metrics/loggers.py and docs/design/metrics.md of vLLM; docs/metrics.md of
llm-d-router (0.9 and later, without the deprecated twins).
"""

from collections.abc import Iterator
from typing import NamedTuple

from drills.model.decode import DecodeEngine, Finish
from drills.model.histogram import TOKEN_BOUNDS, Histogram
from drills.model.llm_d import LlmD
from drills.model.prefill import PrefillEngine
from drills.model.prefix_cache import PrefixCache


class Point(NamedTuple):
    """One line of an exposition; `label` and `of` are the one label that varies, or empty."""

    name: str
    value: float
    label: str = ""
    of: str = ""


def decode_points(engine: DecodeEngine, now: float) -> Iterator[Point]:
    """Yield what a decode pod says at model second `now`."""
    deferred = engine.deferred(now)
    finished = {reason.value: engine.finished[reason] for reason in Finish}
    yield from _queues(len(engine.running) - deferred, len(engine.waiting), deferred)
    yield from _cache(engine.usage, engine.prefixes)
    yield Point("vllm:num_preemptions_total", engine.preemptions)
    yield Point("vllm:prompt_tokens_total", engine.prompt_tokens)
    yield Point("vllm:generation_tokens_total", int(engine.generated_tokens))
    yield from _finished(finished)
    yield from _histogram("vllm:time_to_first_token_seconds", engine.ttft)
    yield from _histogram("vllm:inter_token_latency_seconds", engine.between_tokens)
    yield from _histogram("vllm:e2e_request_latency_seconds", engine.latency)
    # The model has no cause yet that makes a transfer fail.
    yield Point("vllm:nixl_num_failed_transfers_total", 0)
    yield from _histogram("vllm:nixl_xfer_time_seconds", engine.transfers)


def prefill_points(engine: PrefillEngine, now: float) -> Iterator[Point]:
    """Yield what a prefill pod says; its requests all end with `length`, after one token."""
    yield from _queues(engine.running(now), engine.waiting(now), 0)
    yield from _cache(engine.usage, engine.prefixes)
    yield Point("vllm:num_preemptions_total", 0)
    yield Point("vllm:prompt_tokens_total", engine.prompt_tokens)
    yield Point("vllm:generation_tokens_total", engine.finished)
    yield from _finished({Finish.LENGTH.value: engine.finished})
    yield from _histogram("vllm:time_to_first_token_seconds", engine.ttft)
    # One token is the whole answer: nothing is between two, and it is as old as the first.
    yield from _histogram("vllm:inter_token_latency_seconds", Histogram(TOKEN_BOUNDS))
    yield from _histogram("vllm:e2e_request_latency_seconds", engine.latency)
    yield Point("vllm:nixl_num_failed_transfers_total", 0)
    yield Point("vllm:nixl_num_kv_expired_reqs_total", 0)


def picker_points(model: LlmD) -> Iterator[Point]:
    """Yield what the endpoint picker says; its counters are born with their first event."""
    picker = model.picker
    if picker.requests:
        yield Point("llm_d_epp_request_total", picker.requests)
        yield from _histogram("llm_d_epp_request_ttft_seconds", model.client_ttft)
    for code, count in (
        ("ServiceUnavailable", picker.refused),
        ("ModelServerError", picker.lost),
    ):
        if count:
            yield Point("llm_d_epp_request_error_total", count, "error_code", code)


def pool_points(model: LlmD) -> Iterator[Point]:
    """Yield what the endpoint picker says about its pool as a whole."""
    decode = tuple(model.decode.values())
    yield Point("llm_d_epp_ready_endpoints", model.ready_endpoints)
    if decode:
        usage = sum(each.usage for each in decode) / len(decode)
        queue = sum(len(each.waiting) for each in decode) / len(decode)
        yield Point("llm_d_epp_average_kv_cache_utilization", usage)
        yield Point("llm_d_epp_average_queue_size", queue)


def _queues(running: int, capacity: int, deferred: int) -> Iterator[Point]:
    by_reason = "vllm:num_requests_waiting_by_reason"
    yield Point("vllm:num_requests_running", running)
    yield Point("vllm:num_requests_waiting", capacity + deferred)
    yield Point(by_reason, capacity, "reason", "capacity")
    yield Point(by_reason, deferred, "reason", "deferred")


def _cache(usage: float, prefixes: PrefixCache) -> Iterator[Point]:
    yield Point("vllm:kv_cache_usage_perc", usage)
    yield Point("vllm:prefix_cache_queries_total", prefixes.queries)
    yield Point("vllm:prefix_cache_hits_total", prefixes.hits)


def _finished(counts: dict[str, int]) -> Iterator[Point]:
    for reason in Finish:
        count = counts.get(reason.value, 0)
        yield Point("vllm:request_success_total", count, "finished_reason", reason.value)


def _histogram(name: str, histogram: Histogram) -> Iterator[Point]:
    buckets = f"{name}_bucket"
    for bound, count in zip(histogram.labels, histogram.cumulative(), strict=True):
        yield Point(buckets, count, "le", bound)
    yield Point(f"{name}_sum", histogram.total)
    yield Point(f"{name}_count", histogram.count)
