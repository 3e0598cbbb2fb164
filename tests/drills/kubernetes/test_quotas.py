"""A quota refuses pods as the real admission does, and their ReplicaSet says so."""

from typing import Any

import pytest

from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import condition, copied
from drills.kubernetes.people import kubectl_scale
from drills.kubernetes.refusals import Refusal
from drills.kubernetes.resources import EVENTS, PODS, QUOTAS, REPLICASETS

World = Any  # Any: the fixture's class lives in conftest, which importlib mode lets nobody import
NAMESPACE = "llm-d"
DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"
ROLE = "llm-d.ai/role=decode"
GPUS = "requests.nvidia.com/gpu"
ADMIN = Writer(manager="kubectl-create")


def limit(world: World, **spec: object) -> None:
    """Put a quota into the namespace."""
    body = {"metadata": {"name": "team", "namespace": NAMESPACE}, "spec": spec}
    world.cluster.create(QUOTAS, body, writer=ADMIN)


def another(world: World) -> dict[str, Any]:  # Any: an object
    """Return a pod like those that decode."""
    pod = world.cluster.select(PODS, NAMESPACE, labels=ROLE)[0]
    return {
        "metadata": {"name": "one-more", "namespace": NAMESPACE},
        "spec": copied({**pod["spec"], "nodeName": ""}),
    }


def test_a_pod_over_a_quota_is_refused_in_the_words_of_kubernetes(world: World) -> None:
    """People and the desk read these words; the numbers say what to ask for."""
    limit(world, hard={"pods": "6", "count/pods": "9"})

    with pytest.raises(Refusal) as refused:
        world.cluster.create(PODS, another(world), writer=ADMIN, dry_run=True)

    assert (refused.value.code, refused.value.reason) == (403, "Forbidden")
    assert str(refused.value) == (
        'pods "one-more" is forbidden: exceeded quota: team,'
        " requested: pods=1, used: pods=6, limited: pods=6"
    )


def test_a_scale_beyond_a_quota_makes_as_many_pods_as_are_allowed(world: World) -> None:
    """A Deployment takes any size: only its ReplicaSet tells why pods do not come."""
    gpus = sum(_gpus(pod) for pod in world.cluster.select(PODS, NAMESPACE))
    each = _gpus(another(world))
    limit(world, hard={GPUS: str(gpus + each)})
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 6)
    world.run(60)

    (failed,) = _failures(world)
    told = world.cluster.select(EVENTS, NAMESPACE, fields="reason=FailedCreate")

    assert world.counts() == (6, 5, 5)
    assert failed["reason"] == "FailedCreate"
    assert f"exceeded quota: team, requested: {GPUS}={each}, used: {GPUS}=" in failed["message"]
    assert [(one["type"], one["message"]) for one in told] == [
        ("Warning", f"Error creating: {failed['message']}")
    ]
    quota = world.cluster.get(QUOTAS, NAMESPACE, "team")
    assert quota["status"]["used"] == quota["status"]["hard"] == {GPUS: str(gpus + each)}


def test_pods_come_when_the_quota_is_raised_and_nothing_is_written_until_then(
    world: World,
) -> None:
    """Versions that rise by themselves would void every plan."""
    limit(world, hard={"pods": "6"})
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 5)
    world.run(60)
    version = world.cluster.version
    world.run(60)
    quiet = world.cluster.version == version

    world.cluster.update(QUOTAS, NAMESPACE, "team", _of_seven, writer=ADMIN)
    world.run(120)

    assert quiet
    assert (world.counts(), _failures(world)) == ((5, 5, 5), [])


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"hard": {"pods": "0"}, "scopes": ["BestEffort"]}, id="scopes"),
        pytest.param({"hard": {"requests.cpu": "1"}}, id="cpu"),
    ],
)
def test_a_quota_that_is_not_understood_here_refuses_nothing(
    world: World, spec: dict[str, object]
) -> None:
    """A made-up refusal would teach a drill what Kubernetes does not do."""
    limit(world, **spec)

    assert world.cluster.create(PODS, another(world), writer=ADMIN)["kind"] == "Pod"


def _gpus(pod: dict[str, Any]) -> int:  # Any: an object
    limits = (one.get("resources", {}).get("limits", {}) for one in pod["spec"]["containers"])
    return sum(int(one.get("nvidia.com/gpu", 0)) for one in limits)


def _failures(world: World) -> list[Any]:  # Any: conditions
    found = (condition(one, "ReplicaFailure") for one in world.cluster.select(REPLICASETS))
    return [each for each in found if each]


def _of_seven(quota: dict[str, Any]) -> dict[str, Any]:  # Any: an object
    quota["spec"]["hard"]["pods"] = "7"
    return quota
