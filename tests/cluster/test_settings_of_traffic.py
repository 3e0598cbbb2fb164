"""Routes, pools and objectives are changed where they stay, and a change says whether it stands."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.targets.target import Target
from drills.kubernetes import shapes
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Conflict, Rejected
from tests.cluster.conftest import NOW, StandInKubernetes
from tests.cluster.graphs import target
from tests.cluster.test_scale_kinds import live, put, resource

BLUE, GREEN = {"llm-d.ai/role": "decode"}, {"llm-d.ai/role": "prefill"}
TARGET = replace(target(kinds.DEPLOYMENT), pool="blue")
KEY = "run-7/shift"
OPERATOR = Writer(manager="somebody")


def backend(name: str, weight: int, **parts: str) -> Object:
    return {"group": "g", "kind": "InferencePool", "name": name, "weight": weight, **parts}


def rule(*backends: Object) -> Object:
    return {"backendRefs": list(backends)}


NINE_TO_ONE = rule(backend("blue", 9), backend("green", 1))


def lead(world: Cluster, *rules: Object, name: str = "x") -> None:
    put(world, kinds.ROUTE, name, {"rules": list(rules)})


@pytest.fixture
def pools(world: Cluster) -> Cluster:
    """Return the cluster with two pools, both with ready pods, and an empty one."""
    for name, chosen in (("blue", BLUE), ("green", GREEN), ("empty", {"no": "pod"})):
        shapes.pool(world, name, chosen)
    return world


def plan(
    kubernetes: StandInKubernetes, action: str, asked: Mapping[str, object], at: Target = TARGET
) -> Plan:
    return verbs(kubernetes)[action].plan(at, asked)


def accept(
    world: Cluster, *, name: str = "x", status: str = "True", seen: int | None = None
) -> None:
    """Let a gateway say that it follows the route, as it has seen it."""

    def told(thing: Object) -> Object:
        at = thing["metadata"]["generation"] if seen is None else seen
        condition = {"type": "Accepted", "status": status, "reason": "R", "observedGeneration": at}
        thing["status"] = {"parents": [{"conditions": [condition]}]}
        return thing

    gateway = Writer(manager="gateway", subresource="status")
    world.update(resource(kinds.ROUTE), "llm-d", name, told, writer=gateway)


def weights(world: Cluster) -> list[list[int]]:
    rules = live(world, kinds.ROUTE)["spec"]["rules"]
    return [[each["weight"] for each in one["backendRefs"]] for one in rules]


def test_requests_are_moved_from_one_pool_to_the_other(
    pools: Cluster, kubernetes: StandInKubernetes
) -> None:
    """Blue and green pools: the way back that llm-d recommends is a pair of weights."""
    lead(pools, NINE_TO_ONE)

    made = plan(kubernetes, "shift_traffic", {"pool": "green", "percent": 100})
    verb = verbs(kubernetes)["shift_traffic"]
    assert verb.already_done(made, key=KEY) is Done.NO
    verb.apply(made, key=KEY)

    assert weights(pools) == [[0, 100]]
    assert made.before == (("weight of green", "1"), ("weight of blue", "9"))
    assert made.after == (("weight of green", "100"), ("weight of blue", "0"))
    assert made.warnings == (
        "100 % to green, 0 % to blue",
        "blue gets no new requests; what runs there ends there",
    )
    assert verb.already_done(made, key=KEY) is Done.YES
    back = dict(made.inverse)
    verb.apply(plan(kubernetes, back.pop("action"), back), key="run-7/undo")
    assert weights(pools) == [[9, 1]]


def test_all_rules_of_a_route_that_split_two_pools_move_together(
    pools: Cluster, kubernetes: StandInKubernetes
) -> None:
    """Chat and completions are two rules of one model; other rules stay as they are."""
    turned = rule(backend("green", 1), backend("blue", 9))
    lead(pools, NINE_TO_ONE, rule(backend("blue", 1)), turned)

    made = plan(kubernetes, "shift_traffic", {"pool": "green", "weights": "1:3"})
    verbs(kubernetes)["shift_traffic"].apply(made, key=KEY)

    assert weights(pools) == [[3, 1], [1], [1, 3]]
    assert ("weight of green in rule 3", "1") in made.after


SPLIT = {"pool": "green", "percent": 50}


@pytest.mark.parametrize(
    ("rules", "asked", "because"),
    [
        pytest.param([NINE_TO_ONE], {"pool": "green"}, "say percent or weights", id="no-share"),
        pytest.param([NINE_TO_ONE], {**SPLIT, "weights": "1:1"}, "not both", id="both"),
        pytest.param([NINE_TO_ONE], {"pool": "green", "percent": 101}, "at most 100", id="101"),
        pytest.param([NINE_TO_ONE], {"pool": "green", "percent": "-1"}, "a number", id="negative"),
        pytest.param([NINE_TO_ONE], {"pool": "green", "weights": "9"}, '"9:1"', id="one-weight"),
        pytest.param([NINE_TO_ONE], {"pool": "green", "weights": "0:0"}, "no request", id="none"),
        pytest.param([NINE_TO_ONE], {"pool": "green", "weights": "1:9"}, "nothing to", id="same"),
        pytest.param([NINE_TO_ONE], {**SPLIT, "rule": 1}, "unknown parameter", id="unknown"),
        pytest.param([NINE_TO_ONE], {**SPLIT, "pool": "red"}, "no VirtualService splits", id="red"),
        pytest.param(
            [NINE_TO_ONE],
            {**SPLIT, "route": "y"},
            "no HTTPRoute y and no VirtualService y splits",
            id="route",
        ),
        pytest.param([rule(backend("green", 1))], SPLIT, "no VirtualService splits", id="one-pool"),
        pytest.param(
            [rule(backend("red", 1), backend("green", 1))], SPLIT, "the target's (blue)", id="other"
        ),
        pytest.param(
            [rule(backend("blue", 1, namespace="far"), backend("green", 1))],
            SPLIT,
            "no VirtualService splits",
            id="pool-of-another-namespace",
        ),
        pytest.param(
            [rule(backend("blue", 1), backend("green", 1), backend("red", 1))],
            SPLIT,
            "no VirtualService splits",
            id="three",
        ),
        pytest.param(
            [NINE_TO_ONE, rule(backend("blue", 1), backend("green", 1))],
            {**SPLIT, "percent": 10},
            "rules 1, 2 of HTTPRoute llm-d/x split differently",
            id="uneven",
        ),
        pytest.param(
            [rule(backend("blue", 9), backend("empty", 0))],
            {"pool": "empty", "percent": 10},
            "pool empty has no ready pod",
            id="nothing-ready",
        ),
    ],
)
def test_a_shift_that_cannot_be_meant_is_refused(
    pools: Cluster,
    kubernetes: StandInKubernetes,
    rules: list[Object],
    asked: Mapping[str, object],
    because: str,
) -> None:
    """Requests that are sent where nothing answers them are lost."""
    lead(pools, *rules)

    with pytest.raises(Rejected, match=because.replace("(", r"\(").replace(")", r"\)")):
        plan(kubernetes, "shift_traffic", asked)


def test_of_several_routes_one_has_to_be_named(
    pools: Cluster, kubernetes: StandInKubernetes
) -> None:
    """Which one is meant nobody can guess."""
    lead(pools, NINE_TO_ONE)
    lead(pools, NINE_TO_ONE, name="y")

    with pytest.raises(Rejected, match="several routes split them: x, y; say route"):
        plan(kubernetes, "shift_traffic", SPLIT)
    assert plan(kubernetes, "shift_traffic", {**SPLIT, "route": "y"}).write.name == "y"


def test_another_order_of_the_backends_voids_the_plan(
    pools: Cluster, kubernetes: StandInKubernetes
) -> None:
    """A weight is written by its place in a list: there it would be another pool's."""
    lead(pools, NINE_TO_ONE)
    made = plan(kubernetes, "shift_traffic", SPLIT)

    def turn(thing: Object) -> Object:
        thing["spec"]["rules"][0]["backendRefs"].reverse()
        return thing

    pools.update(resource(kinds.ROUTE), "llm-d", "x", turn, writer=OPERATOR)

    with pytest.raises(Conflict):
        verbs(kubernetes)["shift_traffic"].apply(made, key=KEY)
    assert weights(pools) == [[1, 9]]
    assert plan(kubernetes, "shift_traffic", SPLIT).digest != made.digest


