"""Actions on templates say exactly which rights they need: none less, none more."""

from collections.abc import Callable, Mapping
from contextlib import suppress

import pytest

from cluster.actions.registry import actions
from cluster.clients import kinds
from cluster.rights import Right
from cluster.snapshots.taking import take
from cluster.targets.target import Target
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.state import Cluster
from incidents.errors import TriagedError
from tests.cluster.conftest import NAMESPACE, NOW, StandInKubernetes
from tests.cluster.graphs import made, refer
from tests.cluster.recording import Recording
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
from tests.cluster.test_scale_kinds import live, put, resource, uid

WRITER = Writer(manager="somebody")
LABELS = {"a": "b"}


def pod(image: str) -> dict[str, object]:
    serve = ["vllm", "serve", "m", "--max-num-seqs=64"]
    probe = {"httpGet": {"path": "/"}}
    container = {"name": "main", "image": image, "command": serve, "startupProbe": probe}
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}}


def spec(kind: kinds.Kind, image: str) -> dict[str, object]:
    if kind is kinds.GROUPS:
        return {"replicas": 2, "leaderWorkerTemplate": {"size": 2, "workerTemplate": pod(image)}}
    if kind is kinds.INFERENCE_SERVICE:
        return {"model": {"uri": "hf://m"}, "template": pod(image)["spec"]}
    template = {"template": pod(image)}
    return {"replicas": 2, "selector": {"matchLabels": LABELS}, **template}


def stand(world: Cluster, kind: kinds.Kind, **parts: object) -> Target:
    """Store an object of a kind with two revisions, each kept in the kind's own way."""
    put(world, kind, "x", spec(kind, "vllm:1"), **parts)
    if kind is kinds.INFERENCE_SERVICE:
        workload = spec(kinds.DEPLOYMENT, "vllm:1")
        put(world, kinds.DEPLOYMENT, "x-kserve", workload, above=refer(kind, "x"))
    keep(world, kind, 1)
    change = spec(kind, "vllm:2")
    world.update(
        resource(kind), NAMESPACE, "x", lambda thing: {**thing, "spec": change}, writer=WRITER
    )
    keep(world, kind, 2)
    return of(world, kind)


def keep(world: Cluster, kind: kinds.Kind, number: int) -> None:
    if kind in (kinds.GROUPS, kinds.INFERENCE_SERVICE):
        take(StandInKubernetes(world), NAMESPACE)
        return
    body = made(
        kinds.REPLICA_SET, f"x-{number}", dict(live(world, kind)["spec"]), above=refer(kind)
    )
    if kind is kinds.STATEFUL_SET:
        body = made(kinds.CONTROLLER_REVISION, f"x-{number}", above=refer(kind))
        template = live(world, kind)["spec"]["template"]
        body |= {"revision": number, "data": {"spec": {"template": template}}}
    marks = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
    body["metadata"]["annotations"] = dict.fromkeys(marks, str(number))
    body["metadata"]["ownerReferences"][0]["uid"] = uid(world, kind)
    known = resources.REVISIONS if kind is kinds.STATEFUL_SET else resources.REPLICASETS
    world.create(known, body, writer=WRITER)


def empty() -> Cluster:
    world = Cluster(now=lambda: NOW)
    world.create(resources.NAMESPACES, {"metadata": {"name": NAMESPACE}}, writer=WRITER)
    return world


ASKED: Mapping[str, Mapping[str, object]] = {
    "rollback": {},
    "engine_arguments": {"flag": "max-num-seqs", "value": "128"},
    "resource_limits": {"memory": "96Gi"},
    "probe_timing": {"probe": "startup", "period": 30},
    "grace_period": {"seconds": 600},
}
KINDS = (*kinds.WORKLOADS, kinds.INFERENCE_SERVICE)


@pytest.mark.parametrize("name", sorted(ASKED))
def test_an_action_on_templates_uses_exactly_what_it_says(name: str) -> None:
    """The writer's Role is made of what actions say; a kind that is left out fails at night."""
    used: set[Right] = set()
    for kind in KINDS:
        used |= _used(name, lambda world, kind=kind: stand(world, kind))
    for each in (GIT, HELM, HELM_HERE, KUSTOMIZED_HERE):
        used |= _refused(name, lambda world, each=each: stand(world, KINDS[0], labels=each))
    for scene in _scenes(empty()):
        used |= _refused(name, lambda world, scene=scene: _scenes(world)[scene]())

    assert differs(used, actions()[name].rights) == EXACTLY


def _used(name: str, scene: Callable[[Cluster], Target]) -> set[Right]:
    world = empty()
    meant = scene(world)
    recording = Recording(StandInKubernetes(world), home=NAMESPACE)
    _acted(name, meant, ASKED[name], recording)
    return recording.used


def _refused(name: str, scene: Callable[[Cluster], Target]) -> set[Right]:
    """Return what a scene uses in which somebody may bar it."""
    world = empty()
    meant = scene(world)
    recording = Recording(StandInKubernetes(world), home=NAMESPACE)
    with suppress(TriagedError):
        _acted(name, meant, ASKED[name], recording)
    return recording.used
