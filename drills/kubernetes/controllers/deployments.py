"""The deployment controller: one ReplicaSet per template, rolled over within the bounds.

Source: k8s.io/kubernetes pkg/controller/deployment. Left out: scaling several ReplicaSets in
proportion while a rollout is under way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from drills.kubernetes.controllers import events, rolling
from drills.kubernetes.controllers.deployment_status import status_of
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.names import template_hash
from drills.kubernetes.objects import (
    Object,
    View,
    controller_of,
    name_of,
    namespace_of,
    uid_of,
)
from drills.kubernetes.resources import DEPLOYMENTS, PODS, REPLICASETS
from drills.kubernetes.state import Cluster

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
_WRITER = Writer(manager="kube-controller-manager")
_STATUS = Writer(manager="kube-controller-manager", subresource="status")
_BY = "deployment-controller"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rollout:
    """A Deployment with the ReplicaSets it controls; `new` is empty while a pause keeps it away."""

    deployment: View
    new: View
    old: tuple[View, ...]

    @property
    def wanted(self) -> int:
        return int(self.deployment["spec"]["replicas"])


def reconcile(cluster: Cluster, now: datetime) -> None:
    """Bring every Deployment one step closer to its spec, and its status up to date."""
    for deployment in cluster.look(DEPLOYMENTS):
        if deployment["spec"].get("paused"):
            _hold(cluster, deployment, now)
            continue
        _grow(cluster, _gather(cluster, deployment))
        _shrink(cluster, _gather(cluster, deployment))
        _forget(cluster, _gather(cluster, deployment))
        _tell(cluster, _gather(cluster, deployment), now)


def _hold(cluster: Cluster, deployment: View, now: datetime) -> None:
    """Keep a paused Deployment's size and roll nothing: no ReplicaSet is made for a new template.

    Where a rollout stopped half-way no size is changed; the real one changes both in proportion.
    """
    sets = sorted(_sets(cluster, deployment), key=_revision)
    active = [one for one in sets if one["spec"]["replicas"]] or sets[-1:]
    if len(active) == 1:
        _resize(cluster, deployment, active[0], int(deployment["spec"]["replicas"]))
        sets = sorted(_sets(cluster, deployment), key=_revision)
    new = next((one for one in sets if _same_template(one, deployment)), {})
    old = tuple(one for one in sets if uid_of(one) != uid_of(new))
    _tell(cluster, _Rollout(deployment=deployment, new=new, old=old), now)


def _sets(cluster: Cluster, deployment: View) -> list[View]:
    uid = uid_of(deployment)
    found = cluster.look(REPLICASETS, namespace_of(deployment))
    return [one for one in found if controller_of(one) == uid]


def _gather(cluster: Cluster, deployment: View) -> _Rollout:
    sets = _sets(cluster, deployment)
    new = next((one for one in sets if _same_template(one, deployment)), None)
    if new is None:
        new = _make(cluster, deployment, sets)
    new = _mark(cluster, deployment, new, sets)
    old = tuple(sorted((one for one in sets if uid_of(one) != uid_of(new)), key=_revision))
    return _Rollout(deployment=deployment, new=new, old=old)


def _same_template(replicaset: View, deployment: View) -> bool:
    chosen = replicaset["spec"]["template"]
    labels = {k: v for k, v in chosen["metadata"]["labels"].items() if k != HASH}
    bare = chosen | {"metadata": chosen["metadata"] | {"labels": labels}}
    return bool(bare == deployment["spec"]["template"])


def _revision(replicaset: View) -> int:
    return int((replicaset["metadata"].get("annotations") or {}).get(REVISION, 0))


def _make(cluster: Cluster, deployment: View, sets: Sequence[View]) -> Object:
    template = deployment["spec"]["template"]
    hashed = template_hash(template)
    labels = template["metadata"]["labels"] | {HASH: hashed}
    chosen = deployment["spec"]["selector"]
    revision = str(max((_revision(one) for one in sets), default=0) + 1)
    made = {
        "metadata": {
            "name": f"{name_of(deployment)}-{hashed}",
            "namespace": namespace_of(deployment),
            "labels": labels,
            "annotations": {REVISION: revision},
            "ownerReferences": [owner(deployment)],
        },
        "spec": {
            "replicas": 0,
            "selector": chosen | {"matchLabels": chosen.get("matchLabels", {}) | {HASH: hashed}},
            "template": template | {"metadata": template["metadata"] | {"labels": labels}},
        },
    }
    return cluster.create(REPLICASETS, made, writer=_WRITER)


def _mark(cluster: Cluster, deployment: View, new: View, sets: Sequence[View]) -> View:
    """Give the current template the highest revision, also when it is an old one that came back."""
    others = [_revision(one) for one in sets if uid_of(one) != uid_of(new)]
    revision = str(max(_revision(new), max(others, default=0) + 1))
    if _revision(new) == _revision(deployment) == int(revision):
        return new

    def marked(thing: Object) -> Object:
        annotations = thing["metadata"].get("annotations") or {}
        thing["metadata"]["annotations"] = annotations | {REVISION: revision}
        return thing

    namespace = namespace_of(new)
    # Together with its status, as the real one does: otherwise it would be a new generation.
    cluster.update(DEPLOYMENTS, namespace, name_of(deployment), marked, writer=_STATUS)
    return cluster.update(REPLICASETS, namespace, name_of(new), marked, writer=_WRITER)


def owner(thing: View) -> Object:
    """Return the ownerReference by which `thing` controls another object."""
    return {
        "apiVersion": thing["apiVersion"],
        "kind": thing["kind"],
        "name": name_of(thing),
        "uid": uid_of(thing),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _size(replicaset: View) -> rolling.Size:
    available = replicaset.get("status", {}).get("availableReplicas", 0)
    return rolling.Size(wanted=replicaset["spec"]["replicas"], available=available)


def _limits(rollout: _Rollout) -> rolling.Bounds:
    given = rollout.deployment["spec"]["strategy"].get("rollingUpdate") or {}
    surge, unavailable = given.get("maxSurge", "25%"), given.get("maxUnavailable", "25%")
    return rolling.bounds(rollout.wanted, surge, unavailable)


def _recreates(rollout: _Rollout) -> bool:
    return bool(rollout.deployment["spec"]["strategy"]["type"] == "Recreate")


def _grow(cluster: Cluster, rollout: _Rollout) -> None:
    if _recreates(rollout):
        uids = {uid_of(one) for one in rollout.old}
        pods = cluster.look(PODS, namespace_of(rollout.deployment))
        if any(controller_of(pod) in uids for pod in pods):
            return  # Recreate waits until the last old pod has gone
        size = rollout.wanted
    else:
        old = [_size(one) for one in rollout.old]
        size = rolling.newest(rollout.wanted, _size(rollout.new), old, _limits(rollout))
    _resize(cluster, rollout.deployment, rollout.new, size)


def _shrink(cluster: Cluster, rollout: _Rollout) -> None:
    sizes = [0] * len(rollout.old)
    if not _recreates(rollout):
        old = [_size(one) for one in rollout.old]
        sizes = rolling.older(rollout.wanted, _size(rollout.new), old, _limits(rollout))
    for replicaset, size in zip(rollout.old, sizes, strict=True):
        _resize(cluster, rollout.deployment, replicaset, size)


def _resize(cluster: Cluster, deployment: View, replicaset: View, size: int) -> None:
    before = replicaset["spec"]["replicas"]
    if before == size:
        return

    def resized(thing: Object) -> Object:
        thing["spec"]["replicas"] = size
        return thing

    name = name_of(replicaset)
    cluster.update(REPLICASETS, namespace_of(replicaset), name, resized, writer=_WRITER)
    way = "up" if size > before else "down"
    message = f"Scaled {way} replica set {name} from {before} to {size}"
    events.record(cluster, deployment, "ScalingReplicaSet", message, by=_BY)


def _forget(cluster: Cluster, rollout: _Rollout) -> None:
    """Drop ReplicaSets beyond revisionHistoryLimit."""
    empty = [
        one
        for one in rollout.old
        if not one["spec"]["replicas"] and not one.get("status", {}).get("replicas")
    ]
    limit = rollout.deployment["spec"]["revisionHistoryLimit"]
    for one in empty[: max(0, len(empty) - limit)]:
        cluster.delete(REPLICASETS, namespace_of(one), name_of(one))


def _tell(cluster: Cluster, rollout: _Rollout, now: datetime) -> None:
    status = status_of(rollout.deployment, rollout.new, rollout.old, now)
    if status == rollout.deployment["status"]:
        return

    def told(thing: Object) -> Object:
        return thing | {"status": status}

    namespace, name = namespace_of(rollout.deployment), name_of(rollout.deployment)
    cluster.update(DEPLOYMENTS, namespace, name, told, writer=_STATUS)