def test_a_shift_has_come_about_when_the_gateways_follow_it(
    pools: Cluster, kubernetes: StandInKubernetes
) -> None:
    """What no gateway has accepted moves no request."""
    lead(pools, NINE_TO_ONE)
    verb = verbs(kubernetes)["shift_traffic"]
    made = plan(kubernetes, "shift_traffic", SPLIT)
    verb.apply(made, key=KEY)
    generation = live(pools, kinds.ROUTE)["metadata"]["generation"]

    said = [verb.settled(made)]
    for status, seen in (("True", generation - 1), ("False", generation), ("True", generation)):
        accept(pools, status=status, seen=seen)
        said.append(verb.settled(made))

    assert [each.said for each in said] == [
        "no gateway says that it follows the route",
        "a gateway has not seen the change yet",
        "a gateway says Accepted: R",
        "it stands as it was written",
    ]
    assert [each.since for each in said] == [None, None, None, NOW]


def test_who_took_the_weights_back_is_named(pools: Cluster, kubernetes: StandInKubernetes) -> None:
    """The next question is whom to ask."""
    lead(pools, NINE_TO_ONE)
    made = plan(kubernetes, "shift_traffic", SPLIT)
    verbs(kubernetes)["shift_traffic"].apply(made, key=KEY)

    def back(thing: Object) -> Object:
        thing["spec"]["rules"] = [NINE_TO_ONE]
        return thing

    pools.update(resource(kinds.ROUTE), "llm-d", "x", back, writer=Writer(manager="flagger"))

    assert verbs(kubernetes)["shift_traffic"].settled(made).reverted_by == "flagger"


