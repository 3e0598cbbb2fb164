"""New pods need room, and pods that go need the leave of their disruption budget."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.drift.intended import Gpus
from cluster.guardrails import room
from cluster.guardrails.guard import Answer, CannotTell, Refused, Warned
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from incidents.errors import Unavailable
from incidents.guardrails import Guardrails
from tests.cluster.conftest import NAMESPACE
from tests.cluster.drifting import H100
from tests.cluster.guardrails.scenes import Guarding
from tests.cluster.guardrails.test_sizes import intended
from tests.cluster.installs import WRITER
from tests.cluster.test_scale_kinds import put, resource

GPU = "nvidia.com/gpu"
NOTHING: Mapping[str, object] = {}
CONTROLLER = Writer(manager="controller", subresource="status")


def only(answers: tuple[Answer, ...]) -> Answer:
    (answer,) = answers
    return answer


def change(
    guarding: Guarding, node: str, spec: Mapping[str, object] = NOTHING, **meta: object
) -> None:
    """Change the spec of a node, or what stands in its metadata."""

    def changed(thing: Object) -> Object:
        return thing | {
            "spec": {**thing.get("spec", {}), **spec},
            "metadata": {**thing["metadata"], **meta},
        }

    guarding.kubernetes.cluster.update(resources.NODES, "", node, changed, writer=WRITER)


def status(guarding: Guarding, kind: Kind, name: str, told: Mapping[str, object]) -> None:
    guarding.kubernetes.cluster.update(
        resource(kind),
        NAMESPACE,
        name,
        lambda thing: thing | {"status": dict(told)},
        writer=CONTROLLER,
    )


def test_room_is_told_with_what_is_not_seen(guarding: Guarding) -> None:
    """What other namespaces use only the scheduler knows."""
    assert only(guarding.ask("capacity", guarding.scaled(6))) == Warned(
        "2 new pods need 2 nvidia.com/gpu each: there is room on 3 nodes with 12 free GPUs at most"
        " (pods of other namespaces are not seen)"
    )


def test_pods_that_certainly_find_no_room_are_refused(guarding: Guarding) -> None:
    """A scale that stays Pending wastes the approval, and hides that nothing helped."""
    refused = only(guarding.ask("capacity", guarding.scaled(12)))

    assert isinstance(refused, Refused)
    assert refused.because == (
        "8 new pods need 2 nvidia.com/gpu each, and at most 12 GPUs are free on 3 nodes that may"
        " hold them"
    )


@pytest.mark.parametrize(
    ("spec", "meta"),
    [
        pytest.param({"unschedulable": True}, {}, id="cordoned"),
        pytest.param({"taints": [{"key": "a", "effect": "NoSchedule"}]}, {}, id="tainted"),
    ],
)
def test_a_node_that_takes_no_pods_has_no_room(
    guarding: Guarding, spec: Mapping[str, object], meta: Mapping[str, object]
) -> None:
    """Free GPUs behind a cordon are nobody's."""
    for node in ("gpu-0", "gpu-1", "gpu-2"):
        change(guarding, node, spec, **meta)

    refused = only(guarding.ask("capacity", guarding.scaled(5)))

    assert isinstance(refused, Refused)
    assert refused.because.endswith("at most 0 GPUs are free on 0 nodes that may hold them")


def test_a_taint_after_the_gpus_is_tolerated(guarding: Guarding) -> None:
    """Admission adds that toleration to whoever asks for them."""
    for node in ("gpu-0", "gpu-1", "gpu-2"):
        change(guarding, node, {"taints": [{"key": GPU, "effect": "NoSchedule"}]})

    assert isinstance(only(guarding.ask("capacity", guarding.scaled(5))), Warned)


@pytest.mark.parametrize("way", ["said", "seen"])
def test_where_nodes_come_by_themselves_nothing_is_refused(guarding: Guarding, way: str) -> None:
    """There the lack of room is the reason for which a node comes."""
    if way == "said":
        guarding.rules = Guardrails(node_autoscaler=True)
    else:
        change(guarding, "gpu-0", labels={"karpenter.sh/nodepool": "gpu"})

    assert only(guarding.ask("capacity", guarding.scaled(12))) == Warned(
        "8 new pods need 2 nvidia.com/gpu each: there is no room for all, and a new node has to"
        " come first"
    )


