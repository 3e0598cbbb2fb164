"""What takes pods, nodes and traffic says exactly which rights it needs: none less, none more."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product

import pytest

from cluster.actions.registry import actions
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.rights import Right
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Target
from drills.kubernetes import resources, shapes
from drills.kubernetes.seed import seed_llm_d
from drills.kubernetes.state import Cluster
from incidents.errors import TriagedError
from tests.cluster.conftest import NOW, StandInKubernetes
from tests.cluster.graphs import refer
from tests.cluster.installs import MEANT
from tests.cluster.recording import Recording
from tests.cluster.test_pods_in_turn import fall
from tests.cluster.test_pods_that_go import KUBELET, die, edit, node_of, pods
from tests.cluster.test_rights import (
    EXACTLY,
    GIT,
    HELM,
    HELM_HERE,
    KUSTOMIZED_HERE,
    _acted,
    _scenes,
    differs,
    of,
)
from tests.cluster.test_rights_of_templates import empty as without_nodes
from tests.cluster.test_scale_kinds import FOUR, put
from tests.cluster.test_settings_of_traffic import NINE_TO_ONE
from tests.cluster.test_suspend_gitops import place
from tests.cluster.test_virtual_services import rule, to

X = "x"
OF_ARGO = {"argocd.argoproj.io/instance": "apps"}
LABELS = (GIT, HELM, HELM_HERE, KUSTOMIZED_HERE, OF_ARGO)
"""What says of an object that it is in Git, in every way there is."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A cluster, the target in it, and what an action is asked there."""

    world: Cluster
    meant: Target
    asked: Mapping[str, object]


def seeded() -> Cluster:
    made = Cluster(now=lambda: NOW)
    seed_llm_d(made)
    return made


INSTALLS: Mapping[str, Callable[[Cluster], None]] = {
    "llama-3-70b": lambda _: None,
    "org/ks": lambda world: shapes.kserve(world, "ks", model="org/ks"),
    "org/ro": lambda world: shapes.rollout(world, "ro", model="org/ro"),
    "org/lws": lambda world: shapes.groups(world, "lws", model="org/lws", number=2, size=2),
    "org/ds": lambda world: shapes.disaggregated(world, "ds", model="org/ds"),
    "org/mine": lambda world: shapes.plain(world, "mine", model="org/mine"),
    "org/old": lambda world: shapes.plain(world, "old", model="org/old", old=True),
}
"""What makes pods, by the model that they serve."""


def installed() -> Iterator[tuple[Cluster, Target]]:
    """Yield every install with a target that has pods, and those of a size that has none."""
    for model, install in INSTALLS.items():
        world = seeded() if model == MEANT.model else empty()
        install(world)
        finds = LabelTargets(StandInKubernetes(world))
        yield world, finds.find(replace(MEANT, model=model))
    for name in _scenes(empty()):
        world = empty()
        shapes.plain(world, "other", model="org/other")
        meant = _scenes(world)[name]()
        yield world, replace(meant, pods=tuple(pods(world, "")))


def empty() -> Cluster:
    made = without_nodes()
    made.create(resources.NODES, {"metadata": {"name": "gpu-0"}}, writer=KUBELET)
    edit(made, resources.NODES, "gpu-0", room)
    return made


def room(node: dict[str, object]) -> None:
    node["status"] = {"allocatable": {"nvidia.com/gpu": "64"}}


def close(world: Cluster, node: str) -> None:
    def closed(thing: dict[str, object]) -> dict[str, object]:
        return thing | {"spec": {"unschedulable": True}}

    world.update(resources.NODES, "", node, closed, writer=KUBELET)


def _dead(world: Cluster, pod: str) -> Mapping[str, object]:
    world.delete(resources.PODS, "llm-d", pod)
    with suppress(KeyError):
        die(world, node_of(world, pod), taint="node.kubernetes.io/out-of-service")
    return {"pod": pod}


def _closed(world: Cluster, pod: str) -> Mapping[str, object]:
    close(world, node_of(world, pod))
    return {"node": node_of(world, pod)}


def _down(world: Cluster, _: str) -> Mapping[str, object]:
    fall(world, *pods(world, ""))
    return {}


ON_PODS: Mapping[str, Callable[[Cluster, str], Mapping[str, object]]] = {
    "evict": lambda _, pod: {"pod": pod},
    "delete_pod": lambda _, pod: {"pod": pod},
    "quarantine": lambda _, pod: {"pod": pod},
    "force_delete": _dead,
    "restart_one": lambda _, __: {},
    "delete_all": _down,
    "cordon": lambda world, pod: {"node": node_of(world, pod)},
    "uncordon": _closed,
    "drain": _closed,
}
"""What each action is asked, after its cluster was made ready for it."""


