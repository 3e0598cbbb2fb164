"""What is recorded of engines, queues and autoscalers, and of machines: worked out by hand."""

from cluster.rules.proving import (
    DECODE,
    MODEL,
    NAMESPACE,
    PREFILL,
    always,
    at_picker,
    engine,
    growing,
    of_pod,
    series,
)
from tests.servers.rules.shown import (
    ALIVE,
    ENGINE,
    NODE,
    PLACE,
    POOL,
    moved,
    on_gpus,
    on_instance,
    on_node,
    queues,
    value,
)

COUNTS = (
    value(
        "silent_ranks",
        {
            engine("vllm:num_requests_running"): always(8),
            engine("vllm:num_requests_waiting"): always(0),
            engine("vllm:generation_tokens_total"): growing(60),
            engine("vllm:prompt_tokens_total"): growing(60),
            engine("vllm:num_requests_running").replace('"0"', '"1"'): always(3),
            engine("vllm:num_requests_waiting").replace('"0"', '"1"'): always(0),
            engine("vllm:generation_tokens_total").replace('"0"', '"1"'): always(70),
            engine("vllm:prompt_tokens_total").replace('"0"', '"1"'): always(70),
        },
        (ENGINE, 1),
    ),
    value(
        "kv_blocks",
        {
            engine("vllm:cache_config_info", num_gpu_blocks="900"): always(1),
            engine("vllm:cache_config_info", num_gpu_blocks="900", pod="decode-1"): always(1),
        },
        ({**ENGINE, "num_gpu_blocks": "900"}, 2),
    ),
    # Between two pods the worst one speaks for usage, and queues are added up.
    value(
        "kv_usage",
        {
            engine("vllm:kv_cache_usage_perc"): always(0.25),
            engine("vllm:gpu_cache_usage_perc", pod="decode-1"): always(0.5),
        },
        (ENGINE, 0.5),
    ),
    value(
        "waiting",
        {
            engine("vllm:num_requests_waiting"): always(3),
            engine("vllm:num_requests_waiting", pod="decode-1"): always(4),
            engine("vllm:num_requests_waiting", role="prefill"): always(5),
        },
        (ENGINE, 7),
        ({**PREFILL, "job": f"{NAMESPACE}/prefill"}, 5),
    ),
    value("waiting", {at_picker("llm_d_queue_depth"): always(5)}, (MODEL, 5)),
    value(
        "second_tier_evictions",
        {at_picker("llm_d_kv_cache_evictions_total"): growing(60)},
        (MODEL, 1),
    ),
    value(
        "second_tier_evictions",
        {of_pod("redis_evicted_keys_total", "redis"): growing(60)},
        (PLACE, 1),
    ),
    value(
        "index_evictions",
        {of_pod("llm_d_epp_kv_cache_index_evictions_total", "epp"): growing(60)},
        (PLACE, 1),
    ),
    value(
        "flow_stale_endpoints",
        {
            of_pod("llm_d_epp_flow_control_stale_endpoints", "epp", detector="a"): always(2),
            of_pod("llm_d_epp_flow_control_stale_endpoints", "epp", detector="b"): always(3),
        },
        (PLACE, 3),
    ),
    *(
        value(signal, {series(metric, **PLACE, name="llama"): always(3)}, (POOL, 3))
        for signal, metric in (
            ("ready_endpoints", "llm_d_epp_ready_endpoints"),
            ("ready_endpoints", "inference_pool_ready_pods"),
            ("pool_queue", "llm_d_epp_average_queue_size"),
            ("pool_kv_usage", "llm_d_epp_average_kv_cache_utilization"),
        )
    ),
    value(
        "flow_queue",
        queues("llm_d_epp_flow_control_queue_size", a=always(2), b=always(3)),
        (POOL, 5),
    ),
    value(
        "flow_saturation",
        queues("llm_d_epp_flow_control_pool_saturation", a=always(2), b=always(3)),
        (POOL, 3),
    ),
    *(
        value(
            signal,
            {**ALIVE, series(metric, namespace="keda", exported_namespace=NAMESPACE): shown},
            (PLACE, found),
        )
        for signal, metric, shown, found in (
            ("keda_errors", "keda_scaler_detail_errors_total", growing(60), 1),
            ("keda_errors", "keda_scaled_object_errors_total", growing(60), 1),
            ("keda_paused", "keda_scaled_object_paused", always(2), 2),
            ("wva_desired_replicas", "wva_desired_replicas", always(4), 4),
            ("wva_desired_replicas", "inferno_desired_replicas", always(4), 4),
            ("wva_current_replicas", "wva_current_replicas", always(3), 3),
        )
    ),
    # Where nobody serves a model, an autoscaler's trouble is not ours.
    value("keda_paused", {series("keda_scaled_object_paused", namespace="shop"): always(2)}),
    value("wva_errors", {series("wva_errors_total", job="wva"): growing(60)}, ({}, 1)),
    value("wva_available_gpus", {series("wva_available_gpus", type="h100"): always(3)}, ({}, 3)),
)

