"""Limits, probes and grace periods are written at the owner, roll out, and are taken back."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import NAMESPACE, NOW, StandInKubernetes
from tests.cluster.graphs import target
from tests.cluster.test_scale_kinds import live, put, uid

KEY = "run-7/setting"
LABELS = {"a": "b"}


@pytest.fixture
def empty() -> Cluster:
    world = Cluster(now=lambda: NOW)
    meta = {"metadata": {"name": NAMESPACE}}
    world.create(resources.NAMESPACES, meta, writer=Writer(manager="somebody"))
    return world


def deployment(world: Cluster, *, seconds: int | None = None, **engine: object) -> None:
    container = {"name": "vllm", "image": "vllm:1", "command": ["vllm", "serve", "m"], **engine}
    grace = {} if seconds is None else {"terminationGracePeriodSeconds": seconds}
    pod = {"containers": [{"name": "side", "image": "x"}, container], **grace}
    template = {"metadata": {"labels": LABELS}, "spec": pod}
    spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}
    put(world, kinds.DEPLOYMENT, "x", spec)


def plan(world: Cluster, action: str, asked: Mapping[str, object]) -> Plan:
    meant = replace(target(kinds.DEPLOYMENT, "x"), uid=uid(world, kinds.DEPLOYMENT))
    return verbs(StandInKubernetes(world))[action].plan(meant, asked)


def apply(world: Cluster, made: Plan, key: str = KEY) -> None:
    verb = verbs(StandInKubernetes(world))[made.action]
    assert verb.already_done(made, key=key) is Done.NO
    verb.apply(made, key=key)
    assert verb.already_done(made, key=key) is Done.YES
    assert verb.settled(made).reverted_by is None
    assert verb.settled(made).ready == 0


def engine(world: Cluster) -> Mapping[str, object]:
    spec = live(world, kinds.DEPLOYMENT)["spec"]["template"]["spec"]
    found: Mapping[str, object] = spec["containers"][1]
    return found


LIMITS = {"limits": {"memory": "64Gi"}, "requests": {"cpu": "8"}}
STARTUP = {"httpGet": {"path": "/health"}, "failureThreshold": 60}
CHANGES = {
    "one limit": (
        {"resources": LIMITS},
        ("resource_limits", {"memory": "96Gi"}),
        ("resources", {**LIMITS, "limits": {"memory": "96Gi"}}),
    ),
    "a limit more": (
        {"resources": LIMITS},
        ("resource_limits", {"cpu": "16"}),
        ("resources", {**LIMITS, "limits": {"memory": "64Gi", "cpu": "16"}}),
    ),
    "limits where there are none": (
        {},
        ("resource_limits", {"memory": "96Gi"}),
        ("resources", {"limits": {"memory": "96Gi"}}),
    ),
    "two limits where there are none": (
        {"resources": {"requests": {"cpu": "1"}}},
        ("resource_limits", {"memory": "96Gi", "cpu": "8"}),
        ("resources", {"requests": {"cpu": "1"}, "limits": {"memory": "96Gi", "cpu": "8"}}),
    ),
    "a limit fewer": (
        {"resources": LIMITS},
        ("resource_limits", {"memory": "none"}),
        ("resources", {**LIMITS, "limits": {}}),
    ),
    "a probe": (
        {"startupProbe": STARTUP},
        ("probe_timing", {"probe": "startup", "failures": 120, "period": 10}),
        ("startupProbe", {**STARTUP, "failureThreshold": 120}),
    ),
}


@pytest.mark.parametrize(("made", "asked", "after"), CHANGES.values(), ids=CHANGES)
def test_the_engine_gets_it_and_nothing_else(
    empty: Cluster,
    made: Mapping[str, object],
    asked: tuple[str, Mapping[str, object]],
    after: tuple[str, object],
) -> None:
    """Where a part of the way is missing, all of it is written."""
    deployment(empty, **made)
    before = engine(empty)

    planned = plan(empty, *asked)
    apply(empty, planned)

    changed = {name: each for name, each in engine(empty).items() if before.get(name) != each}
    assert changed == dict([after])
    assert planned.reversible
    assert any("load the model again" in each for each in planned.warnings)


@pytest.mark.parametrize(
    ("made", "action", "asked", "inverse"),
    [
        pytest.param(
            {"resources": {"limits": {"memory": "64Gi", "cpu": "8"}}},
            "resource_limits",
            {"memory": "96Gi", "cpu": "500m"},
            {"cpu": "8", "memory": "64Gi"},
            id="limits",
        ),
        pytest.param({}, "resource_limits", {"cpu": "8"}, {"cpu": "none"}, id="no limits"),
        pytest.param(
            {"livenessProbe": {"httpGet": {"path": "/"}, "periodSeconds": 5}},
            "probe_timing",
            {"probe": "liveness", "period": 30, "timeout": 10},
            {"probe": "liveness", "period": "5", "timeout": "1"},
            id="probe",
        ),
        pytest.param({"seconds": 60}, "grace_period", {"seconds": 600}, {"seconds": "60"}),
        pytest.param({}, "grace_period", {"seconds": 600}, {"seconds": "30"}, id="by default"),
    ],
)
def test_the_way_back_is_the_same_action(
    empty: Cluster,
    made: Mapping[str, object],
    action: str,
    asked: Mapping[str, object],
    inverse: Mapping[str, str],
) -> None:
    """And the way back of the way back is the change again."""
    deployment(empty, **made)

    planned = plan(empty, action, asked)
    apply(empty, planned)
    back = plan(empty, action, inverse)
    apply(empty, back, key="run-7/undo")

    assert dict(planned.inverse) == {"action": action, **inverse}
    again = {name: str(each) for name, each in asked.items()}
    assert dict(back.inverse) == {"action": action, **again}


REFUSED = {
    "no limit": ("resource_limits", {}, "say cpu or memory"),
    "no quantity": ("resource_limits", {"memory": "lots"}, "a quantity such as 96Gi"),
    "too little": ("resource_limits", {"memory": "1Mi"}, "a quantity such as"),
    "the same limit": ("resource_limits", {"memory": "64Gi"}, "nothing to change"),
    "no probe": ("probe_timing", {"period": 5}, "say probe"),
    "no timing": ("probe_timing", {"probe": "startup"}, "say probe"),
    "a probe that is not there": (
        "probe_timing",
        {"probe": "liveness", "period": 5},
        "no liveness probe",
    ),
    "a probe too often": ("probe_timing", {"probe": "startup", "period": 0}, "from 1 to 600"),
    "the same probe": ("probe_timing", {"probe": "startup", "failures": 60}, "nothing to change"),
    "no grace": ("grace_period", {"seconds": 0}, "a number from 1 to 3600"),
    "grace as text": ("grace_period", {"seconds": "-1"}, "a number from 1 to 3600"),
    "the same grace": ("grace_period", {"seconds": 30}, "nothing to change"),
    "another parameter": ("grace_period", {"minutes": 3}, "unknown parameter 'minutes'"),
}


@pytest.mark.parametrize(("action", "asked", "because"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused(
    empty: Cluster, action: str, asked: Mapping[str, object], because: str
) -> None:
    """Before anybody is asked to approve."""
    deployment(empty, resources=LIMITS, startupProbe=STARTUP)

    with pytest.raises(Rejected, match=because):
        plan(empty, action, asked)


def test_a_quantity_that_may_not_be_asked_for_has_no_way_back(empty: Cluster) -> None:
    """The card must not offer an undo that would be refused."""
    deployment(empty, resources={"limits": {"memory": "68719476736"}})

    assert not plan(empty, "resource_limits", {"memory": "96Gi"}).reversible


def test_a_paused_rollout_would_roll_out_nothing(empty: Cluster) -> None:
    """The change would stand there and come into force some day."""
    deployment(empty)

    def paused(thing):
        return {**thing, "spec": {**thing["spec"], "paused": True}}

    writer = Writer(manager="x")
    empty.update(resources.DEPLOYMENTS, NAMESPACE, "x", paused, writer=writer)

    with pytest.raises(Rejected, match="it is paused"):
        plan(empty, "grace_period", {"seconds": 600})


def test_which_container_is_the_engine_must_be_told(empty: Cluster) -> None:
    """Two that serve models are one too many to guess."""
    deployment(empty)

    def two(thing):
        containers = thing["spec"]["template"]["spec"]["containers"]
        containers[0] = {**containers[1], "name": "other"}
        return thing

    writer = Writer(manager="x")
    empty.update(resources.DEPLOYMENTS, NAMESPACE, "x", two, writer=writer)

    with pytest.raises(Rejected, match="nothing tells which container is the engine"):
        plan(empty, "resource_limits", {"cpu": "8"})
