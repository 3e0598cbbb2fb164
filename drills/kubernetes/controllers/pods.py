"""The scheduler and the kubelets: a pod finds GPUs, loads its model, serves, goes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from drills.kubernetes.controllers import events
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import (
    Object,
    View,
    moment,
    name_of,
    namespace_of,
    ready,
    stamp,
    terminating,
    with_condition,
)
from drills.kubernetes.resources import NODES, PODS
from drills.kubernetes.state import Cluster

GPU = "nvidia.com/gpu"
# How long an engine takes to go after SIGTERM when its grace period would allow more: the guides'
# preStop of 15 s, then running requests are aborted.
STOPPING = timedelta(seconds=15)
_SCHEDULER = Writer(manager="kube-scheduler")
_KUBELET = Writer(manager="kubelet", subresource="status")


def schedule(cluster: Cluster, now: datetime) -> None:
    """Give every waiting pod a node with enough free GPUs, or say why there is none."""
    nodes = cluster.look(NODES)
    for pod in cluster.look(PODS):
        if pod["spec"].get("nodeName") or terminating(pod):
            continue
        node = _room(nodes, cluster.look(PODS), gpus(pod))
        if node:
            _bind(cluster, pod, node, now)
        else:
            _leave_waiting(cluster, pod, nodes, now)


def run(cluster: Cluster, now: datetime, *, ready_after: Callable[[View], float | None]) -> None:
    """Start containers, mark pods Ready when their model is loaded, remove those that are gone.

    `ready_after` answers in seconds since the pod was scheduled; None for never, or not yet known.
    A pod that is Ready stays so.
    """
    for pod in cluster.look(PODS):
        if terminating(pod):
            _stop(cluster, pod, now)
        elif pod["spec"].get("nodeName") and not ready(pod):
            _load(cluster, pod, ready_after(pod), now)


def gpus(pod: View) -> int:
    """Return how many GPUs a pod asks for."""
    limits = (one.get("resources", {}).get("limits") or {} for one in pod["spec"]["containers"])
    return sum(int(one.get(GPU, 0)) for one in limits)


def _room(nodes: Sequence[View], pods: Sequence[View], needed: int) -> str:
    for node in nodes:
        if node.get("spec", {}).get("unschedulable"):
            continue
        here = (pod for pod in pods if pod["spec"].get("nodeName") == name_of(node))
        free = int(node["status"]["allocatable"].get(GPU, 0)) - sum(map(gpus, here))
        if free >= needed:
            return name_of(node)
    return ""


def _bind(cluster: Cluster, pod: View, node: str, now: datetime) -> None:
    namespace, name = namespace_of(pod), name_of(pod)

    def bound(thing: Object) -> Object:
        thing["spec"]["nodeName"] = node
        return thing

    def scheduled(thing: Object) -> Object:
        # A pod that waited for a node no longer carries why: the condition is set anew.
        kept = [one for one in thing["status"].get("conditions", []) if one["status"] == "True"]
        thing["status"]["conditions"] = kept
        with_condition(thing, {"type": "PodScheduled", "status": "True"}, now=now)
        return thing

    cluster.update(PODS, namespace, name, bound, writer=_SCHEDULER)
    placed = cluster.update(PODS, namespace, name, scheduled, writer=_status(_SCHEDULER))
    text = f"Successfully assigned {namespace}/{name} to {node}"
    events.record(cluster, placed, "Scheduled", text, by="default-scheduler")


def _leave_waiting(cluster: Cluster, pod: View, nodes: Sequence[View], now: datetime) -> None:
    text = f"0/{len(nodes)} nodes are available: {len(nodes)} Insufficient {GPU}."
    waiting = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": text,
    }

    def told(thing: Object) -> Object:
        with_condition(thing, waiting, now=now)
        return thing

    after = cluster.update(PODS, namespace_of(pod), name_of(pod), told, writer=_status(_SCHEDULER))
    if after["metadata"]["resourceVersion"] != pod["metadata"]["resourceVersion"]:
        events.record(
            cluster, after, "FailedScheduling", text, by="default-scheduler", kind="Warning"
        )


def _status(writer: Writer) -> Writer:
    return Writer(manager=writer.manager, subresource="status")


def _load(cluster: Cluster, pod: View, seconds: float | None, now: datetime) -> None:
    started = pod["status"].get("startTime")
    begun = moment(started) if started else now
    loaded = seconds is not None and now >= begun + timedelta(seconds=seconds)

    def running(thing: Object) -> Object:
        thing["status"] |= _running(thing, begun, loaded=loaded)
        for kind in ("Initialized", "ContainersReady", "Ready"):
            good = loaded or kind == "Initialized"
            why = {} if good else {"reason": "ContainersNotReady", "message": _not_ready(thing)}
            new = {"type": kind, "status": "True" if good else "False"} | why
            with_condition(thing, new, now=now)
        return thing

    after = cluster.update(PODS, namespace_of(pod), name_of(pod), running, writer=_KUBELET)
    if not started:
        for reason, verb in (("Pulled", "already present"), ("Started", "Started container")):
            events.record(cluster, after, reason, f"Container modelserver: {verb}", by="kubelet")


def _running(pod: View, begun: datetime, *, loaded: bool) -> Object:
    return {
        "phase": "Running",
        "startTime": stamp(begun),
        "hostIP": "10.0.0.1",
        "podIP": _address(pod),
        "podIPs": [{"ip": _address(pod)}],
        "containerStatuses": [
            {
                "name": one["name"],
                "image": one["image"],
                "imageID": f"{one['image']}@sha256:{'0' * 64}",
                "containerID": f"containerd://{pod['metadata']['uid']}",
                "ready": loaded,
                "started": loaded,
                "restartCount": 0,
                "state": {"running": {"startedAt": stamp(begun)}},
                "lastState": {},
            }
            for one in pod["spec"]["containers"]
        ],
    }


def _address(pod: View) -> str:
    number = int(pod["metadata"]["uid"][:4], 16)
    return f"10.244.{number >> 8}.{number & 0xFF}"


def _not_ready(pod: View) -> str:
    names = " ".join(one["name"] for one in pod["spec"]["containers"])
    return f"containers with unready status: [{names}]"


def _stop(cluster: Cluster, pod: View, now: datetime) -> None:
    metadata = pod["metadata"]
    grace = timedelta(seconds=metadata.get("deletionGracePeriodSeconds", 0))
    if now >= moment(metadata["deletionTimestamp"]) + min(grace, STOPPING):
        cluster.delete(PODS, namespace_of(pod), name_of(pod), grace=0)
