"""KV transfers between prefill and decode, as NIXL counts them on every tensor-parallel rank.

A transfer that fails may end in a wrong answer and not in an error: vLLM #52234, #52617.
"""

from datetime import timedelta
from typing import Final

from cluster.signals.formulas import Quantile, Rate
from cluster.signals.names import NOW, counter, metric, picker
from cluster.signals.series import Metric, Scope
from cluster.signals.signal import Signal

MINUTES_10: Final = timedelta(minutes=10)
DECISIONS: Final = Metric(
    names=(
        *picker(NOW, "disagg_decision_total").names,
        "llm_d_inference_scheduler_disagg_decision_total",
        "llm_d_inference_scheduler_pd_decision_total",
    ),
)

SIGNALS: Final = (
    Signal(
        name="transfers",
        unit="transfers/s",
        meaning="KV transfers between prefill and decode that took place, counted per rank",
        without="cannot tell a stalled transfer from a full cache",
        ways=(Rate(metric=metric("vllm:nixl_xfer_time_seconds_count")),),
        needs_prefill=True,
    ),
    Signal(
        name="transfer_failures",
        unit="transfers/s",
        meaning="KV transfers between prefill and decode that failed, counted per rank",
        without="failed transfers stay unseen: answers may be wrong without an error",
        ways=(Rate(metric=counter("vllm:nixl_num_failed_transfers")),),
        needs_prefill=True,
    ),
    Signal(
        name="transfer_notification_failures",
        unit="notifications/s",
        meaning="Notifications about KV transfers that failed, counted per rank",
        without="cannot see blocks that prefill keeps for nobody",
        ways=(Rate(metric=counter("vllm:nixl_num_failed_notifications")),),
        needs_prefill=True,
    ),
    Signal(
        # The prefill side counts it, so all engines of the model are asked.
        name="transfer_expirations",
        unit="requests",
        meaning="Requests whose KV blocks nobody fetched in time, within ten minutes",
        without="cannot see decode that does not fetch what prefill made",
        ways=(
            Rate(
                metric=counter("vllm:nixl_num_kv_expired_reqs"),
                window=MINUTES_10,
                scope=Scope.MODEL,
                per_second=False,
            ),
        ),
        needs_prefill=True,
    ),
    Signal(
        name="transfer_time_p95",
        unit="s",
        meaning="Time of a KV transfer that 95 % stay under, over five minutes",
        without="cannot see a slow fabric before transfers fail",
        ways=(Quantile(metric=metric("vllm:nixl_xfer_time_seconds_bucket"), quantile=0.95),),
        needs_prefill=True,
    ),
    Signal(
        name="transfer_bytes",
        unit="bytes/s",
        meaning="Bytes that KV transfers move",
        without="cannot tell a slow fabric from large transfers",
        ways=(Rate(metric=metric("vllm:nixl_bytes_transferred_sum")),),
        needs_prefill=True,
    ),
    Signal(
        name="routing_decisions",
        unit="requests/s",
        meaning="Requests that the picker sends to decode alone or through prefill, by decision",
        without="cannot see whether prefill is used at all",
        ways=(Rate(metric=DECISIONS, scope=Scope.ROUTER),),
        breakdown="decision_type",
    ),
)
