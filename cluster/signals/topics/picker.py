"""The endpoint picker: its pool, and its flow control.

Outcomes are named one by one: `Rejected.*` would count a pool without endpoints as overload, and
miss what was evicted. A saturation of exactly 1 may also be an empty pool or stale metrics.
Sources: docs/metrics.md, admission.go and pkg/epp/metrics/ of llm-d-router. The pickers of GIE 1.1
and 1.2 do not say of which pool their flow control speaks, so theirs is not read.
"""

from typing import Final

from cluster.signals.formulas import Gauge, Part, Quantile, Rate
from cluster.signals.names import EXTENSION, NOW, POOL, like, metric, picker
from cluster.signals.series import Metric, Scope
from cluster.signals.signal import Signal

WAITED: Final = "flow_control_request_queue_duration_seconds"
READY: Final = Metric(
    names=(*picker(NOW, "ready_endpoints").names, "inference_pool_ready_pods"),
)
# The counter came with llm-d-router 0.10; before, only the time in the queue was told by outcome.
OUTCOMES: Final = Metric(
    names=(
        "llm_d_epp_flow_control_requests_total",
        *picker(EXTENSION, f"{WAITED}_count").names,
    ),
)
OVERLOADED: Final = like("outcome", "RejectedCapacity|EvictedTTL")
NOBODY: Final = like("outcome", "RejectedNoEndpoints|EvictedNoEndpoints")

SIGNALS: Final = (
    Signal(
        name="ready_endpoints",
        unit="endpoints",
        meaning="Pods that the picker may send to",
        without="cannot tell an empty pool from an overloaded one at the picker",
        ways=(
            Gauge(
                metric=READY,
                across="max",
                scope=Scope.POOL,
            ),
        ),
    ),
    Signal(
        name="pool_queue",
        unit="requests",
        meaning="Mean queue of the pool's pods, as the picker sees it",
        without="cannot compare what the picker sees with what the engines say",
        ways=(Gauge(metric=picker(POOL, "average_queue_size"), across="max", scope=Scope.POOL),),
    ),
    Signal(
        name="pool_kv_usage",
        unit="ratio",
        meaning="Mean share of KV blocks in use, as the picker sees it",
        without="cannot compare what the picker sees with what the engines say",
        ways=(
            Gauge(
                metric=picker(POOL, "average_kv_cache_utilization"),
                across="max",
                scope=Scope.POOL,
            ),
        ),
    ),
    Signal(
        name="flow_rejected_ratio",
        unit="ratio",
        meaning="Share of requests that flow control turns away for lack of capacity",
        without="no flow control: cannot see what is refused before it reaches an engine",
        ways=(Part(metric=OUTCOMES, matcher=OVERLOADED, scope=Scope.QUEUE),),
    ),
    Signal(
        name="flow_no_endpoint_ratio",
        unit="ratio",
        meaning="Share of requests that flow control turns away because the pool is empty",
        without="cannot tell refusal for lack of pods from refusal for lack of capacity",
        ways=(Part(metric=OUTCOMES, matcher=NOBODY, scope=Scope.QUEUE),),
    ),
    Signal(
        name="flow_outcomes",
        unit="requests/s",
        meaning="Requests through flow control, by outcome",
        without="cannot say why flow control refuses",
        ways=(Rate(metric=OUTCOMES, scope=Scope.QUEUE),),
        breakdown="outcome",
    ),
    Signal(
        name="flow_queue",
        unit="requests",
        meaning="Requests that flow control holds back",
        without="a queue at the picker stays unseen: engines look idle while users wait",
        ways=(
            Gauge(
                metric=picker(EXTENSION, "flow_control_queue_size"),
                across="sum",
                scope=Scope.QUEUE,
            ),
        ),
    ),
    Signal(
        name="flow_queue_p95",
        unit="s",
        meaning="Time in flow control's queue that 95 % of requests stay under",
        without="cannot say how long requests wait at the picker",
        ways=tuple(
            Quantile(
                metric=metric(f"{prefix}_{WAITED}_bucket"),
                quantile=0.95,
                scope=Scope.QUEUE,
            )
            for prefix in EXTENSION
        ),
    ),
    Signal(
        name="flow_saturation",
        unit="ratio",
        meaning="Load of the pool as flow control sees it; from 1 it holds back",
        without="cannot see how close the pool is to being held back",
        ways=(
            Gauge(
                metric=picker(EXTENSION, "flow_control_pool_saturation"),
                across="max",
                scope=Scope.QUEUE,
            ),
        ),
    ),
    Signal(
        # Told by detector and not by pool, and under this prefix only.
        name="flow_stale_endpoints",
        unit="endpoints",
        meaning="Pods whose metrics the picker has not seen for too long",
        without="cannot tell a picker that decides on old numbers from real load",
        ways=(
            Gauge(
                metric=metric("llm_d_epp_flow_control_stale_endpoints"),
                across="max",
                scope=Scope.NAMESPACE,
            ),
        ),
    ),
)
