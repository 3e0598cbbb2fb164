"""The status of a Deployment, computed from its ReplicaSets. Pure.

Source: k8s.io/kubernetes pkg/controller/deployment sync.go and progress.go.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from drills.kubernetes.controllers import rolling
from drills.kubernetes.objects import (
    Object,
    View,
    condition,
    copied,
    moment,
    name_of,
    stamp,
    with_condition,
)

_COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")

_PAUSED = {
    "type": "Progressing",
    "status": "Unknown",
    "reason": "DeploymentPaused",
    "message": "Deployment is paused",
}


def status_of(deployment: View, new: View, old: Sequence[View], now: datetime) -> Object:
    """Return the status after this pass; zero counts are left out, as Kubernetes does."""
    sets = [new, *old]
    wanted = deployment["spec"]["replicas"]
    counts = {
        "replicas": _sum(sets, "replicas"),
        "updatedReplicas": _sum([new], "replicas"),
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": _sum(sets, "availableReplicas"),
        "unavailableReplicas": max(0, wanted - _sum(sets, "availableReplicas")),
    }
    before = deployment.get("status", {})
    after: Object = {
        "observedGeneration": deployment["metadata"]["generation"],
        "conditions": copied(before.get("conditions") or []),
    } | {name: count for name, count in counts.items() if count}
    shell: Object = {"spec": deployment["spec"], "status": after}
    _available(shell, now)
    if deployment["spec"].get("paused"):
        _set(shell, _PAUSED, now)
    else:
        _progressing(shell, before, new, now)
    return after


def _sum(sets: Sequence[View], field: str) -> int:
    return sum(int(one.get("status", {}).get(field, 0)) for one in sets)


def _available(shell: Object, now: datetime) -> None:
    spec, status = shell["spec"], shell["status"]
    given = spec["strategy"].get("rollingUpdate") or {}
    limits = rolling.bounds(
        spec["replicas"], given.get("maxSurge", "25%"), given.get("maxUnavailable", "25%")
    )
    least = spec["replicas"] - (limits.unavailable if spec["strategy"]["type"] != "Recreate" else 0)
    enough = status.get("availableReplicas", 0) >= least
    new = {
        "type": "Available",
        "status": "True" if enough else "False",
        "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        "message": f"Deployment {'has' if enough else 'does not have'} minimum availability.",
    }
    _set(shell, new, now)


def _progressing(shell: Object, before: View, new: View, now: datetime) -> None:
    status, name = shell["status"], name_of(new)
    known = condition(shell, "Progressing")
    settled = known.get("reason") == "NewReplicaSetAvailable"
    if settled and status.get("replicas", 0) == status.get("updatedReplicas", 0):
        return  # a mere change of size is no rollout (syncRolloutStatus)
    if all(status.get(field, 0) == shell["spec"]["replicas"] for field in _COUNTS):
        reason, text = "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'
    elif not known or settled:
        reason, text = "NewReplicaSetCreated", f'Created new replica set "{name}"'
    elif _moved(before, status):
        reason, text = "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'
        _set(shell, _progress(reason, text), now, touch=True)
        return
    elif _overdue(shell["spec"], known, now):
        reason, text = "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.'
    else:
        return
    _set(shell, _progress(reason, text), now)


def _moved(before: View, after: View) -> bool:
    """Tell whether a rollout came forward: more new or ready pods, or fewer old ones."""
    rose = any(after.get(field, 0) > before.get(field, 0) for field in _COUNTS[1:])
    old = [one.get("replicas", 0) - one.get("updatedReplicas", 0) for one in (before, after)]
    return rose or old[1] < old[0]


def _overdue(spec: View, known: View, now: datetime) -> bool:
    deadline = timedelta(seconds=spec["progressDeadlineSeconds"])
    return now - moment(known["lastUpdateTime"]) > deadline


def _progress(reason: str, text: str) -> Object:
    status = "False" if reason == "ProgressDeadlineExceeded" else "True"
    return {"type": "Progressing", "status": status, "reason": reason, "message": text}


def _set(shell: Object, new: View, now: datetime, *, touch: bool = False) -> None:
    """Set a condition; lastUpdateTime moves when what it says does, or when it is touched."""
    old = condition(shell, str(new["type"]))
    same = all(old.get(key) == value for key, value in new.items())
    updated = old["lastUpdateTime"] if same and not touch else stamp(now)
    with_condition(shell, dict(new) | {"lastUpdateTime": updated}, now=now)
