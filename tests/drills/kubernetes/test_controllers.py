"""What the controllers make of a scale, a rollout, a full cluster and other hands."""

from typing import Any

import pytest

from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import condition, name_of, namespace_of, ready, terminating
from drills.kubernetes.people import kubectl_scale
from drills.kubernetes.resources import (
    AUTOSCALERS,
    DEPLOYMENTS,
    EVENTS,
    NODES,
    PODS,
    REPLICASETS,
)

World = Any  # Any: the fixture's class lives in conftest, which importlib mode lets nobody import
NAMESPACE = "llm-d"
DECODE = "pd-disaggregation-nvidia-gpu-vllm-decode"
ROLE = "llm-d.ai/role=decode"
EDITOR = Writer(manager="kubectl-edit")


def rolled(image: str) -> Any:  # Any: a change of an object
    """Return the change of a Deployment that starts a rollout."""

    def change(thing: dict[str, Any]) -> dict[str, Any]:  # Any: an object
        thing["spec"]["template"]["spec"]["containers"][0]["image"] = image
        return thing

    return change


def test_the_seed_is_the_kustomize_shape_and_ready(world: World) -> None:
    """Every story starts from an installation that looks three days old."""
    pods = world.cluster.select(PODS, NAMESPACE, labels=ROLE)

    assert world.counts() == (4, 4, 4)
    assert world.decode()["metadata"]["labels"]["llm-d.ai/model"] == "llama-3-70b"
    assert all(ready(pod) for pod in pods)
    assert {pod["status"]["startTime"] for pod in pods} == {"2026-02-26T12:00:00Z"}
    assert {one["name"] for pod in pods for one in pod["spec"]["containers"]} == {"modelserver"}


def test_an_idle_cluster_writes_nothing(world: World) -> None:
    """Versions that rise by themselves would void every plan."""
    world.run(5)
    version = world.cluster.version
    world.run(600, step=60)

    assert world.cluster.version == version


def test_new_pods_serve_only_when_their_model_is_loaded(world: World) -> None:
    """Scaled is not serving: verification has to wait for the load."""
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 6)
    world.run(55)
    before = world.counts(), condition(world.decode(), "Available")["status"]
    world.run(5)
    after = world.counts(), condition(world.decode(), "Available")["status"]

    assert before == ((6, 6, 4), "False")
    assert after == ((6, 6, 6), "True")
    assert world.decode()["status"]["observedGeneration"] == 2


def test_a_mere_scale_is_no_rollout(world: World) -> None:
    """Progressing stays as it was; only template changes progress."""
    was = condition(world.decode(), "Progressing")
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 6)
    world.run(120)

    assert condition(world.decode(), "Progressing") == was


def test_pods_that_never_load_never_count(world: World) -> None:
    """The verdict of that story is "no effect" or "cannot tell", never success."""
    world.load = None
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 6)
    world.run(1200, step=30)

    assert world.counts() == (6, 6, 4)
    assert len(world.cluster.select(REPLICASETS, NAMESPACE, labels=ROLE)) == 1


def test_scaling_down_takes_the_pods_that_serve_least(world: World) -> None:
    """Pods that do not serve go first, and gone pods get their time to stop."""
    old = {name_of(pod) for pod in world.cluster.select(PODS, NAMESPACE, labels=ROLE)}
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 6)
    world.run(10)
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 4)
    world.run(0)
    going = [pod for pod in world.cluster.select(PODS, NAMESPACE, labels=ROLE) if terminating(pod)]
    world.run(20)
    left = {name_of(pod) for pod in world.cluster.select(PODS, NAMESPACE, labels=ROLE)}

    assert (len(going), left) == (2, old)


