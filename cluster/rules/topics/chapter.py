"""The six alerts of the operations chapter that the desk was asked for, in a form that works.

As written they never fire, or always: nothing emits the metrics that they name, `up` has no such
job, a full GPU is the normal state of a healthy engine, and a counter only grows. Names, groups,
intervals, durations, thresholds and labels are the chapter's.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from cluster.rules import rule
from cluster.rules.asked import NOT_PREFILL, each
from cluster.rules.proving import (
    MODEL,
    NAMESPACE,
    always,
    at_picker,
    begun_anew,
    born_again,
    engine,
    growing,
    minutes,
    of_pod,
    series,
)
from cluster.rules.rule import KV_CACHE, Alert, Group, Proof, RuleFile
from cluster.rules.topics.picker import (
    ASKED,
    READY,
    READY_BEFORE,
    SCHEDULED_OR_NOT,
    answers,
    errors,
)

LABELS: Final = {"service": "llm-d", "team": "sre"}
EACH: Final = ("namespace", "model_name")
JOB: Final = 'job=~"(.+/)?llm-d-service"'
ALIVE: Final = {engine("vllm:num_requests_running"): always(1)}
CHAPTER_BUCKET: Final = "llm_d_request_duration_seconds_bucket"
CHAPTER_P95: Final = (
    f"histogram_quantile(0.95, sum by (le, namespace, model_name) (rate({CHAPTER_BUCKET}[5m]))) > 3"
)
EVICTED: Final = "llm_d_kv_cache_evictions_total"


def instance(which: str) -> str:
    """Return the `up` of an instance of the chapter's service."""
    return series("up", namespace=NAMESPACE, job="llm-d-service", instance=which)


def slow(bucket: str, seconds: str) -> Mapping[str, str]:
    """Return a histogram in which all requests take between 2.5 and `seconds` seconds."""
    bounds = ("2.5", "5", "10", "+Inf")
    return {
        at_picker(bucket, le=bound): growing(60 if number >= bounds.index(seconds) else 0)
        for number, bound in enumerate(bounds)
    }


def memory(used: float, of: str = "decode-0") -> Mapping[str, str]:
    """Return what a container uses of its limit of 100 bytes."""
    return {
        of_pod("container_memory_working_set_bytes", of, container="vllm"): always(used),
        of_pod("kube_pod_container_resource_limits", of, container="vllm", resource="memory"): (
            always(100)
        ),
    }


DOWN: Final = Alert(
    name="LLMDServiceDown",
    expr=(
        f"{each('ready_endpoints', 'max', by=('namespace', 'pool'))} == 0"
        f" or max by (namespace, job) (up{{{JOB}}}) == 0"
    ),
    hold=minutes(1),
    severity="critical",
    labels=LABELS,
    runbook=rule.DOWN,
    summary="LLM-D service is down",
    description="No endpoint of {{ $labels.namespace }}/{{ $labels.pool }}{{ $labels.job }} has "
    "answered for more than 1 minute.",
    why="The service is down when no endpoint is ready; one instance of several is no outage. "
    "EPPNoReadyEndpoints is the same in a real name.",
    proofs=(
        Proof(
            title="no endpoint is ready",
            series={READY: always(0)},
            at=minutes(5),
            fires={"namespace": NAMESPACE, "pool": "llama"},
        ),
        Proof(
            title="the picker's name before the renaming",
            series={READY_BEFORE: always(0)},
            at=minutes(5),
            fires={"namespace": NAMESPACE, "pool": "llama"},
        ),
        Proof(
            title="all instances of the chapter's job are down",
            series={instance("a"): always(0), instance("b"): always(0)},
            at=minutes(5),
            fires={"namespace": NAMESPACE, "job": "llm-d-service"},
        ),
        Proof(
            title="one instance of two is down",
            series={instance("a"): always(0), instance("b"): always(1)},
            at=minutes(5),
            unless={instance("b"): always(0)},
            then={"namespace": NAMESPACE, "job": "llm-d-service"},
        ),
        Proof(title="an endpoint is ready", series={READY: always(1)}, at=minutes(5)),
        Proof(title="nothing is scraped: cannot tell", series={}, at=minutes(5)),
    ),
)