def _of_pods(name: str) -> Iterator[Scene]:
    for world, meant in installed():
        asked = ON_PODS[name](world, min(meant.pods))
        yield Scene(world=world, meant=meant, asked=asked)


def _parts() -> Iterator[Mapping[str, object]]:
    """Yield how an object may be in Git or below an operator."""
    yield {}
    yield from ({"labels": each} for each in LABELS)
    yield {"above": refer(kinds.INFERENCE_SERVICE, X)}


def _of_kinds(written: tuple[Kind, ...], spec: Callable[[Kind], object]) -> Iterator[Scene]:
    """Yield a scene for each kind that may be written, and each way in which it may be owned."""
    for kind, parts in product(written, _parts()):
        world = empty()
        shapes.plain(world, "pods", model="llama-3-70b")
        put(world, kinds.INFERENCE_SERVICE, X, {})
        put(world, kind, "blue", spec(kind), **parts)  # type: ignore[arg-type]  # a mapping
        meant = LabelTargets(StandInKubernetes(world)).find(MEANT)
        yield Scene(world=world, meant=replace(meant, pool="blue"), asked={})


PODS = {"app": "pods"}


def _routed(kind: Kind) -> object:
    if kind is kinds.VIRTUAL_SERVICE:
        return {"http": [rule(to("blue", 9), to("green", 1))]}
    return {"rules": [NINE_TO_ONE]}


def _shifted() -> Iterator[Scene]:
    for old in (False, True):
        for scene in _of_kinds((kinds.ROUTE, kinds.VIRTUAL_SERVICE), _routed):
            for name in ("blue", "green"):
                put(scene.world, kinds.SERVICE, name, {"selector": PODS})
                shapes.pool(scene.world, name, PODS, old=old)
            yield replace(scene, asked={"pool": "green", "percent": 50})


def _pooled(kind: Kind) -> object:
    field = "endpointPickerRef" if kind is kinds.POOL else "extensionRef"
    return {"selector": {}, field: {"name": "epp"}}


def _suspended() -> Iterator[Scene]:
    homes = (
        (kinds.APPLICATION, "argocd", OF_ARGO),
        (kinds.APPLICATION, "openshift-gitops", OF_ARGO),
        (kinds.KUSTOMIZATION, "flux-system", _flux("kustomize", "flux-system")),
        (kinds.KUSTOMIZATION, "llm-d", _flux("kustomize", "")),
        (kinds.HELM_RELEASE, "flux-system", _flux("helm", "flux-system")),
        (kinds.HELM_RELEASE, "llm-d", _flux("helm", "")),
    )
    for (kind, home, labels), parts in product(homes, _parts()):
        world = empty()
        put(world, kinds.INFERENCE_SERVICE, X, {})
        place(world, kind, home, **parts)
        put(world, kinds.DEPLOYMENT, "y", FOUR, labels=labels)
        yield Scene(world=world, meant=of(world, kinds.DEPLOYMENT, "y"), asked={"suspend": "yes"})
    for world, meant in installed():
        yield Scene(world=world, meant=meant, asked={"suspend": "yes"})


def _flux(part: str, home: str) -> Mapping[str, str]:
    group = f"{part}.toolkit.fluxcd.io"
    return {f"{group}/name": "apps", **({f"{group}/namespace": home} if home else {})}


def _moded() -> Iterator[Scene]:
    for scene in _of_kinds(kinds.POOLS, _pooled):
        yield replace(scene, asked={"mode": "FailOpen"})


def _ranked() -> Iterator[Scene]:
    for scene in _of_kinds(kinds.OBJECTIVES, lambda _: {"poolRef": {"name": "blue"}}):
        yield replace(scene, asked={"objective": "blue", "priority": -1})


ON_SETTINGS: Mapping[str, Callable[[], Iterator[Scene]]] = {
    "shift_traffic": _shifted,
    "failure_mode": _moded,
    "objective_priority": _ranked,
    "suspend_gitops": _suspended,
}


@pytest.mark.parametrize("name", sorted({*ON_PODS, *ON_SETTINGS}))
def test_an_action_on_pods_nodes_and_traffic_uses_exactly_what_it_says(name: str) -> None:
    """What is used and not said is refused at night; what is granted beyond need is a danger."""
    used: set[Right] = set()
    for scene in ON_SETTINGS[name]() if name in ON_SETTINGS else _of_pods(name):
        recording = Recording(StandInKubernetes(scene.world), home="llm-d")
        with suppress(TriagedError):
            _acted(name, scene.meant, scene.asked, recording)
        used |= recording.used

    assert differs(used, actions()[name].rights) == EXACTLY