@pytest.mark.parametrize(
    ("old", "field"),
    [
        pytest.param(False, "endpointPickerRef", id="v1"),
        pytest.param(True, "extensionRef", id="v1alpha2"),
    ],
)
def test_a_pool_lets_requests_through_without_its_picker(
    world: Cluster, kubernetes: StandInKubernetes, *, old: bool, field: str
) -> None:
    """The stop-gap while the picker is down; both versions of the API say it in another place."""
    shapes.pool(world, "blue", BLUE, old=old)
    verb = verbs(kubernetes)["failure_mode"]

    made = plan(kubernetes, "failure_mode", {"mode": "FailOpen"})
    verb.apply(made, key=KEY)

    kind = kinds.OLD_POOL if old else kinds.POOL
    assert live(world, kind, "blue")["spec"][field]["failureMode"] == "FailOpen"
    assert (made.before, made.reversible) == ((("failure mode", "FailClose"),), True)
    assert "whatever its load, cache or role" in made.warnings[0]
    assert verb.settled(made).since == NOW
    with pytest.raises(Rejected, match="InferencePool blue is FailOpen"):
        plan(kubernetes, "failure_mode", {"mode": "FailOpen"})
    back = dict(made.inverse)
    verb.apply(plan(kubernetes, back.pop("action"), back), key="run-7/undo")
    assert live(world, kind, "blue")["spec"][field]["failureMode"] == "FailClose"


