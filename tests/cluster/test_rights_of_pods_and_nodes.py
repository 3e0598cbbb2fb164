"""What takes pods, nodes and traffic says which rights it needs, and no more than it may need."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

import pytest

from cluster.actions.registry import actions
from cluster.clients import kinds
from cluster.rights import Right, patches
from cluster.targets.target import Target
from drills.kubernetes import resources, shapes
from drills.kubernetes.state import Cluster
from incidents.errors import TriagedError
from tests.cluster.conftest import DECODE, NAMESPACE, StandInKubernetes
from tests.cluster.recording import Recording
from tests.cluster.test_pods_in_turn import fall
from tests.cluster.test_pods_that_go import KUBELET, die, found, node_of, pods
from tests.cluster.test_scale_kinds import put
from tests.cluster.test_settings_of_traffic import NINE_TO_ONE, lead

ROLE = "llm-d.ai/role"
Scene = Callable[[Cluster], Mapping[str, object]]


def _pod(world: Cluster) -> Mapping[str, object]:
    return {"pod": pods(world)[0]}


def _dead(world: Cluster) -> Mapping[str, object]:
    name = pods(world)[0]
    world.delete(resources.PODS, NAMESPACE, name)
    die(world, node_of(world, name), taint="node.kubernetes.io/out-of-service")
    return {"pod": name}


def _node(world: Cluster) -> Mapping[str, object]:
    return {"node": node_of(world, pods(world)[0])}


def _closed(world: Cluster) -> Mapping[str, object]:
    name = node_of(world, pods(world)[0])

    def close(thing: dict[str, object]) -> dict[str, object]:
        return thing | {"spec": {"unschedulable": True}}

    world.update(resources.NODES, "", name, close, writer=KUBELET)
    return {"node": name}


def _down(world: Cluster) -> Mapping[str, object]:
    fall(world, *pods(world))
    return {}


def _split(world: Cluster) -> Mapping[str, object]:
    lead(world, NINE_TO_ONE)
    return {"pool": "green", "percent": 50}


def _objective(world: Cluster) -> Mapping[str, object]:
    put(world, kinds.OBJECTIVE, "batch", {"poolRef": {"name": "blue"}})
    return {"objective": "batch", "priority": -1}


SCENES: Mapping[str, Scene] = {
    "evict": _pod,
    "delete_pod": _pod,
    "restart_one": lambda _: {},
    "drain": _closed,
    "delete_all": _down,
    "force_delete": _dead,
    "quarantine": _pod,
    "cordon": _node,
    "uncordon": _closed,
    "shift_traffic": _split,
    "failure_mode": lambda _: {"mode": "FailOpen"},
    "objective_priority": _objective,
}


@pytest.mark.parametrize("name", sorted(SCENES))
def test_an_action_on_pods_nodes_and_traffic_uses_what_it_says(world: Cluster, name: str) -> None:
    """What is used and not said is refused at night; what is written beyond need is a danger."""
    for pool, chosen in (("blue", {ROLE: "decode"}), ("green", {ROLE: "prefill"})):
        shapes.pool(world, pool, chosen)
    asked = SCENES[name](world)
    recording = Recording(StandInKubernetes(world), home=NAMESPACE)
    meant = replace(found(world, kinds.DEPLOYMENT, DECODE), pool="blue")

    _act(name, meant, asked, recording)

    said = set(actions()[name].rights)
    assert recording.used - said == set()
    assert {each for each in said - recording.used if not each.reads} <= _of_other_kinds()


def _of_other_kinds() -> set[Right]:
    """Return the writes of what is not installed here: old versions, and another mesh."""
    return set(patches(kinds.OLD_POOL, kinds.OLD_OBJECTIVE, kinds.VIRTUAL_SERVICE))


def _act(name: str, meant: Target, asked: Mapping[str, object], recording: Recording) -> None:
    verb = actions()[name].make(recording)  # type: ignore[arg-type]  # answers any call of the port
    plan = verb.plan(meant, asked)
    verb.apply(plan, key="run-7/step")
    with suppress(TriagedError):
        verb.already_done(plan, key="run-7/step")
    with suppress(TriagedError):
        verb.settled(plan)
