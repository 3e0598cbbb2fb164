"""A pod is taken out of its pool for somebody to look at, and put back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.actions.plan import Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector, Target
from drills.kubernetes import resources, shapes
from drills.kubernetes.controllers.all import Controllers
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import DECODE, NAMESPACE, NOW, StandInKubernetes
from tests.cluster.test_pods_that_go import edit, found, pods

KEY = "run-7/quarantine"
ROLE = "llm-d.ai/role"
GUIDE = "llm-d.ai/guide"
KUBELET = Writer(manager="kubelet")


@pytest.fixture
def decode(world: Cluster) -> Target:
    """Return the decode workload, whose pods a pool selects by their role."""
    shapes.pool(world, "blue", {ROLE: "decode"})
    return replace(found(world, kinds.DEPLOYMENT, DECODE), pool="blue")


def plan(kubernetes: StandInKubernetes, at: Target, **asked: object) -> Plan:
    return verbs(kubernetes)["quarantine"].plan(at, asked)


def labels(world: Cluster, pod: str) -> Mapping[str, str]:
    told: Mapping[str, str] = world.get(resources.PODS, NAMESPACE, pod)["metadata"]["labels"]
    return told


def leaving(world: Cluster, pod: str) -> bool:
    return "deletionTimestamp" in world.get(resources.PODS, NAMESPACE, pod)["metadata"]


def later(world: Cluster) -> None:
    controllers = Controllers(world, ready_after=lambda _: 0.0)
    for step in range(60):
        controllers.reconcile(NOW + step * timedelta(seconds=5))


def test_a_pod_is_taken_out_and_its_owner_makes_another(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """What went wrong in it can be looked at while requests go elsewhere."""
    name = pods(world)[0]
    verb = verbs(kubernetes)["quarantine"]

    made = plan(kubernetes, decode, pod=name)
    verb.apply(made, key=KEY)

    assert labels(world, name)[ROLE] == "quarantined"
    assert made.before[0] == (ROLE, "decode")
    assert made.warnings == (
        f"Deployment {DECODE} makes a new pod, which needs 2 GPUs besides those that it keeps",
        "it gets no new requests; those that run on it end there",
    )
    later(world)
    assert name in pods(world)
    assert len(pods(world)) == 5
    assert (verb.settled(made).ready, verb.settled(made).wanted) == (4, 4)


def test_a_pod_that_was_taken_out_is_no_workload_of_its_own(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """Nothing controls it any more: taken for a workload, it made the one that is meant unknown."""
    shapes.pool(world, "blue", {GUIDE: "pd-disaggregation", ROLE: "decode"})
    meant = Selector(namespace=NAMESPACE, model="llama-3-70b")
    targets = LabelTargets(kubernetes)
    decode, name = targets.find(meant), pods(world)[0]
    verb = verbs(kubernetes)["quarantine"]
    verb.apply(verb.plan(decode, {"pod": name}), key=KEY)
    later(world)

    again = targets.find(meant)

    assert labels(world, name)[ROLE] == "decode"
    assert again.uid == decode.uid
    assert name not in again.pods
    assert len(again.pods) == 4


def test_a_pod_is_put_back(world: Cluster, kubernetes: StandInKubernetes, decode: Target) -> None:
    """The mark on the pod remembers what its label was; its owner then has one too many."""
    name = pods(world)[0]
    verb = verbs(kubernetes)["quarantine"]
    made = plan(kubernetes, decode, pod=name)
    verb.apply(made, key=KEY)
    later(world)

    back = dict(made.inverse)
    again = verbs(kubernetes)[back.pop("action")].plan(decode, back)
    verb.apply(again, key="run-7/undo")

    assert labels(world, name)[ROLE] == "decode"
    assert again.inverse == (("action", "quarantine"), ("pod", name))
    notes = world.get(resources.PODS, NAMESPACE, name)["metadata"]["annotations"]
    assert notes == {"triaged.dev/run": "run-7/undo"}
    assert again.warnings[0].endswith("has one pod more than it wants, and deletes one")
    later(world)
    assert len([each for each in pods(world) if not leaving(world, each)]) == 4


@pytest.mark.parametrize("known", [False, True], ids=["never-taken-out", "of-another-target"])
def test_only_what_was_taken_out_is_put_back(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target, *, known: bool
) -> None:
    """A mark for another target is none for this one."""
    name = pods(world)[0]
    if known:
        verbs(kubernetes)["quarantine"].apply(plan(kubernetes, decode, pod=name), key=KEY)

    with pytest.raises(Rejected, match="was not taken out of the pool of this target"):
        plan(kubernetes, replace(decode, uid="other") if known else decode, pod=name, back="yes")


def test_a_label_that_no_owner_selects_makes_no_new_pod(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """The approver should know that the pool has one less."""
    first, second = pods(world)[:2]

    def mark(thing: Object) -> None:
        thing["metadata"]["labels"]["pool"] = "mine"

    for name in (first, second):
        edit(world, resources.PODS, name, mark)
    shapes.pool(world, "mine", {"pool": "mine"})

    made = plan(kubernetes, replace(decode, pool="mine"), pod=first)

    assert made.after[0] == ("pool", "quarantined")
    assert "makes no new pod: the pool has one less" in made.warnings[0]


def _leave(world: Cluster, name: str) -> None:
    world.delete(resources.PODS, NAMESPACE, name)


def _empty(world: Cluster, name: str) -> None:
    for each in set(pods(world)) - {name}:
        world.delete(resources.PODS, NAMESPACE, each)


def _elsewhere(world: Cluster, name: str) -> None:
    def change(thing: Object) -> None:
        thing["metadata"]["labels"][ROLE] = "prefill"

    edit(world, resources.PODS, name, change)


@pytest.mark.parametrize(
    ("before", "because"),
    [
        pytest.param(_leave, "goes already", id="leaving"),
        pytest.param(_empty, "no other pod of pool blue is ready", id="last"),
        pytest.param(_elsewhere, "is not in InferencePool blue", id="not-in-the-pool"),
    ],
)
def test_a_pod_that_must_stay_is_refused(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target, before: object, because: str
) -> None:
    """A pool without a ready pod answers nobody."""
    name = pods(world)[0]
    assert callable(before)
    before(world, name)

    with pytest.raises(Rejected, match=because):
        plan(kubernetes, decode, pod=name)


def test_what_cannot_be_meant_is_refused(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """A pod without a pool gets its requests some other way."""
    name = pods(world)[0]

    with pytest.raises(Rejected, match="back is yes or no, not 'maybe'"):
        plan(kubernetes, decode, pod=name, back="maybe")
    with pytest.raises(Rejected, match="in no InferencePool"):
        plan(kubernetes, replace(decode, pool=""), pod=name)


def test_a_stateful_pod_whose_name_would_stay_taken_is_left(
    world: Cluster, kubernetes: StandInKubernetes
) -> None:
    """Its StatefulSet would let go of it, and could make no other of that name."""
    shapes.groups(world, "lws", model="m", number=2, size=1)
    shapes.pool(world, "blue", {ROLE: "decode"})
    at = replace(found(world, kinds.GROUPS, "lws"), pool="blue")
    for name in ("lws-0", "lws-1"):
        edit(world, resources.PODS, name, _ready)
    assert "makes no new pod" in plan(kubernetes, at, pod="lws-0").warnings[0]

    def select(thing: Object) -> None:
        thing["spec"]["selector"] = {"matchLabels": {ROLE: "decode"}}

    edit(world, resources.STATEFULSETS, "lws", select)
    with pytest.raises(Rejected, match="could make no other"):
        plan(kubernetes, at, pod="lws-0")


def _ready(thing: Object) -> None:
    at = "2026-03-01T11:00:00Z"
    thing["status"] = {
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at}]
    }
