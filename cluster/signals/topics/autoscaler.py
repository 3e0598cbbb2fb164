"""What scales the target by itself: HPA, KEDA and the workload variant autoscaler (WVA).

Sources: kube-state-metrics' horizontalpodautoscaler metrics, pkg/metricscollector of KEDA, the
metrics of llm-d-autoscaling (internal/metrics). KEDA and WVA name the target's namespace
`exported_namespace` where their own pod's namespace took the label. WVA's errors and free GPUs
name no namespace at all: they are those of the whole cluster. Until January 2026 WVA's metrics
were called `inferno_…`.
"""

from typing import Final

from cluster.signals.formulas import Filled, Gauge, Rate
from cluster.signals.names import metric
from cluster.signals.series import Formula, Metric, Scope
from cluster.signals.signal import Signal

HPA: Final = "kube_horizontalpodautoscaler"
INFO: Final = (metric(f"{HPA}_info"), Scope.SCALER)
EACH: Final = ("namespace", "horizontalpodautoscaler")
BOTH: Final = (Scope.EXPORTED_NAMESPACE, Scope.NAMESPACE)


def _share(above: Metric, below: Metric) -> Filled:
    return Filled(above=above, below=(below,), each=EACH, scope=Scope.NAMESPACE, only=INFO)


def _rates(name: str) -> tuple[Formula, ...]:
    return tuple(Rate(metric=metric(name), scope=each) for each in BOTH)


def _gauges(across: str, *names: str) -> tuple[Formula, ...]:
    return tuple(Gauge(metric=metric(*names), across=across, scope=each) for each in BOTH)


def _everywhere(name: str) -> Formula:
    return Rate(metric=metric(name), scope=Scope.CLUSTER)


SIGNALS: Final = (
    Signal(
        name="autoscaler_fill",
        unit="ratio",
        meaning="Replicas that the autoscaler wants as a share of its maximum; 1 is at the limit",
        without="cannot tell an autoscaler at its maximum from one that does nothing",
        ways=(
            _share(metric(f"{HPA}_status_desired_replicas"), metric(f"{HPA}_spec_max_replicas")),
        ),
    ),
    Signal(
        name="keda_errors",
        unit="errors/s",
        meaning="Errors of KEDA's scalers in the namespace",
        without="a scaler that cannot read its metric stays unseen",
        ways=(
            *_rates("keda_scaler_detail_errors_total"),
            *_rates("keda_scaled_object_errors_total"),
        ),
    ),
    Signal(
        name="keda_paused",
        unit="objects",
        meaning="ScaledObjects of the namespace that somebody paused",
        without="a paused autoscaler looks like a lazy one",
        ways=_gauges("sum", "keda_scaled_object_paused"),
    ),
    Signal(
        name="wva_desired_replicas",
        unit="replicas",
        meaning="Replicas that WVA wants for all variants of the namespace",
        without="no WVA: nothing is lost where KEDA or an HPA scales",
        ways=_gauges("sum", "wva_desired_replicas", "inferno_desired_replicas"),
    ),
    Signal(
        name="wva_current_replicas",
        unit="replicas",
        meaning="Replicas that WVA sees for all variants of the namespace",
        without="no WVA: nothing is lost where KEDA or an HPA scales",
        ways=_gauges("sum", "wva_current_replicas", "inferno_current_replicas"),
    ),
    Signal(
        name="wva_errors",
        unit="errors/s",
        meaning="Errors of WVA, whatever variant they are about",
        without="a WVA that fails stays unseen",
        ways=(
            _everywhere("wva_errors_total"),
            _everywhere("wva_metrics_collection_errors_total"),
        ),
    ),
    Signal(
        name="wva_available_gpus",
        unit="GPUs",
        meaning="GPUs that WVA counts as allocatable; zero is a matter of nodes, not of load",
        without="cannot see from here whether there are GPUs to scale to",
        ways=(Gauge(metric=metric("wva_available_gpus"), across="sum", scope=Scope.CLUSTER),),
    ),
)