@pytest.mark.parametrize(
    ("asked", "at", "because"),
    [
        pytest.param("FailClosed", TARGET, "mode is FailOpen or FailClose", id="misspelt"),
        pytest.param("FailOpen", replace(TARGET, pool=""), "in no InferencePool", id="no-pool"),
        pytest.param("FailOpen", replace(TARGET, pool="red"), "no InferencePool red", id="gone"),
        pytest.param("FailOpen", replace(TARGET, pool="bare"), "names no endpoint", id="bare"),
    ],
)
def test_a_failure_mode_that_cannot_be_written_is_refused(
    pools: Cluster, kubernetes: StandInKubernetes, asked: str, at: Target, because: str
) -> None:
    """The chart's README advertises a word that the API does not take."""
    put(pools, kinds.POOL, "bare", {"selector": {"matchLabels": BLUE}})

    with pytest.raises(Rejected, match=because):
        plan(kubernetes, "failure_mode", {"mode": asked}, at)


@pytest.mark.parametrize("kind", kinds.OBJECTIVES, ids=lambda kind: kind.group)
def test_batch_is_dropped_first(world: Cluster, kubernetes: StandInKubernetes, kind: Kind) -> None:
    """Below zero an objective's requests give way while the pool is saturated."""
    put(world, kind, "batch", {"poolRef": {"name": "blue"}})
    verb = verbs(kubernetes)["objective_priority"]

    made = plan(kubernetes, "objective_priority", {"objective": "batch", "priority": -5})
    verb.apply(made, key=KEY)

    assert live(world, kind, "batch")["spec"]["priority"] == -5
    assert "first to be dropped" in made.warnings[0]
    assert verb.settled(made).said == "it stands as it was written"
    back = dict(made.inverse)
    verb.apply(plan(kubernetes, back.pop("action"), back), key="run-7/undo")
    assert live(world, kind, "batch")["spec"]["priority"] == 0


@pytest.mark.parametrize(
    ("asked", "because"),
    [
        pytest.param({"objective": "batch", "priority": "high"}, "from -1000 to 1000", id="word"),
        pytest.param({"objective": "batch", "priority": 1001}, "from -1000 to 1000", id="large"),
        pytest.param({"objective": "batch", "priority": 0}, "nothing to change", id="same"),
        pytest.param({"objective": "gone", "priority": 1}, "no InferenceObjective gone", id="gone"),
        pytest.param({"objective": "far", "priority": 1}, "of pool red, not of blue", id="pool"),
    ],
)
def test_a_priority_that_cannot_be_meant_is_refused(
    world: Cluster, kubernetes: StandInKubernetes, asked: Mapping[str, object], because: str
) -> None:
    """Another pool's tenants have nothing to do with this incident."""
    put(world, kinds.OBJECTIVE, "batch", {"poolRef": {"name": "blue"}})
    put(world, kinds.OBJECTIVE, "far", {"poolRef": {"name": "red"}})

    with pytest.raises(Rejected, match=because):
        plan(kubernetes, "objective_priority", asked)


def test_a_pool_in_git_is_changed_there(pools: Cluster, kubernetes: StandInKubernetes) -> None:
    """What heals itself would be back before the picker is."""

    def track(thing: Object) -> Object:
        mark = "serving:inference.networking.k8s.io/InferencePool:llm-d/blue"
        thing["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": mark}
        thing["spec"]["endpointPickerRef"]["failureMode"] = "FailClose"
        return thing

    argo = Writer(manager="argocd-controller")
    pools.update(resource(kinds.POOL), "llm-d", "blue", track, writer=argo)

    with pytest.raises(Rejected) as refused:
        plan(kubernetes, "failure_mode", {"mode": "FailOpen"})
    assert "change it in Git" in str(refused.value)
    assert (
        "InferencePool llm-d/blue, spec.endpointPickerRef.failureMode: FailClose → FailOpen;"
        " an incident needs it"
    ) in str(refused.value)
