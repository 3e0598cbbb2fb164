"""What leads to the pods stays in step with them, and nobody writes it over HTTP."""

from typing import Any

from drills.kubernetes import surroundings
from drills.kubernetes.objects import Object
from drills.kubernetes.people import kubectl_scale
from drills.kubernetes.resources import (
    CLAIMS,
    CORE_SERVICES,
    ENDPOINTS,
    INGRESSES,
    READ_ONLY,
)
from drills.kubernetes.surroundings import NAME

World = Any  # Any: the fixture's class lives in conftest, which importlib mode lets nobody import
NAMESPACE = "llm-d"
DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"


def endpoints(world: World) -> list[Object]:
    """Return the endpoints of the Service before the decode pods."""
    found: list[Object] = world.cluster.get(ENDPOINTS, NAMESPACE, NAME)["endpoints"]
    return found


def test_a_service_has_the_pods_that_it_selects(world: World) -> None:
    """A check of endpoints must find here what it finds in a real cluster."""
    surroundings.install(world.cluster, NAMESPACE)

    assert [one["conditions"]["ready"] for one in endpoints(world)] == [True] * 4
    assert {one["targetRef"]["kind"] for one in endpoints(world)} == {"Pod"}


def test_endpoints_follow_the_pods(world: World) -> None:
    """A new pod is an endpoint at once, and ready when its model is loaded."""
    surroundings.install(world.cluster, NAMESPACE)
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 6)
    world.run(5)
    loading = [one["conditions"]["ready"] for one in endpoints(world)]
    world.run(70)

    assert sorted(loading) == [False, False, True, True, True, True]
    assert [one["conditions"]["ready"] for one in endpoints(world)] == [True] * 6


def test_endpoints_of_a_service_that_is_gone_go_too(world: World) -> None:
    """As its owner's garbage."""
    surroundings.install(world.cluster, NAMESPACE)
    world.cluster.delete(CORE_SERVICES, NAMESPACE, NAME)
    world.run(5)

    assert world.cluster.select(ENDPOINTS, NAMESPACE) == []


def test_an_idle_world_with_surroundings_writes_nothing(world: World) -> None:
    """Versions that rise by themselves would void every plan."""
    surroundings.install(world.cluster, NAMESPACE)
    world.run(5)
    version = world.cluster.version
    world.run(300, step=60)

    assert world.cluster.version == version


def test_ingress_and_volume_are_as_their_controllers_leave_them(world: World) -> None:
    """Nobody imitates these, so nobody may write them over HTTP."""
    surroundings.install(world.cluster, NAMESPACE)
    ingress = world.cluster.get(INGRESSES, NAMESPACE, NAME)
    claim = world.cluster.get(CLAIMS, NAMESPACE, "models")

    assert ingress["status"]["loadBalancer"]["ingress"] == [{"ip": "10.0.0.80"}]
    assert claim["status"]["phase"] == "Bound"
    assert {INGRESSES, CLAIMS} <= READ_ONLY