def test_room_of_another_kind_than_intended_is_told(guarding: Guarding) -> None:
    """The scheduler would put a pod there, and the model would be slower for it."""
    plan = guarding.scaled(5)
    guarding.more = {"environments": _gpus("NVIDIA-A100")}

    assert only(guarding.ask("capacity", plan)) == Warned(
        "a new pod needs 2 nvidia.com/gpu: not all find room on nodes of NVIDIA-A100, as is"
        " intended"
    )
    guarding.more = {"environments": _gpus(H100)}
    told = only(guarding.ask("capacity", plan))
    assert isinstance(told, Warned)
    assert "there is room" in told.because


def _gpus(kind: str) -> object:
    whole = intended(4)
    (one,) = whole.environments
    (workload,) = one.workloads
    meant = replace(workload, gpus=Gpus(kind=kind))
    return replace(whole, environments=(replace(one, workloads=(meant,)),))


def test_a_surge_without_room_says_what_helps(guarding: Guarding) -> None:
    """A rollout that waits for a GPU which its own old pod holds waits for ever."""
    deadlock = {"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}
    name = guarding.find().name
    guarding.kubernetes.cluster.update(
        resources.DEPLOYMENTS,
        NAMESPACE,
        name,
        lambda thing: thing | {"spec": {**thing["spec"], **deadlock}},
        writer=WRITER,
    )
    for node in ("gpu-0", "gpu-1", "gpu-2"):
        change(guarding, node, {"unschedulable": True})
    plan = guarding.planned("restart", {})

    refused = only(guarding.ask("capacity", plan))

    assert isinstance(refused, Refused)
    assert refused.instead.startswith("let an old pod go before a new one comes (rollout_strategy")


def test_a_quota_that_is_used_up_is_refused(guarding: Guarding) -> None:
    """Its pods would not even be made."""
    put(guarding.kubernetes.cluster, kinds.QUOTA, "team", {})
    key = f"requests.{GPU}"
    status(guarding, kinds.QUOTA, "team", {"hard": {key: "14"}, "used": {key: "12"}})

    quota, _ = guarding.ask("capacity", guarding.scaled(6))

    assert quota == Refused(
        f"ResourceQuota {NAMESPACE}/team leaves 2 of 14 {key}, and 4 are needed",
        "ask for fewer replicas, or have the quota raised",
    )
    assert isinstance(only(guarding.ask("capacity", guarding.scaled(5))), Warned)


def test_a_quota_with_a_scope_may_not_be_meant(guarding: Guarding) -> None:
    """Whether it is about these pods only the API server decides."""
    put(guarding.kubernetes.cluster, kinds.QUOTA, "team", {"scopes": ["BestEffort"]})
    status(guarding, kinds.QUOTA, "team", {"hard": {"pods": "6"}, "used": {"pods": "6"}})

    quota, _ = guarding.ask("capacity", guarding.scaled(6))

    assert quota == Warned(
        f"ResourceQuota {NAMESPACE}/team leaves 0 of 6 pods, and 2 are needed, if it is meant for"
        " these pods"
    )


def test_nodes_that_may_not_be_seen_are_not_taken_for_room(guarding: Guarding) -> None:
    """A right that is missing is no GPU that is free."""
    plan = guarding.scaled(6)
    guarding.more = {"objects": Blind(guarding, {"Node", "ResourceQuota"})}

    assert guarding.ask("capacity", plan) == (
        CannotTell("whether the quota allows it: no permission to list resourcequotas"),
        CannotTell("whether there are GPUs for new pods: no permission to list nodes"),
    )


class Blind:
    """A cluster of which some kinds may not be seen."""

    def __init__(self, guarding: Guarding, hidden: set[str]) -> None:
        self._kubernetes, self._hidden = guarding.kubernetes, hidden

    def thing(self, namespace: str, reference: object) -> object:
        if getattr(reference, "kind", "") in self._hidden:
            message = f"no permission to get {reference}"
            raise Unavailable(message)
        return self._kubernetes.thing(namespace, reference)  # type: ignore[arg-type]  # as it came

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> object:
        if kind.name in self._hidden:
            message = f"no permission to list {kind.plural}"
            raise Unavailable(message)
        return self._kubernetes.things(namespace, kind, selector=selector)


@pytest.mark.parametrize(
    ("needs", "free", "placed"),
    [
        pytest.param([4, 4], [4, 4], 2, id="exactly"),
        pytest.param([4, 4], [6, 2], 1, id="scattered"),
        pytest.param([8, 4, 4], [8, 8], 3, id="a-group"),
        pytest.param([], [], 0, id="nothing"),
    ],
)
def test_pods_are_placed_whole(needs: list[int], free: list[int], placed: int) -> None:
    """Eight free GPUs on two nodes hold no pod of eight."""
    rooms = [room.Free(name=str(i), gpus={GPU: n}, labels={}) for i, n in enumerate(free)]
    wanted = [{GPU: number} for number in needs]

    assert room.fits(wanted, rooms) == placed
    assert room.certainly_none(wanted, rooms) is (placed < len(needs))


def budget(guarding: Guarding, *, allowed: int, **spec: object) -> None:
    """Put a budget over the decode pods."""
    chosen = {"selector": {"matchLabels": {"llm-d.ai/role": "decode"}}}
    put(guarding.kubernetes.cluster, kinds.BUDGET, "decode", {**chosen, **spec})
    told = {"disruptionsAllowed": allowed, "currentHealthy": 4, "observedGeneration": 99}
    status(guarding, kinds.BUDGET, "decode", told)


def test_a_pod_that_the_budget_keeps_is_not_deleted(guarding: Guarding) -> None:
    """Deleting asks no budget, and the team that wrote it meant it all the same."""
    budget(guarding, allowed=0)
    plan = guarding.planned("delete_pod", {"pod": guarding.find().pods[0]})

    assert only(guarding.ask("disruptions", plan)) == Refused(
        "disruption budget decode allows 0 pods to be away, and this takes 1",
        "wait until more pods are healthy, or ask whoever keeps decode",
    )
    status(guarding, kinds.BUDGET, "decode", {"disruptionsAllowed": 1, "observedGeneration": 99})
    assert guarding.ask("disruptions", plan) == ()


def test_a_rollout_is_told_of_the_budget(guarding: Guarding) -> None:
    """Kubernetes does not ask it there; whoever approves may."""
    budget(guarding, allowed=0)

    told = only(guarding.ask("disruptions", guarding.planned("restart", {})))

    assert isinstance(told, Warned)
    assert told.because.endswith("this takes 1; a rollout does not ask it")


@pytest.mark.parametrize(("least", "refused"), [(4, True), (3, False), ("75%", False)])
def test_a_smaller_size_keeps_what_the_budget_counts(
    guarding: Guarding,
    least: object,
    refused: bool,  # what is expected
) -> None:
    """A number stays where it is when the size goes down; a share goes with it."""
    budget(guarding, allowed=0, minAvailable=least)

    assert bool(guarding.ask("disruptions", guarding.scaled(3))) is refused


def test_a_budget_of_others_does_not_count(guarding: Guarding) -> None:
    """Of the same namespace is not of the same pods."""
    chosen = {"selector": {"matchLabels": {"llm-d.ai/role": "prefill"}}}
    put(guarding.kubernetes.cluster, kinds.BUDGET, "prefill", chosen)

    assert guarding.ask("disruptions", guarding.scaled(3)) == ()


@pytest.mark.parametrize("hidden", ["kind", "status"])
def test_a_budget_that_cannot_be_read_is_not_taken_for_none(
    guarding: Guarding, hidden: str
) -> None:
    """The one that forbids it may be the one that is not seen."""
    budget(guarding, allowed=0)
    if hidden == "status":
        status(guarding, kinds.BUDGET, "decode", {"observedGeneration": 0})
    plan = guarding.scaled(3)
    if hidden == "kind":
        guarding.more = {"objects": Blind(guarding, {"PodDisruptionBudget"})}

    assert isinstance(only(guarding.ask("disruptions", plan)), CannotTell)
