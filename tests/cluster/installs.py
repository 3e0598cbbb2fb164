"""Installs of llm-d that targets are looked for in, and a cluster of which not all may be seen."""

from collections.abc import Callable

import pytest

from cluster.clients.ports import Kubernetes
from cluster.clients.refusals import Forbidden
from cluster.targets.target import Selector
from drills.kubernetes import resources, shapes
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.seed import deployment
from drills.kubernetes.state import Cluster

WRITER = Writer(manager="test")
MEANT = Selector(namespace="llm-d", model="llama-3-70b")
Install = Callable[[Cluster], None]

SHAPES = [
    pytest.param(
        lambda world: shapes.modelservice(world, "ms", model="org/m"),
        "pod → Deployment ms-llm-d-modelservice-decode",
        ("apps/v1", 2, ("decode", "prefill"), "ms-pool", "pods"),
        id="modelservice-chart",
    ),
    pytest.param(
        lambda world: shapes.plain(world, "mine", model="org/m"),
        "pod → Deployment mine",
        ("apps/v1", 2, (), "mine", "pods"),
        id="plain-deployment-in-a-pool",
    ),
    pytest.param(
        lambda world: shapes.plain(world, "old", model="org/m", old=True),
        "pod → Deployment old",
        ("apps/v1", 2, (), "old", "pods"),
        id="plain-deployment-in-a-pool-of-v1alpha2",
    ),
    pytest.param(
        lambda world: shapes.rollout(world, "ro", model="org/m"),
        "pod → Rollout ro",
        ("argoproj.io/v1alpha1", 2, ("decode",), "", "pods"),
        id="argo-rollout",
    ),
    pytest.param(
        lambda world: shapes.kserve(world, "ks", model="org/m"),
        "pod → Deployment ks-kserve → LLMInferenceService ks",
        ("serving.kserve.io/v1alpha2", 2, ("decode", "prefill"), "ks-inference-pool", "pods"),
        id="kserve",
    ),
    pytest.param(
        lambda world: shapes.kserve(world, "ks", model="org/m", prefill=False),
        "pod → Deployment ks-kserve → LLMInferenceService ks",
        ("serving.kserve.io/v1alpha2", 2, ("both",), "ks-inference-pool", "pods"),
        id="kserve-one-role",
    ),
    pytest.param(
        lambda world: shapes.groups(world, "lws", model="org/m", number=2, size=3),
        "pod → LeaderWorkerSet lws",
        ("leaderworkerset.x-k8s.io/v1", 2, ("decode",), "", "groups of 3"),
        id="leader-worker-set",
    ),
    pytest.param(
        lambda world: shapes.disaggregated(world, "ds", model="org/m"),
        "pod → LeaderWorkerSet ds-0-ab12-decode, ds-1-ab12-decode → DisaggregatedSet ds",
        ("disaggregatedset.x-k8s.io/v1", 2, ("decode", "prefill"), "", "groups of 2"),
        id="disaggregated-set",
    ),
]


class Blind:
    """A cluster of which pools, routes, or anything above a pod may not be seen."""

    def __init__(self, kubernetes: Kubernetes, *, hidden: str) -> None:
        self._kubernetes = kubernetes
        self._hidden = hidden

    def __getattr__(self, name: str) -> object:
        return self._refuse if name == self._hidden else getattr(self._kubernetes, name)

    def _refuse(self, *_: object) -> object:
        message = "no permission"
        raise Forbidden(message)


def add(world: Cluster, name: str, *, model: str) -> None:
    """Install one more decode workload of one pod."""
    wanted = deployment("decode", model=model, namespace="llm-d", replicas=1)
    wanted["metadata"]["name"] = name
    wanted["spec"]["selector"]["matchLabels"] = {"app": name} | dict(
        wanted["spec"]["selector"]["matchLabels"]
    )
    labels = {"app": name} | dict(wanted["spec"]["template"]["metadata"]["labels"])
    wanted["spec"]["template"]["metadata"]["labels"] = labels
    world.create(resources.DEPLOYMENTS, wanted, writer=WRITER)
    Controllers(world, ready_after=lambda _: 0.0).reconcile(world.now())
