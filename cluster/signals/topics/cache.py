"""The KV cache and what stands behind it: usage, preemptions, hits and evictions.

"Evictions" are several things. A preemption takes the blocks of a running request, which users
feel; a prefix block that is used again is harmless until prompts are computed again; the picker's
index is only its own view of both. vLLM has no default counter of evicted blocks, SGLang has one.
"""

from datetime import timedelta
from typing import Final

from cluster.signals.formulas import Filled, Gauge, Quantile, Quotient, Rate
from cluster.signals.names import NOW, counter, metric, sglang
from cluster.signals.series import Formula, Metric, Scope
from cluster.signals.signal import Signal

QUARTER: Final = timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)
PREEMPTED: Final = counter("vllm:num_preemptions")
FINISHED: Final = counter("vllm:request_success")
HITS: Final = counter("vllm:prefix_cache_hits", "vllm:gpu_prefix_cache_hits")
QUERIES: Final = counter("vllm:prefix_cache_queries", "vllm:gpu_prefix_cache_queries")
INDEX: Final = Metric(
    names=(
        *(f"{prefix}_kv_cache_index_evictions_total" for prefix in NOW),
        "kvcache_index_evictions_total",
    ),
)
REDIS_HITS: Final = metric("redis_keyspace_hits_total")
REDIS_MISSES: Final = metric("redis_keyspace_misses_total")


def _rates(*metrics: Metric, scope: Scope = Scope.PODS) -> tuple[Formula, ...]:
    return tuple(Rate(metric=each, scope=scope) for each in metrics)


def _fullest(*metrics: Metric) -> tuple[Formula, ...]:
    return tuple(Gauge(metric=each, across="max") for each in metrics)


def _averages(*metrics: Metric) -> tuple[Formula, ...]:
    return tuple(Gauge(metric=each, across="avg") for each in metrics)


