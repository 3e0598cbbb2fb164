"""Finds a workload by the labels of its pods, and climbs from them to what made them."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from cluster.clients.objects import OwnerReference, Pod
from cluster.clients.ports import Kubernetes
from cluster.targets.target import Selector, Target
from incidents.errors import Rejected

ROLE: Final = "llm-d.ai/role"
MODEL: Final = "llm-d.ai/model"
BOTH: Final = "both"
CLUSTER: Final = "local"

_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_NOT_IN_LABELS: Final = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


class LabelTargets:
    """Implements the port `Targets`.

    It starts from pods: some charts label the pods and not the Deployment. The incident's words
    are compared here and never put into a selector, since alerts are text from outside.
    """

    def __init__(self, kubernetes: Kubernetes, *, cluster: str = CLUSTER) -> None:
        self._kubernetes = kubernetes
        self._cluster = cluster

    def find(self, selector: Selector) -> Target:
        """Return the one workload."""
        self._check(selector)
        of_model = [
            pod
            for pod in self._kubernetes.pods(selector.namespace, ROLE)
            if not pod.leaving and _serves(pod, selector.model)
        ]
        pods = [pod for pod in of_model if pod.labels[ROLE] in {selector.role, BOTH}]
        owner = self._only(selector, pods)
        deployment = self._kubernetes.deployment(selector.namespace, owner.name)
        return Target(
            cluster=self._cluster,
            namespace=selector.namespace,
            kind="Deployment",
            name=deployment.name,
            uid=deployment.uid,
            model=selector.model,
            role=selector.role,
            pods=tuple(sorted(pod.name for pod in pods)),
            roles=tuple(sorted({pod.labels[ROLE] for pod in of_model})),
        )

    def _check(self, selector: Selector) -> None:
        if selector.cluster != self._cluster:
            message = f"no access to the cluster {selector.cluster!r}"
            raise Rejected(message)
        if not _NAMESPACE.fullmatch(selector.namespace):
            message = f"not a namespace: {selector.namespace!r}"
            raise Rejected(message)

    def _only(self, selector: Selector, pods: Sequence[Pod]) -> OwnerReference:
        owners = {str(each): each for each in self._climb(selector.namespace, pods)}
        meant = f"{selector.role} workload of {selector.model!r} in {selector.namespace}"
        if not owners:
            message = f"no {meant}: no pod carries {ROLE} and the model"
            raise Rejected(message)
        if len(owners) > 1:
            message = f"several workloads could be the {meant}: {', '.join(sorted(owners))}"
            raise Rejected(message)
        (owner,) = owners.values()
        if owner.kind != "Deployment":
            message = f"the {meant} is {owner}; only Deployments can be acted on yet"
            raise Rejected(message)
        return owner

    def _climb(self, namespace: str, pods: Sequence[Pod]) -> Iterable[OwnerReference]:
        """Return what made the pods: the Deployment behind a ReplicaSet, else the pod's owner."""
        makers = {str(each): each for pod in pods for each in [controller(pod.owners, pod.name)]}
        for maker in makers.values():
            if maker.kind != "ReplicaSet":
                yield maker
                continue
            above = self._kubernetes.replica_set(namespace, maker.name)
            yield controller(above.owners, above.name, kind="ReplicaSet")


def controller(owners: Sequence[OwnerReference], name: str, *, kind: str = "Pod") -> OwnerReference:
    """Return the controlling owner; an object without one stands for itself."""
    found = [owner for owner in owners if owner.controller]
    return found[0] if found else OwnerReference(kind=kind, name=name)


def _serves(pod: Pod, model: str) -> bool:
    """Tell whether the pod serves the model, by its label or by its engine's command line.

    A label cannot hold every model name: `/` and the like are written as `-` there.
    """
    labelled = pod.labels.get(MODEL)
    return labelled in {model, _NOT_IN_LABELS.sub("-", model)} or model in pod.served
