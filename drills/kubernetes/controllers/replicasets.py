"""The ReplicaSet controller: as many pods as the spec says, and a count of them."""

from datetime import datetime, timedelta

from drills.kubernetes.controllers import events
from drills.kubernetes.controllers.deployments import owner
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import (
    Object,
    View,
    condition,
    controller_of,
    copied,
    labels_of,
    moment,
    name_of,
    namespace_of,
    ready,
    terminating,
    uid_of,
    with_condition,
)
from drills.kubernetes.refusals import Refusal
from drills.kubernetes.resources import PODS, REPLICASETS
from drills.kubernetes.selectors import of_object
from drills.kubernetes.state import Cluster

_WRITER = Writer(manager="kube-controller-manager")
_STATUS = Writer(manager="kube-controller-manager", subresource="status")
_BY = "replicaset-controller"
_FAILURE = "ReplicaFailure"
_FORBIDDEN = " is forbidden: "


def reconcile(cluster: Cluster, now: datetime) -> None:
    """Create and delete pods for every ReplicaSet, and keep its status."""
    for replicaset in cluster.look(REPLICASETS):
        _claim(cluster, replicaset)
        pods = _active(cluster, replicaset)
        missing = replicaset["spec"]["replicas"] - len(pods)
        failed = _fill(cluster, replicaset, missing)
        for pod in sorted(pods, key=_worth)[: max(0, -missing)]:
            _drop(cluster, replicaset, pod)
        _tell(cluster, replicaset, now, failed)


def _claim(cluster: Cluster, replicaset: View) -> None:
    """Let go of pods that are not selected any more, and take back those that are again.

    Source: k8s.io/kubernetes pkg/controller/controller_ref_manager.go.
    """
    fits, uid = of_object(replicaset["spec"]["selector"]), uid_of(replicaset)
    for pod in list(cluster.look(PODS, namespace_of(replicaset))):
        above, selected = controller_of(pod), fits(labels_of(pod))
        if above == uid and not selected:
            _own(cluster, pod, [])
        elif not above and selected and not terminating(pod) and not terminating(replicaset):
            _own(cluster, pod, [owner(replicaset)])


def _own(cluster: Cluster, pod: View, owners: list[Object]) -> None:
    def owned(thing: Object) -> Object:
        thing["metadata"]["ownerReferences"] = owners
        return thing

    cluster.update(PODS, namespace_of(pod), name_of(pod), owned, writer=_WRITER)


def _active(cluster: Cluster, replicaset: View) -> list[View]:
    uid = uid_of(replicaset)
    pods = cluster.look(PODS, namespace_of(replicaset))
    return [pod for pod in pods if controller_of(pod) == uid and not terminating(pod)]


def _worth(pod: View) -> tuple[bool, bool, float, str]:
    """Order pods for deletion: unscheduled, then not ready, then youngest (ActivePodsWithRanks)."""
    made = moment(pod["metadata"]["creationTimestamp"]).timestamp()
    return bool(pod["spec"].get("nodeName")), ready(pod), -made, name_of(pod)


def _fill(cluster: Cluster, replicaset: View, missing: int) -> str:
    """Make the pods that are missing, up to the first that is refused; return why, empty if none.

    Source: k8s.io/kubernetes pkg/controller/replicaset, whose condition says it while it lasts.
    """
    for _ in range(missing):
        try:
            _add(cluster, replicaset)
        except Refusal as refusal:
            return _failed(cluster, replicaset, str(refusal))
    return ""


def _failed(cluster: Cluster, replicaset: View, why: str) -> str:
    """Tell of a pod that was refused, where that is news: each try has another name for it."""
    known = _told(replicaset)
    if _cause(known) == _cause(why):
        return known
    text = f"Error creating: {why}"
    events.record(cluster, replicaset, "FailedCreate", text, by=_BY, kind="Warning")
    return why


def _cause(why: str) -> str:
    return why.partition(_FORBIDDEN)[2] or why


def _add(cluster: Cluster, replicaset: View) -> None:
    template = replicaset["spec"]["template"]
    metadata = {
        "name": f"{name_of(replicaset)}-{cluster.names.suffix()}",
        "generateName": f"{name_of(replicaset)}-",
        "namespace": namespace_of(replicaset),
        "ownerReferences": [owner(replicaset)],
    }
    made = {"metadata": template["metadata"] | metadata, "spec": template["spec"]}
    pod = cluster.create(PODS, made, writer=_WRITER)
    text = f"Created pod: {name_of(pod)}"
    events.record(cluster, replicaset, "SuccessfulCreate", text, by=_BY)


def _drop(cluster: Cluster, replicaset: View, pod: View) -> None:
    cluster.delete(PODS, namespace_of(pod), name_of(pod))
    text = f"Deleted pod: {name_of(pod)}"
    events.record(cluster, replicaset, "SuccessfulDelete", text, by=_BY)
    events.record(cluster, pod, "Killing", "Stopping container modelserver", by="kubelet")


def _tell(cluster: Cluster, replicaset: View, now: datetime, failed: str) -> None:
    pods = _active(cluster, replicaset)
    settle = timedelta(seconds=replicaset["spec"].get("minReadySeconds", 0))
    serving = [pod for pod in pods if ready(pod)]
    counts = {
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": len(serving),
        "availableReplicas": sum(_since_ready(pod) + settle <= now for pod in serving),
    }
    status: Object = {
        "replicas": len(pods),
        "observedGeneration": replicaset["metadata"]["generation"],
    } | {name: count for name, count in counts.items() if count}
    if failed:
        status["conditions"] = replicaset["status"].get("conditions", [])
    if status == replicaset["status"] and (failed in ("", _told(replicaset))):
        return

    def told(thing: Object) -> Object:
        after = thing | {"status": copied(status)}
        if failed:
            new = {"type": _FAILURE, "status": "True", "reason": "FailedCreate", "message": failed}
            with_condition(after, new, now=now)
        return after

    namespace, name = namespace_of(replicaset), name_of(replicaset)
    cluster.update(REPLICASETS, namespace, name, told, writer=_STATUS)


def _told(replicaset: View) -> str:
    return str(condition(replicaset, _FAILURE).get("message", ""))


def _since_ready(pod: View) -> datetime:
    return moment(condition(pod, "Ready")["lastTransitionTime"])
