"""Events: what controllers tell about an object, counted when they repeat themselves."""

from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object, View, name_of, namespace_of, stamp, uid_of
from drills.kubernetes.resources import EVENTS
from drills.kubernetes.state import Cluster


def record(
    cluster: Cluster, about: View, reason: str, message: str, *, by: str, kind: str = "Normal"
) -> None:
    """Write a core/v1 Event, or raise the count of the same one."""
    namespace = namespace_of(about) or "default"
    chosen = f"involvedObject.uid={uid_of(about)},reason={reason}"
    for known in cluster.look(EVENTS, namespace, fields=chosen):
        if known["message"] == message:
            _again(cluster, known, by)
            return
    cluster.create(
        EVENTS, _event(cluster, about, reason, message, by, kind), writer=Writer(manager=by)
    )


def _again(cluster: Cluster, known: View, by: str) -> None:
    def counted(event: Object) -> Object:
        return event | {"count": event["count"] + 1, "lastTimestamp": stamp(cluster.now())}

    cluster.update(EVENTS, namespace_of(known), name_of(known), counted, writer=Writer(manager=by))


def _event(cluster: Cluster, about: View, reason: str, message: str, by: str, kind: str) -> Object:
    moment = stamp(cluster.now())
    return {
        "metadata": {
            "generateName": f"{name_of(about)}.",
            "namespace": namespace_of(about) or "default",
        },
        "involvedObject": {
            "kind": about["kind"],
            "namespace": namespace_of(about),
            "name": name_of(about),
            "uid": uid_of(about),
            "apiVersion": about["apiVersion"],
            "resourceVersion": about["metadata"]["resourceVersion"],
        },
        "reason": reason,
        "message": message,
        "source": {"component": by},
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
        "type": kind,
        "reportingComponent": by,
        "reportingInstance": "",
    }
