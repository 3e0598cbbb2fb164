"""The disruption controller: how many pods of a budget may be evicted right now.

Source: k8s.io/kubernetes pkg/controller/disruption. Pods that nobody owns count for a budget with a
number, and not for one with a percentage, as there.
"""

import math
from collections.abc import Sequence
from datetime import datetime

from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import (
    Object,
    View,
    controller_of,
    name_of,
    namespace_of,
    ready,
    uid_of,
    with_condition,
)
from drills.kubernetes.resources import BUDGETS, DEPLOYMENTS, PODS, REPLICASETS
from drills.kubernetes.selectors import text_of
from drills.kubernetes.state import Cluster

_STATUS = Writer(manager="kube-controller-manager", subresource="status")


def reconcile(cluster: Cluster, now: datetime) -> None:
    """Bring the status of every budget up to date."""
    for budget in cluster.look(BUDGETS):
        namespace = namespace_of(budget)
        pods = cluster.look(PODS, namespace, text_of(budget["spec"].get("selector") or {}))
        told = _counts(budget, pods, _expected(cluster, namespace, pods))
        _tell(cluster, budget, told, now)


def _counts(budget: View, pods: Sequence[View], expected: int) -> Object:
    """Return the counts; `expected` are the replicas that the pods' owners want."""
    spec = budget["spec"]
    healthy = sum(map(ready, pods))
    if "maxUnavailable" in spec:
        desired, count = expected - _part(spec["maxUnavailable"], expected), expected
    else:
        least = spec.get("minAvailable", 1)
        desired = _part(least, expected)
        count = len(pods) if isinstance(least, int) else expected
    desired = max(0, desired)
    allowed = max(0, healthy - desired) if count else 0
    return {
        "observedGeneration": budget["metadata"]["generation"],
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": count,
    }


def _part(given: object, whole: int) -> int:
    """Read a number or a percentage; a part of a pod counts as one."""
    if isinstance(given, str) and given.endswith("%"):
        return math.ceil(int(given[:-1]) * whole / 100)
    return int(str(given))


def _expected(cluster: Cluster, namespace: str, pods: Sequence[View]) -> int:
    """Return how many pods the Deployments and ReplicaSets above these want."""
    sets = {uid_of(one): one for one in cluster.look(REPLICASETS, namespace)}
    above = {uid_of(one): one for one in cluster.look(DEPLOYMENTS, namespace)}
    owners = (sets.get(controller_of(pod)) for pod in pods)
    tops = [above.get(controller_of(one), one) for one in owners if one]
    return sum(one["spec"]["replicas"] for one in {uid_of(top): top for top in tops}.values())


def _tell(cluster: Cluster, budget: View, counts: Object, now: datetime) -> None:
    enough = counts["disruptionsAllowed"] > 0
    new = {
        "type": "DisruptionAllowed",
        "status": "True" if enough else "False",
        "reason": "SufficientPods" if enough else "InsufficientPods",
        "message": "",
        "observedGeneration": counts["observedGeneration"],
    }

    def told(thing: Object) -> Object:
        thing["status"] = thing.get("status", {}) | counts
        with_condition(thing, new, now=now)
        return thing

    cluster.update(BUDGETS, namespace_of(budget), name_of(budget), told, writer=_STATUS)
