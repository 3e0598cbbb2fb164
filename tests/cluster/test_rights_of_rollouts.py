"""What restarts, pauses and bounds rollouts says exactly which rights it needs, as every action."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import product

import pytest

from cluster.actions.registry import actions
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.rights import Right
from cluster.targets.target import Target
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import TriagedError
from tests.cluster import test_rights, test_rights_of_templates
from tests.cluster.conftest import StandInKubernetes
from tests.cluster.graphs import refer
from tests.cluster.recording import Recording
from tests.cluster.test_rights import (
    EXACTLY,
    _acted,
    _scenes,
    differs,
)
from tests.cluster.test_rights_of_pods_and_nodes import LABELS, ON_PODS, ON_SETTINGS
from tests.cluster.test_rights_of_templates import empty, of
from tests.cluster.test_rollouts import FOUR, GROUPS, Scene
from tests.cluster.test_scale_kinds import put, resource

UNDERWAY = {"currentPodHash": "new", "stableRS": "old"}
PAUSED = {**UNDERWAY, "pauseConditions": [{"reason": "CanaryPauseStep"}]}
ASKED: Mapping[str, tuple[Mapping[str, object], ...]] = {
    "restart": ({},),
    "pause_rollout": ({"pause": "yes"}, {"pause": "no"}),
    "rollout_strategy": ({"max_surge": "1", "max_unavailable": "2"},),
    "argo_rollout": ({"do": "abort"}, {"do": "retry"}, {"do": "resume"}, {"do": "promote"}),
}
STATES: tuple[tuple[Mapping[str, object], Mapping[str, object]], ...] = (
    ({}, UNDERWAY),
    ({}, PAUSED),
    ({}, {**UNDERWAY, "abort": True}),
    ({"paused": True}, UNDERWAY),
)
"""More of the spec, and the status, of a Rollout in every state that an action asks about."""


def _spec(kind: Kind) -> Mapping[str, object]:
    strategy = {"strategy": {"canary": {}}} if kind is kinds.ROLLOUT else {}
    return GROUPS if kind is kinds.GROUPS else {**FOUR, **strategy}


def _stood() -> Iterator[tuple[Cluster, Target]]:
    """Yield a workload of each kind in each state, and in each way in which it may be owned."""
    above = {"above": refer(kinds.INFERENCE_SERVICE, "x")}
    parts = ({}, *({"labels": each} for each in LABELS), above)
    for kind in kinds.WORKLOADS:
        for more, status in STATES if kind is kinds.ROLLOUT else (({}, {}), ({"paused": True}, {})):
            yield _made(kind, {**_spec(kind), **more}, status)
        for each, paused in product(parts, ({}, {"paused": True})):
            yield _made(kind, {**_spec(kind), **paused}, UNDERWAY, **each)
    for name in _scenes(empty()):
        world = empty()
        yield world, _scenes(world)[name]()


def _made(
    kind: Kind, spec: Mapping[str, object], status: Mapping[str, object], **parts: object
) -> tuple[Cluster, Target]:
    world = empty()
    if "above" in parts:
        put(world, kinds.INFERENCE_SERVICE, "x", {})
    put(world, kind, "x", spec, **parts)
    scene = Scene(world, StandInKubernetes(world))
    scene.pod("x-1")
    scene.pod("x-2", **{"leaderworkerset.sigs.k8s.io/name": "x"})

    def told(thing: Object) -> Object:
        return thing | {"status": {**status}}

    world.update(
        resource(kind), "llm-d", "x", told, writer=Writer(manager="c", subresource="status")
    )
    return world, replace(of(world, kind), pods=("x-1",))


@pytest.mark.parametrize("name", sorted(ASKED))
def test_an_action_on_rollouts_uses_exactly_what_it_says(name: str) -> None:
    """The writer's Role is made of what actions say, and a right beyond need is a danger."""
    used: set[Right] = set()
    for asked in ASKED[name]:
        for world, meant in _stood():
            recording = Recording(StandInKubernetes(world), home="llm-d")
            with suppress(TriagedError):
                _acted(name, meant, asked, recording)
            used |= recording.used

    assert differs(used, actions()[name].rights) == EXACTLY


def test_the_rights_of_every_action_are_tried() -> None:
    """One that is tried nowhere may ask for anything."""
    tried = {*ASKED, *ON_PODS, *ON_SETTINGS, *test_rights.ASKED, *test_rights_of_templates.ASKED}

    assert set(actions()) - tried <= ELSEWHERE


ELSEWHERE = {"picker_config", "apply_manifest", "job"}
"""Their own pages try them: they need objects of their own."""
