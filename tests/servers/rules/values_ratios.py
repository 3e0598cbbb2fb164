"""What is recorded as a share of something else: worked out by hand."""

from cluster.rules.proving import (
    DECODE,
    MODEL,
    always,
    at_picker,
    born_again,
    engine,
    growing,
    of_pod,
    series,
)
from tests.servers.rules.shown import ALIVE, ENGINE, PLACE, POOL, moved, on_gpus, queues, value

HPA = "kube_horizontalpodautoscaler"

RATIOS = (
    value(
        "preemptions_per_request",
        {
            engine("vllm:num_preemptions_total"): growing(6),
            engine("vllm:request_success_total"): growing(60),
        },
        (ENGINE, 0.1),
    ),
    value(
        "prefix_hit_ratio",
        {
            engine("vllm:prefix_cache_hits_total"): growing(450),
            engine("vllm:prefix_cache_queries_total"): growing(600),
        },
        (ENGINE, 0.75),
        at=20,
    ),
    value(
        "prefix_hit_ratio",
        {
            engine("vllm:prefix_cache_hits_total"): born_again(450),
            engine("vllm:prefix_cache_queries_total"): born_again(600),
        },
        (ENGINE, 0.75),
        at=22,
    ),
    # Nothing was asked: no number, and no row.
    value(
        "prefix_hit_ratio",
        {
            engine("vllm:prefix_cache_hits_total"): always(450),
            engine("vllm:prefix_cache_queries_total"): always(600),
        },
        at=20,
    ),
    value(
        "prefix_hit_ratio",
        {
            at_picker("llm_d_cache_hits_total"): growing(300),
            at_picker("llm_d_cache_requests_total"): growing(600),
        },
        (MODEL, 0.5),
        at=20,
    ),
    value(
        "prefix_hit_ratio",
        {
            of_pod("redis_keyspace_hits_total", "redis"): growing(150),
            of_pod("redis_keyspace_misses_total", "redis"): growing(450),
        },
        (PLACE, 0.25),
        at=20,
    ),
    value(
        "prefix_hit_ratio_baseline",
        {
            engine("vllm:prefix_cache_hits_total"): "0+480x90 43200+60x60",
            engine("vllm:prefix_cache_queries_total"): growing(600, 150),
        },
        (ENGINE, 0.8),
        at=145,
    ),
    value(
        "external_hit_ratio",
        {
            engine("vllm:external_prefix_cache_hits_total"): growing(60),
            engine("vllm:external_prefix_cache_queries_total"): growing(600),
        },
        (ENGINE, 0.1),
        at=20,
    ),
    value(
        "predicted_hit_ratio",
        {
            of_pod("llm_d_epp_prefix_predicted_cached_tokens_sum", "epp", plugin_type="p"): (
                growing(300)
            ),
            of_pod("llm_d_epp_prefix_prompt_tokens_sum", "epp", plugin_type="p"): growing(600),
        },
        (PLACE, 0.5),
        at=20,
    ),
    value(
        "flow_rejected_ratio",
        queues(
            "llm_d_epp_flow_control_requests_total",
            Dispatched=growing(540),
            RejectedCapacity=growing(30),
            EvictedTTL=growing(30),
        ),
        (POOL, 0.1),
    ),
    *(
        value(
            "gateway_error_ratio",
            {
                **ALIVE,
                series(metric, **PLACE, **{**labels, code: right}): growing(540),
                series(metric, **PLACE, **{**labels, code: wrong}): growing(60),
            },
            (PLACE, 0.1),
        )
        for metric, labels, code, right, wrong in (
            ("istio_requests_total", {"reporter": "source"}, "response_code", "200", "503"),
            ("envoy_http_downstream_rq_xx", {}, "envoy_response_code_class", "2", "5"),
            ("agentgateway_requests_total", {}, "status", "200", "503"),
        )
    ),
    value(
        "flow_rejected_ratio",
        queues("llm_d_epp_flow_control_requests_total", Dispatched=growing(60)),
        (POOL, 0),
    ),
    value(
        "flow_no_endpoint_ratio",
        queues(
            "llm_d_epp_flow_control_requests_total",
            Dispatched=growing(540),
            RejectedNoEndpoints=growing(60),
        ),
        (POOL, 0.1),
    ),
    value(
        "flow_outcomes",
        queues(
            "llm_d_epp_flow_control_requests_total",
            Dispatched=growing(540),
            RejectedCapacity=growing(60),
        ),
        ({**POOL, "outcome": "Dispatched"}, 9),
        ({**POOL, "outcome": "RejectedCapacity"}, 1),
    ),
    value(
        "autoscaler_fill",
        {
            **ALIVE,
            series(f"{HPA}_status_desired_replicas", **PLACE, horizontalpodautoscaler="a"): "6x30",
            series(f"{HPA}_spec_max_replicas", **PLACE, horizontalpodautoscaler="a"): "8x30",
            series(f"{HPA}_info", **PLACE, horizontalpodautoscaler="a"): "1x30",
        },
        (PLACE, 0.75),
    ),
    value(
        "redis_memory",
        {
            of_pod("redis_memory_used_bytes", "redis", instance="i"): always(30),
            of_pod("redis_memory_max_bytes", "redis", instance="i"): always(40),
        },
        (PLACE, 0.75),
    ),
    # Redis without a limit says 0: no share, and not all of it.
    value(
        "redis_memory",
        {
            of_pod("redis_memory_used_bytes", "redis", instance="i"): always(30),
            of_pod("redis_memory_max_bytes", "redis", instance="i"): always(0),
        },
    ),
    value(
        "volume_usage",
        {
            **ALIVE,
            series("kubelet_volume_stats_used_bytes", **PLACE, persistentvolumeclaim="a"): "9x30",
            series("kubelet_volume_stats_capacity_bytes", **PLACE, persistentvolumeclaim="a"): (
                "10x30"
            ),
            series("kubelet_volume_stats_used_bytes", **PLACE, persistentvolumeclaim="b"): "1x30",
            series("kubelet_volume_stats_capacity_bytes", **PLACE, persistentvolumeclaim="b"): (
                "10x30"
            ),
        },
        (PLACE, 0.9),
    ),
    value(
        "gpu_memory",
        {
            **on_gpus("DCGM_FI_DEV_FB_USED", always(60), always(30)),
            **on_gpus("DCGM_FI_DEV_FB_FREE", always(20), always(50)),
        },
        (DECODE, 0.75),
    ),
    value(
        "gpu_memory",
        {**moved("DCGM_FI_DEV_FB_USED", "60x30"), **moved("DCGM_FI_DEV_FB_FREE", "20x30")},
        (DECODE, 0.75),
    ),
    value("gpu_memory", {at_picker("llm_d_memory_utilization"): always(75)}, (MODEL, 0.75)),
    value(
        "container_memory",
        {
            **ALIVE,
            of_pod("container_memory_working_set_bytes", container="vllm"): always(75),
            of_pod("container_memory_working_set_bytes", container=""): always(99),
            of_pod("kube_pod_container_resource_limits", container="vllm", resource="memory"): (
                always(100)
            ),
            of_pod("kube_pod_container_resource_limits", container="vllm", resource="cpu"): "1x30",
        },
        (DECODE, 0.75),
    ),
    value(
        "replicas_ready",
        {
            **ALIVE,
            series("kube_deployment_status_replicas_available", **PLACE, deployment="a"): "3x30",
            series("kube_deployment_spec_replicas", **PLACE, deployment="a"): "4x30",
            series("kube_statefulset_status_replicas_ready", **PLACE, statefulset="b"): "1x30",
            series("kube_statefulset_replicas", **PLACE, statefulset="b"): "2x30",
        },
        ({**PLACE, "deployment": "a"}, 0.75),
        ({**PLACE, "statefulset": "b"}, 0.5),
    ),
)
