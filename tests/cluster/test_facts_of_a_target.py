"""What the cluster tells of a target, from objects as the API server writes them."""

from collections.abc import Mapping

from bot.app.cluster_facts import Seen, look
from cluster.clients.ports import Kubernetes
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector
from drills.kubernetes import resources, shapes
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.seed import NAME
from drills.kubernetes.state import Cluster
from incidents.facts import Known

WRITER = Writer(manager="test")


def told(kubernetes: Kubernetes, model: str = "llama-3-70b") -> Mapping[str, object]:
    """Return the values that are known of the model's decode workload."""
    seen = look(
        Selector(namespace="llm-d", model=model),
        targets=LabelTargets(kubernetes),
        kubernetes=kubernetes,
    )
    assert isinstance(seen, Seen)
    return {name: one.value for name, one in seen.facts.items() if isinstance(one, Known)}


def scaled(world: Cluster, replicas: int) -> None:
    """Want so many decode pods, and let the controllers make them."""

    def more(thing: Object) -> Object:
        thing["spec"]["replicas"] = replicas
        return thing

    world.update(resources.DEPLOYMENTS, "llm-d", f"{NAME}-decode", more, writer=WRITER)
    Controllers(world, ready_after=lambda _: None).reconcile(world.now())


def shared(world: Cluster, *pools: str) -> None:
    """Create a route with one rule, in which the pools share the traffic."""
    world.install(resources.ROUTES)
    backends = [{"kind": "InferencePool", "name": name} for name in pools]
    given = {
        "metadata": {"name": "shared", "namespace": "llm-d"},
        "spec": {"rules": [{"backendRefs": backends}]},
    }
    world.create(resources.ROUTES, given, writer=WRITER)


def test_pods_for_which_no_node_has_a_gpu_are_counted(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """Three nodes of eight GPUs hold twelve pods of two, and two prefill pods are there."""
    scaled(world, 13)

    found = told(kubernetes)

    assert (found["pods_pending_gpu"], found["nodes_affected"]) == (3, 0)
    assert (found["replicas_wanted"], found["replicas_missing"]) == (13, 9)


def test_of_a_workload_that_was_scaled_to_zero_is_told_what_there_is(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """None is wanted and none is missing: that is parked, and no outage by itself."""
    scaled(world, 0)
    for pod in world.select(resources.PODS, "llm-d", labels="llm-d.ai/role=decode"):
        world.delete(resources.PODS, "llm-d", pod["metadata"]["name"], grace=0)

    assert told(kubernetes) == {
        "replicas_wanted": 0,
        "replicas_missing": 0,
        "pods_pending_gpu": 0,
    }


def test_what_lost_all_its_pods_is_missing_as_a_whole(
    kubernetes: Kubernetes, world: Cluster
) -> None:
    """It was not found at all before: nothing was known just when everything was gone."""
    for pod in world.select(resources.PODS, "llm-d", labels="llm-d.ai/role=decode"):
        world.delete(resources.PODS, "llm-d", pod["metadata"]["name"], grace=0)

    def none_ready(thing: Object) -> Object:
        thing["status"] = {"replicas": 0}
        return thing

    status = Writer(manager="kube-controller-manager", subresource="status")
    world.update(resources.DEPLOYMENTS, "llm-d", f"{NAME}-decode", none_ready, writer=status)

    found = told(kubernetes)

    assert (found["replicas_wanted"], found["replicas_missing"]) == (4, 4)
    assert found["affected_share"] == 1.0


def test_a_second_pool_of_the_same_rule_is_seen(kubernetes: Kubernetes, world: Cluster) -> None:
    """Blue and green behind one route: the other one carries on."""
    shapes.plain(world, "blue", model="m")
    shapes.plain(world, "green", model="other")
    shared(world, "blue", "green")

    assert told(kubernetes, "m")["second_pool_healthy"] is True


def test_a_second_pool_without_pods_carries_nothing(kubernetes: Kubernetes, world: Cluster) -> None:
    """A pool is a selector: that it exists says nothing of what it selects."""
    shapes.plain(world, "blue", model="m")
    world.install(resources.POOLS)
    shapes.pool(world, "green", {"app": "green"})
    shared(world, "blue", "green")

    assert told(kubernetes, "m")["second_pool_healthy"] is False
