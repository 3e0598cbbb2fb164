"""Evictions: a pod is asked to go, as far as its disruption budget allows.

Source: k8s.io/kubernetes pkg/registry/core/pod/storage/eviction.go.
"""

from collections.abc import Mapping

from drills.kubernetes import options, refusals
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object, View, labels_of, name_of, terminating
from drills.kubernetes.resources import BUDGETS, PODS
from drills.kubernetes.selectors import of_object
from drills.kubernetes.state import Cluster

_WRITER = Writer(manager="kube-apiserver", subresource="status")
_FREE = frozenset({"Pending", "Succeeded", "Failed"})
"""Pods in these phases serve nobody, so that no budget counts them."""


def evict(
    cluster: Cluster, namespace: str, name: str, body: Object, query: Mapping[str, str]
) -> Object:
    """Delete a pod, or refuse with 429 while its budget forbids it; 409 for another uid."""
    given = body.get("deleteOptions")
    wanted = options.deletion({}, given if isinstance(given, dict) else {})
    dry_run = wanted.dry_run or options.dry_run(query)
    pod = cluster.get(PODS, namespace, name)
    if pod.get("status", {}).get("phase") not in _FREE and not terminating(pod):
        _spend(cluster, namespace, pod, dry_run=dry_run)
    cluster.delete(
        PODS,
        namespace,
        name,
        uid=wanted.uid,
        version=wanted.version,
        grace=wanted.grace,
        dry_run=dry_run,
    )
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": 201,
    }


def _spend(cluster: Cluster, namespace: str, pod: View, *, dry_run: bool) -> None:
    """Take one disruption from the pod's budget, where it has one; raises Refusal 429 or 500."""
    labels = labels_of(pod)
    budgets = [
        one
        for one in cluster.look(BUDGETS, namespace)
        if of_object(one["spec"].get("selector") or {})(labels)
    ]
    if not budgets:
        return
    if len(budgets) > 1:
        raise refusals.too_many_budgets()
    (budget,) = budgets
    status, name = budget.get("status", {}), name_of(budget)
    if status.get("observedGeneration", 0) < budget["metadata"]["generation"]:
        why = f"The disruption budget {name} is still being processed by the server."
        raise refusals.over_budget(why, after=10)
    if status["disruptionsAllowed"] < 1:
        needs, has = status["desiredHealthy"], status["currentHealthy"]
        why = f"The disruption budget {name} needs {needs} healthy pods and has {has} currently"
        raise refusals.over_budget(why)

    def spent(thing: Object) -> Object:
        thing["status"]["disruptionsAllowed"] -= 1
        return thing

    cluster.update(BUDGETS, namespace, name, spent, writer=_WRITER, dry_run=dry_run)
