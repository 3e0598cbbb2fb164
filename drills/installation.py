"""The installation that is rehearsed: which pods of the cluster are which engines of the model."""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from drills.kubernetes import seed as install
from drills.kubernetes import surroundings
from drills.kubernetes.objects import (
    View,
    labels_of,
    moment,
    name_of,
    namespace_of,
    ready,
    terminating,
)
from drills.kubernetes.resources import PODS
from drills.kubernetes.state import Cluster
from drills.model.llm_d import Phase, Pod, Role
from drills.scrape import Target

NAMESPACE = "llm-d"
MODEL = "llama-3-70b"
DECODE_PODS = 4
PREFILL_PODS = 2
DECODE_DEPLOYMENT = f"{install.NAME}-decode"

_ROLE = "llm-d.ai/role"
# The engine listens behind the routing sidecar on decode pods.
_PORTS = {Role.DECODE: 8200, Role.PREFILL: 8000}
# How far one pod's load time is from the mean: disks differ.
_SPREAD = 0.15

# What the series say of themselves: an engine, the picker about requests and about its pool.
ENGINE = {"model_name": MODEL, "engine": "0"}
REQUESTS = {
    "model_name": MODEL,
    "target_model_name": MODEL,
    "fairness_id": "default-flow",
    "priority": "0",
}
POOL = {"name": f"{install.GUIDE}-inference-pool"}

# The endpoint picker as its ServiceMonitor makes Prometheus see it: job `<release>-epp`.
PICKER = Target(
    scrape={
        "namespace": NAMESPACE,
        "pod": f"{install.GUIDE}-epp-6c9f7d5b48-x2k4q",
        "container": "epp",
        "job": f"{install.GUIDE}-epp",
        "instance": "10.244.0.9:9090",
    }
)


def begin(cluster: Cluster) -> None:
    """Install llm-d into an empty cluster."""
    install.seed_llm_d(
        cluster, model=MODEL, namespace=NAMESPACE, prefill=PREFILL_PODS, decode=DECODE_PODS
    )
    surroundings.install(cluster, NAMESPACE)


def pods(cluster: Cluster) -> Sequence[View]:
    """Return the pods that run an engine or will."""
    return cluster.select(PODS, NAMESPACE, labels=_ROLE)


def engine(pod: View) -> Pod:
    """Return a pod as the model sees it."""
    return Pod(
        name=name_of(pod),
        role=Role(labels_of(pod)[_ROLE]),
        phase=_phase(pod),
        ip=pod.get("status", {}).get("podIP", ""),
    )


def loaded(pod: View, mean: float | None, now: datetime) -> bool:
    """Tell whether a pod that was loading its model is done with it."""
    seconds, started = load_time(pod, mean), pod["status"].get("startTime")
    if seconds is None or started is None:
        return False
    return moment(started) + timedelta(seconds=seconds) <= now


def load_time(pod: View, mean: float | None) -> float | None:
    """Return how many seconds a pod loads its model, spread by its name; None for ever."""
    if mean is None:
        return None
    dice = zlib.crc32(f"{namespace_of(pod)}/{name_of(pod)}".encode()) / 0xFFFFFFFF
    return mean * (1 + _SPREAD * (2 * dice - 1))


def engine_target(pod: Pod) -> Target:
    """Return a pod as llm-d's PodMonitors make Prometheus see it: job `<namespace>/<role>`."""
    return Target(
        scrape={
            "namespace": NAMESPACE,
            "pod": pod.name,
            "container": "modelserver",
            "job": f"{NAMESPACE}/{pod.role}",
            "instance": f"{pod.ip}:{_PORTS[pod.role]}",
        },
    )


def _phase(pod: View) -> Phase:
    if terminating(pod):
        return Phase.LEAVING
    return Phase.SERVING if ready(pod) else Phase.LOADING