CLOCK = "DCGM_EXP_CLOCK_EVENTS_COUNT"
MACHINES = (
    *(
        value(signal, on_gpus(metric, always(2), always(3)), (DECODE, found))
        for signal, metric, found in (
            ("gpu_utilization", "DCGM_FI_DEV_GPU_UTIL", 2.5),
            ("gpu_engine_active", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", 2.5),
            ("gpu_tensor_active", "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", 2.5),
            ("gpu_dram_active", "DCGM_FI_PROF_DRAM_ACTIVE", 2.5),
            ("gpu_temperature", "DCGM_FI_DEV_GPU_TEMP", 3),
            ("gpu_xid_faults", "DCGM_EXP_XID_ERRORS_COUNT", 3),
            ("gpu_remap_failures", "DCGM_FI_DEV_ROW_REMAP_FAILURE", 3),
        )
    ),
    value(
        "gpu_utilization",
        {
            **on_gpus("DCGM_FI_DEV_GPU_UTIL", always(2), always(3)),
            engine("vllm:num_requests_running", pod="decode-1"): always(1),
            of_pod("DCGM_FI_DEV_GPU_UTIL", "decode-1", gpu="0"): always(5.5),
        },
        (DECODE, 4),
    ),
    value(
        "gpu_power_brakes",
        {
            **ALIVE,
            # Its cap, at which every busy GPU runs, is another event.
            of_pod(CLOCK, gpu="0", clock_event="power_cap"): always(9),
            of_pod(CLOCK, gpu="1", clock_event="hw_power_brake"): always(2),
        },
        (DECODE, 2),
    ),
    value(
        "gpu_power_brakes",
        {
            **ALIVE,
            series(
                CLOCK,
                namespace="gpu-operator",
                pod="dcgm-x",
                exported_namespace=NAMESPACE,
                exported_pod="decode-0",
                gpu="0",
                clock_event="hw_power_brake",
            ): always(3),
        },
        (DECODE, 3),
    ),
    value("gpu_utilization", moved("DCGM_FI_DEV_GPU_UTIL", always(3)), (DECODE, 3)),
    value("gpu_utilization", {at_picker("llm_d_gpu_utilization"): always(97)}, (MODEL, 97)),
    # The news speak before an old number; two GPUs that do not agree are no answer.
    value("gpu_xid", on_gpus("DCGM_FI_DEV_XID_ERRORS", "0x10 79x20", always(13)), (DECODE, 79)),
    value("gpu_xid", on_gpus("DCGM_FI_DEV_XID_ERRORS", always(0), always(13)), (DECODE, 13)),
    value("gpu_xid", on_gpus("DCGM_FI_DEV_XID_ERRORS", "0x10 79x20", "0x10 48x20")),
    value("gpu_xid", on_gpus("DCGM_FI_DEV_XID_ERRORS", always(0), always(0)), (DECODE, 0)),
    value("gpu_xid", moved("DCGM_FI_DEV_XID_ERRORS", "0x10 79x20"), (DECODE, 79)),
    value("gpu_xid_faults", moved("DCGM_FI_DEV_XID_ERRORS", "0x10 79x20"), (DECODE, 1)),
    value(
        "gpu_ecc_errors",
        moved("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", growing(1, 90)),
        (DECODE, 60),
        at=80,
    ),
    # The last Xid sticks: news within ten minutes is one of two GPUs.
    value("gpu_xid_faults", on_gpus("DCGM_FI_DEV_XID_ERRORS", "0x10 79x20", "13x30"), (DECODE, 1)),
    *(
        value(signal, on_gpus(metric, growing(1, 90), growing(2, 90)), (DECODE, 180), at=80)
        for signal, metric in (
            ("gpu_rows_lost", "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS"),
            ("gpu_ecc_errors", "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL"),
            ("gpu_pcie_replays", "DCGM_FI_DEV_PCIE_REPLAY_COUNTER"),
        )
    ),
    *(
        value(signal, shown(metric, 60, **labels), (NODE, found), at=80)
        for shown in (on_node, on_instance)
        for signal, metric, labels, found in (
            ("rdma_port_errors", "node_infiniband_port_errors_received_total", {}, 1),
            ("rdma_discards", "node_infiniband_port_discards_transmitted_total", {}, 1),
            ("rdma_links_down", "node_infiniband_link_downed_total", {}, 3600),
            ("nvme_read", "node_disk_read_bytes_total", {"device": "nvme0n1"}, 1),
        )
    ),
    value(
        "volume_read",
        {
            **ALIVE,
            of_pod("container_fs_reads_bytes_total", container="vllm"): growing(60),
            of_pod("container_fs_reads_bytes_total", container=""): growing(60),
        },
        (DECODE, 1),
    ),
    value(
        "oom_kills",
        {
            **ALIVE,
            of_pod("kube_pod_container_status_restarts_total", container="vllm"): "0x40 1x60",
            of_pod(
                "kube_pod_container_status_last_terminated_reason",
                container="vllm",
                reason="OOMKilled",
            ): "_x40 1x60",
            of_pod("kube_pod_container_status_restarts_total", container="proxy"): "0x40 1x60",
        },
        (DECODE, 1),
        at=70,
    ),
    value(
        "oom_kills",
        {**ALIVE, of_pod("container_oom_events_total", container="vllm"): growing(1, 90)},
        (DECODE, 60),
        at=80,
    ),
    value(
        "restarts",
        {
            **ALIVE,
            of_pod("kube_pod_container_status_restarts_total", container="vllm"): growing(2),
        },
        (DECODE, 30),
        at=20,
    ),
    value(
        "pods_ready",
        {
            **ALIVE,
            engine("vllm:num_requests_running", pod="decode-1"): always(1),
            of_pod("kube_pod_status_ready", "decode-0", condition="true"): always(1),
            of_pod("kube_pod_status_ready", "decode-1", condition="true"): always(1),
            of_pod("kube_pod_status_ready", "decode-1", condition="false"): always(1),
        },
        (DECODE, 2),
    ),
    value(
        "model_load_time",
        {
            **ALIVE,
            of_pod("kube_pod_start_time"): always(1000),
            of_pod("kube_pod_status_ready_time"): always(1300),
        },
        (DECODE, 300),
    ),
)
