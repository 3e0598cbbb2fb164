"""A workload whose pods are all gone is found by what it would make."""

from dataclasses import replace
from typing import cast

import pytest

from cluster.clients.ports import Kubernetes
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Ambiguous, NotFound, Selector
from drills.kubernetes import resources
from drills.kubernetes.seed import deployment
from drills.kubernetes.state import Cluster
from tests.cluster.installs import MEANT, SHAPES, WRITER, Blind, Install, add


def all_gone(world: Cluster, labels: str = "") -> None:
    """Take pods away, with nobody there to make new ones."""
    for pod in world.select(resources.PODS, "llm-d", labels=labels):
        world.delete(resources.PODS, "llm-d", pod["metadata"]["name"], grace=0)


@pytest.mark.parametrize(("install", "words", "rest"), SHAPES)
def test_what_has_no_pods_is_found_by_what_it_would_make(
    kubernetes: Kubernetes,
    world: Cluster,
    install: Install,
    words: str,
    rest: tuple[object, ...],
) -> None:
    """That everything is gone is when people need to see what it was."""
    install(world)
    meant = Selector(namespace="llm-d", model="org/m")
    before = LabelTargets(kubernetes).find(meant)
    all_gone(world)

    found = LabelTargets(kubernetes).find(meant)

    assert (found.words, found.uid, found.notes) == (words, before.uid, ())
    assert (found.pods, found.members) == ((), ())
    assert (found.pool, found.picker) == (before.pool, before.picker)
    assert found.one_endpoint is (False if found.pool else None)
    assert found.roles == before.roles


def test_one_role_that_is_gone_is_found_beside_the_other(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """Prefill lives on; the model is not "served as prefill only"."""
    all_gone(world, "llm-d.ai/role=decode")

    found = LabelTargets(kubernetes).find(MEANT)

    assert (found.name, found.pods) == ("pd-disaggregation-nvidia-gpu-vllm-decode", ())
    assert found.roles == ("decode", "prefill")


def test_several_without_pods_are_refused_with_their_names_too(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """Yesterday's release stands beside today's, and both have nothing: nobody guesses."""
    add(world, "canary-decode", model="llama-3-70b")
    all_gone(world)
    targets = LabelTargets(kubernetes)

    with pytest.raises(Ambiguous, match="Deployment canary-decode, Deployment pd-") as raised:
        targets.find(MEANT)

    first, _ = raised.value.candidates
    assert targets.find(replace(MEANT, chosen=str(first))).uid == first.uid


def test_a_workload_that_has_pods_is_not_asked_for_twice(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """Yesterday's release stays at zero beside the one that serves, and is not meant."""
    add(world, "yesterday-decode", model="llama-3-70b")
    all_gone(world, "app=yesterday-decode")

    found = LabelTargets(cast("Kubernetes", Blind(kubernetes, hidden="workloads"))).find(MEANT)

    assert (len(found.pods), found.notes) == (4, ())


def test_a_rollout_stands_for_the_deployment_that_it_refers_to(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """That Deployment stays at zero for ever: whoever scales it doubles the service."""
    add(world, "mine", model="m")
    all_gone(world)
    world.install(resources.ROLLOUTS)
    referred = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "mine"}
    meta = {"name": "ro", "namespace": "llm-d"}
    given = {"metadata": meta, "spec": {"workloadRef": referred}}
    world.create(resources.ROLLOUTS, given, writer=WRITER)

    found = LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="m"))

    assert (found.words, found.pods) == ("pod → Rollout ro", ())


def test_workloads_that_may_not_be_listed_are_said(kubernetes: Kubernetes, world: Cluster) -> None:
    """Who granted an older page's rights sees which one is missing."""
    all_gone(world)
    blind = cast("Kubernetes", Blind(kubernetes, hidden="workloads"))

    with pytest.raises(
        NotFound, match="no permission to list Deployments, which may be there without pods"
    ):
        LabelTargets(blind).find(MEANT)


def test_what_would_make_other_pods_is_not_the_model_s(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """A picker, a web shop: a Deployment without pods has to say that it serves the model."""
    all_gone(world)
    other = deployment("decode", model="llama-3-70b", namespace="llm-d", replicas=0)
    other["metadata"]["name"] = "shop"
    other["spec"]["selector"]["matchLabels"] = {"app": "shop"}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "shop"}
    world.create(resources.DEPLOYMENTS, other, writer=WRITER)

    assert LabelTargets(kubernetes).find(MEANT).name == "pd-disaggregation-nvidia-gpu-vllm-decode"
