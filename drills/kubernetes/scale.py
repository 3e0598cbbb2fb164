"""The /scale subresource: a Deployment's size as an autoscaling/v1 Scale."""

from collections.abc import Callable

from drills.kubernetes import refusals
from drills.kubernetes.objects import Object, View, copied, name_of
from drills.kubernetes.selectors import text_of

_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(workload: View) -> Object:
    """Show a Deployment or ReplicaSet as its Scale."""
    metadata = workload["metadata"]
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in _SHOWN if key in metadata},
        "spec": {"replicas": workload["spec"]["replicas"]},
        "status": {
            "replicas": workload.get("status", {}).get("replicas", 0),
            "selector": text_of(workload["spec"]["selector"]),
        },
    }


def through_scale(change: Callable[[Object], Object]) -> Callable[[Object], Object]:
    """Turn a change of the Scale into the change of the workload behind it.

    A resourceVersion or uid in the changed Scale is a precondition on the workload.
    """

    def changed(workload: Object) -> Object:
        scale = change(scale_of(workload))
        if scale.get("kind") != "Scale":
            msg = f"{scale.get('kind')} is not a Scale"
            raise refusals.Malformed(msg)
        after = copied(workload)
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        if isinstance(replicas, int) and replicas < 0:
            wrong = f"Invalid value: {replicas}: must be greater than or equal to 0"
            kind = "Scale.autoscaling"
            raise refusals.invalid(kind, name_of(workload), [("spec.replicas", wrong)])
        after["spec"]["replicas"] = replicas
        metadata = scale.get("metadata") or {}
        for field in ("name", "uid", "resourceVersion"):
            if metadata.get(field):
                after["metadata"][field] = metadata[field]
        return after

    return changed