SIGNALS: Final = (
    Signal(
        name="kv_usage",
        unit="ratio",
        meaning="Share of KV blocks held by running requests; the fullest pod speaks",
        without="cannot see how full the KV cache is",
        ways=_fullest(
            metric("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
            *sglang("token_usage"),
            metric("trtllm_kv_cache_utilization"),
        ),
    ),
    Signal(
        name="preemptions",
        unit="requests/s",
        meaning="Running requests that lost their KV blocks and are computed again",
        without="no preemption counter: cannot tell exhaustion from load",
        ways=_rates(PREEMPTED, *sglang("num_retracted_requests_total")),
    ),
    Signal(
        name="preemptions_per_request",
        unit="ratio",
        meaning="Preemptions for each request that ended",
        without="cannot say how many requests pay for the lack of blocks",
        ways=(Quotient(above=PREEMPTED, below=(FINISHED,)),),
    ),
    Signal(
        name="recomputed_tokens",
        unit="tokens/s",
        meaning="Prompt tokens that are computed again after a preemption",
        without="cannot say what preemptions cost",
        ways=_rates(counter("vllm:prompt_tokens_recomputed")),
    ),
    Signal(
        name="prefix_hit_ratio",
        unit="ratio",
        meaning="Share of prompt tokens found in the prefix cache, over 15 minutes",
        without="cannot tell a cold or thrashing prefix cache from longer prompts",
        ways=(
            Quotient(above=HITS, below=(QUERIES,), window=QUARTER),
            # SGLang counts on each rank of a tensor-parallel group, so its own ratio is taken.
            *_averages(*sglang("cache_hit_rate")),
            Quotient(
                above=metric("llm_d_cache_hits_total"),
                below=(metric("llm_d_cache_requests_total"),),
                window=QUARTER,
                scope=Scope.NAMESPACE,
            ),
            Quotient(
                above=REDIS_HITS,
                below=(REDIS_HITS, REDIS_MISSES),
                window=QUARTER,
                scope=Scope.NAMESPACE,
            ),
        ),
    ),
    Signal(
        # By the workload's pod names of all times: today's pods did not exist before a rollout,
        # and series carry no role label unless somebody configured one.
        name="prefix_hit_ratio_baseline",
        unit="ratio",
        meaning="The same share over one hour, one hour ago",
        without="no baseline: cannot tell whether the hit ratio fell",
        ways=(
            Quotient(above=HITS, below=(QUERIES,), window=HOUR, offset=HOUR, scope=Scope.WORKLOAD),
            *(
                Gauge(metric=each, across="avg", over=HOUR, offset=HOUR, scope=Scope.WORKLOAD)
                for each in sglang("cache_hit_rate")
            ),
        ),
        fresh=None,
    ),
    Signal(
        name="external_hit_ratio",
        unit="ratio",
        meaning="Share of tokens asked of the KV connector that it had, over 15 minutes",
        without="cannot tell whether the second tier or the transfer delivers",
        ways=(
            Quotient(
                above=counter("vllm:external_prefix_cache_hits"),
                below=(counter("vllm:external_prefix_cache_queries"),),
                window=QUARTER,
            ),
        ),
    ),
    Signal(
        name="predicted_hit_ratio",
        unit="ratio",
        meaning="Share of prompt tokens that the picker expects in the cache of its choice",
        without="cannot tell wrong routing from a cold cache",
        ways=(
            Quotient(
                above=metric("llm_d_epp_prefix_predicted_cached_tokens_sum"),
                below=(metric("llm_d_epp_prefix_prompt_tokens_sum"),),
                window=QUARTER,
                scope=Scope.NAMESPACE,
            ),
        ),
    ),
    Signal(
        name="lmcache_hit_ratio",
        unit="ratio",
        meaning="Share of tokens asked of LMCache that it had",
        without="cannot see whether the second tier helps",
        ways=_averages(metric("lmcache:retrieve_hit_rate"), metric("lmcache:lookup_hit_rate")),
    ),
    Signal(
        name="lmcache_usage",
        unit="bytes",
        meaning="What LMCache holds on the fullest pod",
        without="cannot see how full the second tier is",
        ways=_fullest(metric("lmcache:local_cache_usage")),
    ),
    Signal(
        name="index_evictions",
        unit="blocks/s",
        meaning="Entries that the picker's KV index drops, its own view of the caches",
        without="opt-in (enableMetrics): cannot see pods that lose their caches at the picker",
        ways=_rates(INDEX, scope=Scope.NAMESPACE),
    ),
    Signal(
        name="block_evictions",
        unit="blocks/s",
        meaning="KV blocks whose life ended, as sampled by the engines",
        without="opt-in (--kv-cache-metrics): cannot see evictions of prefix blocks",
        ways=_rates(metric("vllm:kv_block_lifetime_seconds_count")),
    ),
    Signal(
        name="block_idle_p50",
        unit="s",
        meaning="How long half of the evicted blocks had been idle; short is thrash",
        without="opt-in (--kv-cache-metrics): cannot tell thrash from tidying up",
        ways=(
            Quantile(metric=metric("vllm:kv_block_idle_before_evict_seconds_bucket"), quantile=0.5),
        ),
    ),
    Signal(
        name="evicted_tokens",
        unit="tokens/s",
        meaning="Tokens that SGLang evicts from GPU memory; compare with before, ranks count twice",
        without="only SGLang counts evicted tokens: cannot see evictions directly",
        ways=_rates(*sglang("evicted_tokens_total")),
    ),
    Signal(
        name="second_tier_evictions",
        unit="keys/s",
        meaning="What the tier behind the GPU drops: LMCache, the offload, or a Redis",
        without="cannot tell whether the second tier is too small",
        ways=(
            *_rates(
                counter("lmcache:local_cpu_evict_keys_count"),
                counter("lmcache:local_cpu_evict_count"),
                counter("vllm:kv_offload_block_eviction"),
            ),
            *_rates(
                metric("llm_d_kv_cache_evictions_total"),
                metric("redis_evicted_keys_total"),
                scope=Scope.NAMESPACE,
            ),
        ),
    ),
    Signal(
        name="second_tier_failures",
        unit="evictions/s",
        meaning="Evictions of LMCache that failed, so that allocation stalls",
        without="cannot see a second tier that blocks the engines",
        ways=_rates(counter("lmcache:local_cpu_evict_failed_count")),
    ),
    Signal(
        name="redis_memory",
        unit="ratio",
        meaning="Share of its memory limit that a Redis cache uses; no number without a limit",
        without="no Redis exporter (current llm-d has no Redis): nothing is lost",
        ways=(
            Filled(
                above=metric("redis_memory_used_bytes"),
                below=(metric("redis_memory_max_bytes"),),
                each=("pod", "instance"),
                scope=Scope.NAMESPACE,
            ),
        ),
    ),
)
