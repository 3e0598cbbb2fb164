"""A node of the target is closed to new pods and opened again; other nodes are left alone."""

import pytest

from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.targets.target import Target
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.seed import node
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import DECODE, NAMESPACE, NOW, StandInKubernetes
from tests.cluster.test_pods_that_go import edit, found, node_of, pods

KEY = "run-7/cordon"
PERSON = Writer(manager="kubectl")


@pytest.fixture
def decode(world: Cluster) -> Target:
    return found(world, kinds.DEPLOYMENT, DECODE)


@pytest.fixture
def used(world: Cluster) -> str:
    """Return a node on which a decode pod stands."""
    return node_of(world, pods(world)[0])


def plan(kubernetes: StandInKubernetes, at: Target, name: str, action: str = "cordon") -> Plan:
    return verbs(kubernetes)[action].plan(at, {"node": name})


def closed(world: Cluster, name: str) -> object:
    return world.get(resources.NODES, "", name).get("spec", {}).get("unschedulable")


def test_a_node_is_closed_and_opened_again(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target, used: str
) -> None:
    """What stands on it stays: the approver sees how much would go with a drain."""
    verb = verbs(kubernetes)["cordon"]
    here = [each for each in pods(world) if node_of(world, each) == used]

    made = plan(kubernetes, decode, used)
    assert verb.already_done(made, key=KEY) is Done.NO
    verb.apply(made, key=KEY)

    assert closed(world, used) is True
    assert (made.write.kind, made.write.namespace, made.write.name) == ("Node", "", used)
    assert made.kubectl == f"kubectl cordon {used}"
    less = f"without the node the target has {len(here)} pods and {2 * len(here)} GPUs less"
    assert made.warnings[1] == less
    assert ", ".join(here) in made.warnings[0]
    assert verb.already_done(made, key=KEY) is Done.YES
    assert (verb.settled(made).since, verb.settled(made).said) == (
        NOW,
        "it stands as it was written",
    )
    back = dict(made.inverse)
    opened = verbs(kubernetes)[back.pop("action")].plan(decode, back)
    verbs(kubernetes)["uncordon"].apply(opened, key="run-7/undo")
    assert not closed(world, used)
    assert verb.settled(made).words == "it was changed"


def test_an_emptied_node_can_be_opened_by_who_closed_it(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target, used: str
) -> None:
    """After a drain none of the target's pods stands there, and the cordon has to go."""
    verbs(kubernetes)["cordon"].apply(plan(kubernetes, decode, used), key=KEY)
    for each in pods(world, ""):
        if node_of(world, each) == used:
            world.delete(resources.PODS, NAMESPACE, each, grace=0)

    assert plan(kubernetes, decode, used, "uncordon").before == (("closed to new pods", "yes"),)


def test_no_node_without_a_pod_of_the_target_is_touched(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target
) -> None:
    """An approval is for the target; other teams have nodes in this cluster, too."""
    world.create(resources.NODES, node("other"), writer=PERSON)

    for action in ("cordon", "uncordon"):
        with pytest.raises(Rejected, match="no pod of it stands on Node other"):
            plan(kubernetes, decode, "other", action)
    with pytest.raises(Rejected, match="there is no node 'gone'"):
        plan(kubernetes, decode, "gone")


def test_a_node_that_is_as_wished_stays_so(
    kubernetes: StandInKubernetes, decode: Target, used: str
) -> None:
    """A write without an effect would be reported as one."""
    with pytest.raises(Rejected, match=f"nothing to change: that Node {used} is closed is no"):
        plan(kubernetes, decode, used, "uncordon")


def test_opening_a_node_that_is_not_ready_is_told(
    world: Cluster, kubernetes: StandInKubernetes, decode: Target, used: str
) -> None:
    """New pods would wait there for nothing."""

    def break_down(thing: Object) -> None:
        thing["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
        thing["spec"] = {"unschedulable": True}

    edit(world, resources.NODES, used, break_down)

    assert plan(kubernetes, decode, used, "uncordon").warnings == (
        f"Node {used} does not say that it is ready",
    )