ERRORS: Final = Alert(
    name="LLMDHighErrorRate",
    expr=f"{each('error_ratio', 'max', by=EACH)} * 100 > 5",
    hold=minutes(2),
    severity="critical",
    labels=LABELS,
    runbook=rule.ERRORS,
    summary="High error rate detected",
    description="Error rate is {{ $value | humanize }}% over the last 5 minutes",
    why="EPPHighErrorRatio is the same in a real name.",
    rings_without=SCHEDULED_OR_NOT,
    proofs=(
        Proof(
            title="one request in ten",
            series={ASKED: growing(600), errors("Internal"): growing(60)},
            at=minutes(10),
            fires=MODEL,
        ),
        Proof(
            title="the chapter's own metric",
            series={
                at_picker("llm_d_requests_total", status="200"): growing(600),
                at_picker("llm_d_requests_total", status="503"): growing(60),
            },
            at=minutes(10),
            fires=MODEL,
        ),
        Proof(
            title="the engines answer one in ten with 503",
            series={ASKED: growing(600), **answers("200", 540), **answers("503", 60)},
            at=minutes(10),
            fires=MODEL,
        ),
        Proof(
            title="counters that began anew, one in ten",
            series={ASKED: born_again(600), errors("Internal"): born_again(60)},
            at=minutes(14),
            fires=MODEL,
        ),
        Proof(
            title="one request in fifty",
            series={ASKED: growing(600), errors("Internal"): growing(12)},
            at=minutes(10),
        ),
        Proof(
            title="a counter of errors that began anew",
            series={ASKED: growing(600), errors("Internal"): begun_anew()},
            at=minutes(10),
        ),
        Proof(
            title="no request",
            series={ASKED: always(9), errors("Internal"): always(9)},
            at=minutes(9),
        ),
        Proof(title="no picker", series={}, at=minutes(10)),
    ),
)

LATENCY: Final = Alert(
    name="LLMDHighLatency",
    expr=f"{each('ttft_p95', 'max', by=EACH, only=NOT_PREFILL)} > 3 or {CHAPTER_P95}",
    hold=minutes(5),
    severity="warning",
    labels=LABELS,
    runbook=rule.LATENCY,
    summary="High inference latency detected",
    description='95th percentile latency is {{ printf "%.1f" $value }}s',
    why="The time of a whole answer says how long it is; users wait for its first token. "
    "LLMDHighTTFT is the same in a real name.",
    proofs=(
        Proof(
            title="the first token after more than three seconds",
            series=slow("llm_d_epp_request_ttft_seconds_bucket", "5"),
            at=minutes(15),
            fires=MODEL,
        ),
        Proof(
            title="the engines' own histogram",
            series={
                engine("vllm:time_to_first_token_seconds_bucket", le="2.5"): growing(0),
                engine("vllm:time_to_first_token_seconds_bucket", le="5.0"): growing(60),
                engine("vllm:time_to_first_token_seconds_bucket", le="+Inf"): growing(60),
            },
            at=minutes(15),
            fires=MODEL,
        ),
        Proof(
            title="the chapter's own metric",
            series=slow(CHAPTER_BUCKET, "5"),
            at=minutes(15),
            fires=MODEL,
        ),
        Proof(
            title="whole answers of half a minute, with an early first token",
            series={
                **slow("llm_d_epp_request_duration_seconds_bucket", "10"),
                **slow("llm_d_epp_request_ttft_seconds_bucket", "2.5"),
            },
            at=minutes(15),
        ),
        Proof(
            title="counters that began anew, with an early first token",
            series={
                name: born_again(60) if values == growing(60) else values
                for name, values in slow("llm_d_epp_request_ttft_seconds_bucket", "2.5").items()
            },
            at=minutes(18),
        ),
        Proof(title="no histogram", series={}, at=minutes(15)),
    ),
)

GPUS: Final = Alert(
    name="LLMDGPUHighUtilization",
    expr=(
        f"{each('gpu_utilization', 'avg', by=EACH)} > 85 and {each('waiting', 'sum', by=EACH)} > 0"
    ),
    hold=minutes(10),
    severity="warning",
    labels=LABELS,
    runbook=rule.GPUS,
    summary="High GPU utilization detected",
    description="Average GPU utilization is {{ $value | humanize }}%, and requests wait",
    why="Busy GPUs are what one pays for; it matters when requests wait beside them. "
    "DecodeSaturated says more in a real name.",
    proofs=(
        Proof(
            title="busy, and requests wait",
            series={
                **ALIVE,
                of_pod("DCGM_FI_DEV_GPU_UTIL", gpu="0"): always(97),
                engine("vllm:num_requests_waiting"): always(5),
            },
            at=minutes(15),
            fires=MODEL,
        ),
        Proof(
            title="the chapter's own metric",
            series={
                at_picker("llm_d_gpu_utilization", instance="a"): always(97),
                at_picker("llm_d_queue_depth"): always(5),
            },
            at=minutes(15),
            fires=MODEL,
        ),
        Proof(
            title="busy and nobody waits: the normal state",
            series={
                **ALIVE,
                of_pod("DCGM_FI_DEV_GPU_UTIL", gpu="0"): always(97),
                engine("vllm:num_requests_waiting"): always(0),
            },
            at=minutes(15),
        ),
        Proof(
            title="no exporter of GPUs",
            series={**ALIVE, engine("vllm:num_requests_waiting"): always(5)},
            at=minutes(15),
        ),
    ),
)

