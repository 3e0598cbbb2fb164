"""Pods and containers: memory, restarts, readiness, and how long they take to serve.

Sources: kube-state-metrics' pod and workload metrics, cAdvisor.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from cluster.signals.formulas import Filled, Gauge, Rate
from cluster.signals.names import metric
from cluster.signals.promql import Match, Matcher
from cluster.signals.series import Scope
from cluster.signals.signal import Signal
from cluster.signals.things import CONTAINER, Died, Took

QUARTER: Final = timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)
RESTARTS: Final = metric("kube_pod_container_status_restarts_total")
# Without a container's name it is the sum over the pod's cgroup, and would count twice.
MEMORY: Final = replace(
    metric("container_memory_working_set_bytes"),
    matchers=(Matcher(label="container", how=Match.NOT_EQUAL, value=""),),
)

SIGNALS: Final = (
    Signal(
        name="container_memory",
        unit="ratio",
        meaning="Share of its memory limit that the fullest container uses",
        without="cannot see a container that is about to be killed for memory",
        ways=(
            Filled(
                above=MEMORY,
                below=(metric("kube_pod_container_resource_limits", resource="memory"),),
                each=CONTAINER,
            ),
        ),
    ),
    Signal(
        name="oom_kills",
        unit="kills",
        meaning="Containers killed for memory within the hour",
        without="cannot tell a crash from a kill for memory",
        ways=(
            Died(
                restarts=RESTARTS,
                reason=metric(
                    "kube_pod_container_status_last_terminated_reason", reason="OOMKilled"
                ),
                window=HOUR,
            ),
            Rate(metric=metric("container_oom_events_total"), window=HOUR, per_second=False),
        ),
    ),
    Signal(
        name="restarts",
        unit="restarts",
        meaning="Restarts of the target's containers within 15 minutes",
        without="cannot see crash loops in the past",
        ways=(Rate(metric=RESTARTS, window=QUARTER, per_second=False),),
    ),
    Signal(
        name="pods_ready",
        unit="pods",
        meaning="Pods of the target that are ready, according to Kubernetes",
        without="readiness is known for now only, from the API server, and not in the past",
        ways=(Gauge(metric=metric("kube_pod_status_ready", condition="true"), across="sum"),),
    ),
    Signal(
        name="replicas_ready",
        unit="ratio",
        meaning="Share of the wanted replicas that is available; no number for zero wanted",
        without="cannot see in the past how many replicas were missing",
        ways=(
            Filled(
                above=metric("kube_deployment_status_replicas_available"),
                below=(metric("kube_deployment_spec_replicas"),),
                each=("deployment",),
                across="sum",
                scope=Scope.DEPLOYMENT,
            ),
            Filled(
                above=metric("kube_statefulset_status_replicas_ready"),
                below=(metric("kube_statefulset_replicas"),),
                each=("statefulset",),
                across="sum",
                scope=Scope.STATEFUL_SET,
            ),
        ),
    ),
    Signal(
        # The engines tell nothing about loading; a pod is ready once its model is loaded.
        name="model_load_time",
        unit="s",
        meaning="Time from the start of a pod until it was ready, of the slowest one",
        without="no learned load time: what a new pod needs to serve is an assumption",
        ways=(
            Took(
                since=metric("kube_pod_start_time"),
                until=metric("kube_pod_status_ready_time"),
                each=("namespace", "pod"),
            ),
        ),
    ),
)
