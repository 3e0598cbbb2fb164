"""A VirtualService of Istio shares requests between Services, by the same arithmetic as a route."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.targets.target import Target
from drills.kubernetes.objects import Object
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import DECODE, NOW, StandInKubernetes
from tests.cluster.test_pods_that_go import found, pods
from tests.cluster.test_scale_kinds import live, put
from tests.cluster.test_settings_of_traffic import KEY, NINE_TO_ONE, lead

BLUE, GREEN = {"llm-d.ai/role": "decode"}, {"llm-d.ai/role": "prefill"}
HALF = {"pool": "green", "percent": 50}


def to(host: str, weight: int | None = None, **parts: str) -> Object:
    given = {} if weight is None else {"weight": weight}
    return {"destination": {"host": host, **parts}, **given}


def rule(*destinations: Object) -> Object:
    return {"route": list(destinations)}


def steer(world: Cluster, *rules: Object) -> None:
    put(world, kinds.VIRTUAL_SERVICE, "x", {"http": list(rules)})


@pytest.fixture
def at(world: Cluster) -> Target:
    """Return the target, of two Services with ready pods and one without."""
    for name, chosen in (("blue", BLUE), ("green", GREEN), ("empty", {"no": "pod"}), ("any", {})):
        put(world, kinds.SERVICE, name, {"selector": chosen})
    return replace(found(world, kinds.DEPLOYMENT, DECODE), pods=tuple(pods(world)))


def plan(kubernetes: StandInKubernetes, at: Target, asked: Mapping[str, object]) -> Plan:
    return verbs(kubernetes)["shift_traffic"].plan(at, asked)


def weights(world: Cluster) -> list[list[int | None]]:
    rules = live(world, kinds.VIRTUAL_SERVICE)["spec"]["http"]
    return [[each.get("weight") for each in one["route"]] for one in rules]


def test_requests_are_moved_between_two_services(
    world: Cluster, kubernetes: StandInKubernetes, at: Target
) -> None:
    """Blue and green behind Istio's gateway; the way back restores what stood there."""
    steer(world, rule(to("blue.llm-d.svc.cluster.local", 90), to("green", 10)))
    verb = verbs(kubernetes)["shift_traffic"]

    made = plan(kubernetes, at, {"pool": "green", "percent": 100})
    assert verb.already_done(made, key=KEY) is Done.NO
    verb.apply(made, key=KEY)

    assert weights(world) == [[0, 100]]
    assert made.write.kind == "VirtualService"
    assert made.before == (("weight of green", "10"), ("weight of blue", "90"))
    assert made.warnings[0] == "100 % to green, 0 % to blue"
    assert (verb.settled(made).said, verb.settled(made).since) == (
        "it stands as it was written",
        NOW,
    )
    back = dict(made.inverse)
    assert back.pop("action") == "shift_traffic"
    verb.apply(plan(kubernetes, at, back), key="run-7/undo")
    assert weights(world) == [[90, 10]]


def test_an_absent_weight_gets_no_request(
    world: Cluster, kubernetes: StandInKubernetes, at: Target
) -> None:
    """Of several destinations Istio takes it for 0, where the Gateway API takes it for 1."""
    steer(world, rule(to("blue", 100), to("green")))

    made = plan(kubernetes, at, HALF)
    verbs(kubernetes)["shift_traffic"].apply(made, key=KEY)

    assert made.before[0] == ("weight of green", "0")
    assert weights(world) == [[50, 50]]


@pytest.mark.parametrize(
    ("rules", "asked", "because"),
    [
        pytest.param(
            [rule(to("blue", 90), to("empty", 10))],
            {"pool": "empty", "percent": 20},
            "Service empty has no ready pod",
            id="nothing-ready",
        ),
        pytest.param(
            [rule(to("blue", 90), to("any", 10))],
            {"pool": "any", "percent": 20},
            "Service any has no ready pod",
            id="no-selector",
        ),
        pytest.param(
            [rule(to("blue", 9, subset="v1"), to("green", 1))], HALF, "splits requests", id="subset"
        ),
        pytest.param(
            [rule(to("blue.far", 9), to("green", 1))], HALF, "splits requests", id="elsewhere"
        ),
        pytest.param(
            [rule(to("green", 9), to("empty", 1))], HALF, "splits requests", id="not-the-target"
        ),
        pytest.param(
            [rule(to("blue", 9), to("green", 1))],
            {"pool": "green", "weights": "1:9"},
            "nothing to change: green : blue in VirtualService x is 1:9",
            id="same",
        ),
    ],
)
def test_a_shift_between_services_that_cannot_be_meant_is_refused(
    world: Cluster,
    kubernetes: StandInKubernetes,
    at: Target,
    rules: list[Object],
    asked: Mapping[str, object],
    because: str,
) -> None:
    """Requests that are sent where nothing answers them are lost."""
    steer(world, *rules)

    with pytest.raises(Rejected, match=because):
        plan(kubernetes, at, asked)


def test_a_rollout_keeps_the_weights_of_its_virtual_service(
    world: Cluster, kubernetes: StandInKubernetes, at: Target
) -> None:
    """Its next step would write them again, and its analysis would judge other traffic."""
    steer(world, rule(to("blue", 90), to("green", 10)))
    routing = {"istio": {"virtualService": {"name": "x"}}}
    put(world, kinds.ROLLOUT, "decode", {"strategy": {"canary": {"trafficRouting": routing}}})

    with pytest.raises(Rejected, match="promote or abort Rollout decode"):
        plan(kubernetes, at, HALF)


def test_where_pools_are_the_route_is_shifted(
    world: Cluster, kubernetes: StandInKubernetes, at: Target
) -> None:
    """The endpoint picker stands behind the HTTPRoute; a Service before it is another story."""
    for name, chosen in (("blue", BLUE), ("green", GREEN)):
        put(world, kinds.POOL, name, {"selector": {"matchLabels": chosen}})
    steer(world, rule(to("blue", 90), to("green", 10)))
    lead(world, NINE_TO_ONE)

    assert plan(kubernetes, replace(at, pool="blue"), HALF).write.kind == "HTTPRoute"


class Blind(StandInKubernetes):
    """A cluster in which some kinds may not be listed."""

    def __init__(self, cluster: Cluster, hidden: Kind) -> None:
        super().__init__(cluster)
        self._hidden = hidden

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> object:  # type: ignore[override]  # or it raises
        if kind == self._hidden:
            message = f"no permission to list {kind.plural}"
            raise Rejected(message)
        return super().things(namespace, kind, selector=selector)


@pytest.mark.parametrize(
    "hidden", [kinds.VIRTUAL_SERVICE, kinds.SERVICE, kinds.POD], ids=lambda kind: kind.name
)
def test_what_may_not_be_seen_is_told(world: Cluster, at: Target, hidden: Kind) -> None:
    """No route that is seen is not the same as no route."""
    steer(world, rule(to("blue", 90), to("green", 10)))

    with pytest.raises(Rejected, match=f"no permission to list {hidden.plural}"):
        plan(Blind(world, hidden), at, HALF)