MEMORY: Final = Alert(
    name="LLMDMemoryPressure",
    expr=(
        f"{each('container_memory', 'max', by=EACH)} * 100 > 90 or"
        f" {each('gpu_memory', 'max', by=EACH)} * 100 > 90"
        f" and {each('preemptions', 'sum', by=EACH)} > 0"
    ),
    hold=minutes(5),
    severity="critical",
    labels=LABELS,
    runbook=rule.MEMORY,
    summary="Memory pressure detected",
    description="Memory utilization is {{ $value | humanize }}%",
    why="Engines take GPU memory in advance, so it counts only with preemptions; a container's "
    "memory counts as it is. ModelServerOOMKilled and VLLMKVCacheCritical are its real names.",
    proofs=(
        Proof(
            title="a container near its limit",
            series={**ALIVE, **memory(95)},
            at=minutes(10),
            fires=MODEL,
        ),
        Proof(
            title="the chapter's own metric, and preemptions",
            series={
                at_picker("llm_d_memory_utilization", instance="a"): always(95),
                engine("vllm:num_preemptions_total"): growing(6),
            },
            at=minutes(10),
            fires=MODEL,
        ),
        Proof(
            title="GPU memory taken in advance",
            series={
                **ALIVE,
                of_pod("DCGM_FI_DEV_FB_USED", gpu="0"): always(96),
                of_pod("DCGM_FI_DEV_FB_FREE", gpu="0"): always(4),
                engine("vllm:num_preemptions_total"): always(3),
            },
            at=minutes(10),
            unless={engine("vllm:num_preemptions_total"): growing(6)},
        ),
        Proof(
            title="GPU memory taken in advance, and a counter that began anew",
            series={
                **ALIVE,
                of_pod("DCGM_FI_DEV_FB_USED", gpu="0"): always(96),
                of_pod("DCGM_FI_DEV_FB_FREE", gpu="0"): always(4),
                engine("vllm:num_preemptions_total"): begun_anew(),
            },
            at=minutes(10),
            unless={engine("vllm:num_preemptions_total"): growing(6)},
        ),
        Proof(title="half used", series={**ALIVE, **memory(50)}, at=minutes(10)),
        Proof(title="nothing is known of memory", series=ALIVE, at=minutes(10)),
    ),
)

EVICTIONS: Final = Alert(
    name="LLMDKVCacheOverflow",
    expr=(
        f"{each('preemptions', 'sum', by=EACH)} * 300 > 100"
        f" or sum by (namespace, model_name) (increase({EVICTED}[5m])) > 100"
    ),
    hold=minutes(5),
    severity="warning",
    labels=LABELS,
    runbook=KV_CACHE,
    summary="High KV cache eviction rate",
    description="KV cache evictions: {{ $value | humanize }} in last 5 minutes",
    why="The increase, since a counter only grows; requests that lose their blocks, since evicted "
    "prefixes hurt nobody. VLLMPreemptionsHigh is the same in a real name.",
    proofs=(
        Proof(
            title="300 preemptions in five minutes",
            series={engine("vllm:num_preemptions_total"): growing(60)},
            at=minutes(15),
            fires=MODEL,
        ),
        Proof(
            title="the chapter's own metric",
            series={at_picker(EVICTED): growing(60)},
            at=minutes(15),
            fires=MODEL,
        ),
        Proof(
            title="a counter that began anew, and grows",
            series={engine("vllm:num_preemptions_total"): born_again(60)},
            at=minutes(21),
            fires=MODEL,
        ),
        Proof(
            title="a large counter that stands still",
            series={engine("vllm:num_preemptions_total"): always(5000)},
            at=minutes(15),
        ),
        Proof(
            title="a large counter that began anew and stands still",
            series={engine("vllm:num_preemptions_total"): begun_anew()},
            at=minutes(15),
        ),
        Proof(
            title="the chapter's own counter stands still",
            series={at_picker(EVICTED): always(5000)},
            at=minutes(15),
            unless={at_picker(EVICTED): growing(60)},
        ),
        Proof(title="no such series", series={}, at=minutes(15)),
    ),
)

FILE: Final = RuleFile(
    name="operations-chapter",
    needs=("signals",),
    about=(
        "The six alerts of the operations chapter, by its names, in a form that works. Each has a "
        "counterpart in a real name in the other files, named above it: for teams that know the "
        "chapter. With both, the two ring into one incident."
    ),
    groups=(
        Group(
            name="llm-d.critical",
            interval=timedelta(seconds=30),
            rules=(DOWN, ERRORS, LATENCY),
        ),
        Group(
            name="llm-d.capacity",
            interval=timedelta(seconds=60),
            rules=(GPUS, MEMORY, EVICTIONS),
        ),
    ),
)