def test_a_rollout_keeps_enough_pods_serving(world: World) -> None:
    """A rolling update stays within maxSurge and maxUnavailable at every moment."""
    world.cluster.update(DEPLOYMENTS, NAMESPACE, DECODE, rolled("engine:2"), writer=EDITOR)
    seen = set()
    for _ in range(30):
        world.run(10, step=10)
        pods = world.cluster.select(PODS, NAMESPACE, labels=ROLE)
        active = [pod for pod in pods if not terminating(pod)]
        seen.add((len(active) <= 5, sum(map(ready, active)) >= 3))
    images = {pod["spec"]["containers"][0]["image"] for pod in active}
    progress = condition(world.decode(), "Progressing")

    assert seen == {(True, True)}
    assert (images, world.counts()) == ({"engine:2"}, (4, 4, 4))
    assert (progress["reason"], progress["status"]) == ("NewReplicaSetAvailable", "True")
    revisions = world.decode()["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
    assert revisions == "2"


def test_a_rollout_that_does_not_load_times_out(world: World) -> None:
    """ProgressDeadlineExceeded is how a stuck rollout shows."""
    world.load = None
    world.cluster.update(DEPLOYMENTS, NAMESPACE, DECODE, rolled("broken:1"), writer=EDITOR)
    world.run(700, step=20)
    progress = condition(world.decode(), "Progressing")

    assert (progress["status"], progress["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert world.decode()["status"]["readyReplicas"] == 3


def test_an_old_template_that_comes_back_reuses_its_replicaset(world: World) -> None:
    """A rollback finds its history by template, under a new revision."""
    image = world.decode()["spec"]["template"]["spec"]["containers"][0]["image"]
    for one in ("engine:2", image):
        world.cluster.update(DEPLOYMENTS, NAMESPACE, DECODE, rolled(one), writer=EDITOR)
        world.run(300, step=30)
    sets = world.cluster.select(REPLICASETS, NAMESPACE, labels=ROLE)
    revision = "deployment.kubernetes.io/revision"

    assert sorted(
        (one["metadata"]["annotations"][revision], one["spec"]["replicas"]) for one in sets
    ) == [("2", 0), ("3", 4)]


def test_recreate_stops_all_before_it_starts_any(world: World) -> None:
    """The endpoint picker is deployed so: old and new never run side by side."""

    def recreate(thing: dict[str, Any]) -> dict[str, Any]:  # Any: an object
        thing["spec"]["strategy"] = {"type": "Recreate"}
        return rolled("engine:2")(thing)

    world.cluster.update(DEPLOYMENTS, NAMESPACE, DECODE, recreate, writer=EDITOR)
    together = set()
    for _ in range(30):
        world.run(5)
        pods = world.cluster.select(PODS, NAMESPACE, labels=ROLE)
        together.add(len({pod["spec"]["containers"][0]["image"] for pod in pods}))

    assert together <= {0, 1}
    assert world.counts() == (4, 4, 4)


def test_a_paused_deployment_does_not_roll(world: World) -> None:
    """Pausing is an action of its own; it must hold."""

    def paused(thing: dict[str, Any]) -> dict[str, Any]:  # Any: an object
        thing["spec"]["paused"] = True
        return rolled("engine:2")(thing)

    before = {name_of(pod) for pod in world.cluster.select(PODS, NAMESPACE, labels=ROLE)}
    world.cluster.update(DEPLOYMENTS, NAMESPACE, DECODE, paused, writer=EDITOR)
    world.run(200)

    assert {name_of(one) for one in world.cluster.select(PODS, NAMESPACE, labels=ROLE)} == before


def test_pods_wait_when_there_are_no_gpus(world: World) -> None:
    """A scale beyond the hardware stays Pending and says why."""
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 12)
    world.run(100)
    waiting = world.cluster.select(PODS, NAMESPACE, labels=ROLE, fields="status.phase=Pending")
    event = world.cluster.select(EVENTS, NAMESPACE, fields="reason=FailedScheduling")[0]

    assert len(waiting) == 2
    assert condition(waiting[0], "PodScheduled")["reason"] == "Unschedulable"
    assert event["message"] == "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."


def test_a_waiting_pod_takes_the_gpus_that_come_free(world: World) -> None:
    """A cordon lifted lets the queue in."""

    def cordon(thing: dict[str, Any]) -> dict[str, Any]:  # Any: an object
        return thing | {"spec": {"unschedulable": True}}

    def lifted(thing: dict[str, Any]) -> dict[str, Any]:  # Any: an object
        return thing | {"spec": {}}

    world.cluster.update(NODES, "", "gpu-2", cordon, writer=EDITOR)
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 8)
    world.run(100)
    stuck = world.counts()
    world.cluster.update(NODES, "", "gpu-2", lifted, writer=EDITOR)
    world.run(100)

    assert (stuck, world.counts()) == ((8, 8, 6), (8, 8, 8))


@pytest.mark.parametrize(
    ("metrics", "after"),
    [
        pytest.param(3, 3, id="metrics-ask-for-three"),
        pytest.param(None, 5, id="no-metrics-holds-the-maximum"),
    ],
)
def test_an_autoscaler_reverts_a_manual_scale(
    world: World, metrics: int | None, after: int
) -> None:
    """Fifteen seconds later the scale is gone, and managedFields say by whom."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": DECODE}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5}
    autoscaler = {"metadata": {"name": "decode", "namespace": NAMESPACE}, "spec": spec}
    world.cluster.create(AUTOSCALERS, autoscaler, writer=EDITOR)
    world.wanted = metrics
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 8)
    world.run(20)
    writers = [
        (entry["manager"], entry.get("subresource"))
        for entry in world.decode()["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    ]
    shown = world.cluster.get(AUTOSCALERS, NAMESPACE, "decode")

    assert world.counts()[0] == after
    assert writers == [("kube-controller-manager", "scale")]
    assert condition(shown, "ScalingActive")["status"] == str(metrics is not None)


def test_a_deployment_at_zero_switches_its_autoscaler_off(world: World) -> None:
    """Kubernetes calls it implicit maintenance mode."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": DECODE}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5}
    autoscaler = {"metadata": {"name": "decode", "namespace": NAMESPACE}, "spec": spec}
    world.cluster.create(AUTOSCALERS, autoscaler, writer=EDITOR)
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 0)
    world.run(60)

    assert world.counts()[0] == 0


