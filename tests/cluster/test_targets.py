"""A workload is found by the labels of its pods, or it is refused."""

import pytest

from cluster.clients.ports import Kubernetes
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector, Target
from drills.kubernetes import resources
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.seed import deployment
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected

WRITER = Writer(manager="test")
MEANT = Selector(namespace="llm-d", model="llama-3-70b")


def test_the_decode_workload_is_found(kubernetes: Kubernetes, world: Cluster) -> None:
    """From pods through ReplicaSets to the Deployment, with the roles that stand beside it."""
    found = LabelTargets(kubernetes).find(MEANT)

    pods = world.select(resources.PODS, "llm-d", labels="llm-d.ai/role=decode")
    made = world.get(resources.DEPLOYMENTS, "llm-d", found.name)
    assert found == Target(
        cluster="local",
        namespace="llm-d",
        kind="Deployment",
        name="pd-disaggregation-nvidia-gpu-vllm-decode",
        uid=made["metadata"]["uid"],
        model="llama-3-70b",
        role="decode",
        pods=tuple(sorted(pod["metadata"]["name"] for pod in pods)),
        roles=("decode", "prefill"),
    )
    assert len(found.pods) == 4


def test_a_served_name_that_no_label_can_hold_is_found(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """Alerts carry `model_name`, which may hold a slash."""
    add(world, "decode-2", model="meta-llama-Llama-4")
    meant = Selector(namespace="llm-d", model="meta-llama/Llama-4")

    assert LabelTargets(kubernetes).find(meant).name == "decode-2"


def test_nothing_is_refused_with_what_was_looked_for(kubernetes: Kubernetes) -> None:
    """A person has to see which label is missing."""
    with pytest.raises(Rejected, match="no decode workload of 'gpt-9' in llm-d"):
        LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="gpt-9"))


def test_several_are_refused_by_name(kubernetes: Kubernetes, world: Cluster) -> None:
    """Guessing would scale the wrong one."""
    add(world, "canary-decode", model="llama-3-70b")

    with pytest.raises(
        Rejected,
        match="Deployment canary-decode, Deployment pd-disaggregation-nvidia-gpu-vllm-decode",
    ):
        LabelTargets(kubernetes).find(MEANT)


def test_what_is_no_deployment_is_refused_by_name(kubernetes: Kubernetes, world: Cluster) -> None:
    """A LeaderWorkerSet's pods belong to a StatefulSet; acting on that is reverted."""
    pod = {
        "metadata": {
            "name": "lws-0",
            "namespace": "llm-d",
            "labels": {"llm-d.ai/role": "decode", "llm-d.ai/model": "deepseek"},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "StatefulSet",
                    "name": "lws",
                    "uid": "u",
                    "controller": True,
                }
            ],
        },
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    }
    world.create(resources.PODS, pod, writer=WRITER)

    with pytest.raises(Rejected, match="is StatefulSet lws; only Deployments can be acted on yet"):
        LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="deepseek"))


@pytest.mark.parametrize("namespace", ["", "../secrets", "a/b", "llm-d\n", "A", "x" * 64])
def test_what_is_no_namespace_never_reaches_the_api(kubernetes: Kubernetes, namespace: str) -> None:
    """It is text from an alert and would become a path."""
    with pytest.raises(Rejected, match="not a namespace"):
        LabelTargets(kubernetes).find(Selector(namespace=namespace, model="llama-3-70b"))


def test_another_cluster_is_refused(kubernetes: Kubernetes) -> None:
    """An alert of the other region must not change this one."""
    with pytest.raises(Rejected, match="no access to the cluster 'eu'"):
        LabelTargets(kubernetes).find(
            Selector(namespace="llm-d", model="llama-3-70b", cluster="eu")
        )


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
