"""The HPA controller: it writes replicas through /scale, over whatever somebody else wrote there.

Without a metrics API it still holds the bounds, as the real one does with ScalingActive=False.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from drills.kubernetes.controllers import events
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object, View, name_of, namespace_of, stamp, with_condition
from drills.kubernetes.resources import AUTOSCALERS, DEPLOYMENTS
from drills.kubernetes.state import Cluster

SYNC = timedelta(seconds=15)  # --horizontal-pod-autoscaler-sync-period
_SCALE = Writer(manager="kube-controller-manager", subresource="scale")
_STATUS = Writer(manager="kube-controller-manager", subresource="status")


def reconcile(
    cluster: Cluster,
    now: datetime,
    *,
    checked: dict[str, datetime],
    wants: Callable[[View], int | None],
) -> None:
    """Bring every autoscaled Deployment to what its HPA wants, at most once per sync period.

    `wants` says how many replicas the metrics ask for; None when there are no metrics. `checked`
    remembers when each HPA (by uid) looked last.
    """
    for autoscaler in cluster.look(AUTOSCALERS):
        uid = autoscaler["metadata"]["uid"]
        if uid in checked and now - checked[uid] < SYNC:
            continue
        checked[uid] = now
        _sync(cluster, autoscaler, wants(autoscaler), now)


def _sync(cluster: Cluster, autoscaler: View, wanted: int | None, now: datetime) -> None:
    spec, namespace = autoscaler["spec"], namespace_of(autoscaler)
    name = spec["scaleTargetRef"]["name"]
    before = cluster.get(DEPLOYMENTS, namespace, name)["spec"]["replicas"]
    if not before:
        _switch_off(cluster, autoscaler, now)
        return
    size = min(max(before if wanted is None else wanted, spec["minReplicas"]), spec["maxReplicas"])

    def resized(thing: Object) -> Object:
        thing["spec"]["replicas"] = size
        return thing

    if size != before:
        cluster.update(DEPLOYMENTS, namespace, name, resized, writer=_SCALE)
        text = f"New size: {size}; reason: {_reason(wanted, size, before)}"
        events.record(
            cluster, autoscaler, "SuccessfulRescale", text, by="horizontal-pod-autoscaler"
        )

    def told(thing: Object) -> Object:
        return thing | {"status": _status(before, size, wanted, now, thing)}

    cluster.update(AUTOSCALERS, namespace, name_of(autoscaler), told, writer=_STATUS)


def _switch_off(cluster: Cluster, autoscaler: View, now: datetime) -> None:
    """Say that a Deployment at zero switches its HPA off."""
    off = {"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled"}

    def told(thing: Object) -> Object:
        thing["status"] = thing.get("status", {}) | {"currentReplicas": 0, "desiredReplicas": 0}
        with_condition(thing, off, now=now)
        return thing

    cluster.update(AUTOSCALERS, namespace_of(autoscaler), name_of(autoscaler), told, writer=_STATUS)


def _reason(wanted: int | None, size: int, before: int) -> str:
    if wanted is not None:
        return "All metrics below target" if size < before else "metric above target"
    way = "above Spec.MaxReplicas" if size < before else "below Spec.MinReplicas"
    return f"Current number of replicas {way}"


def _status(before: int, size: int, wanted: int | None, now: datetime, old: View) -> Object:
    able = {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}
    if wanted is not None:
        able = {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"}
    status: Object = dict(old.get("status", {})) | {
        "currentReplicas": before,
        "desiredReplicas": size,
    }
    if size != before:
        status["lastScaleTime"] = stamp(now)
    shell: Object = {"status": status}
    with_condition(shell, able, now=now)
    return status