def test_a_colleague_who_scales_is_named(world: World) -> None:
    """A verdict "reverted by kubectl-scale" needs that name."""
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 6)
    kubectl_scale(world.cluster, NAMESPACE, DECODE, 4)
    entry = next(
        one
        for one in world.decode()["metadata"]["managedFields"]
        if one["manager"] == "kubectl-scale"
    )

    assert (entry["subresource"], entry["fieldsV1"]) == ("scale", {"f:spec": {"f:replicas": {}}})
    assert "time" not in entry, "a real API server keeps no moment of it"


def test_a_deleted_deployment_takes_its_pods_along(world: World) -> None:
    """Ownership is what the garbage collector follows."""
    world.cluster.delete(DEPLOYMENTS, NAMESPACE, DECODE)
    world.run(60)

    left = world.cluster.select(PODS, NAMESPACE, labels=ROLE)
    assert (left, {namespace_of(pod) for pod in world.cluster.select(PODS)}) == ([], {NAMESPACE})


def test_a_deleted_pod_is_replaced(world: World) -> None:
    """Deleting a pod is a restart, with a new name and a new load."""
    gone = name_of(world.cluster.select(PODS, NAMESPACE, labels=ROLE)[0])
    world.cluster.delete(PODS, NAMESPACE, gone)
    world.run(30)
    during = world.counts()
    world.run(60)
    names = {name_of(pod) for pod in world.cluster.select(PODS, NAMESPACE, labels=ROLE)}

    assert (during, world.counts(), gone in names) == ((4, 4, 3), (4, 4, 4), False)
