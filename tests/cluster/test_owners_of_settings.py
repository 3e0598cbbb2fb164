"""Who brings back what is no number of replicas: routes, pools and objectives."""

from collections.abc import Mapping

import pytest

from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.owners import argo_cd, keda, registry
from cluster.owners.ownership import Ownership
from cluster.owners.place import Place, Unit
from cluster.owners.resolve import resolve
from cluster.owners.sight import LiveSight
from drills.kubernetes.resources import NODES
from tests.cluster.conftest import StandInKubernetes
from tests.cluster.graphs import ARGO_CD, NAMESPACE, Seen, made, refer

WEIGHT = ("spec", "rules", "0", "backendRefs", "0", "weight")
RELEASED = {"name": "llm", "namespace": "flux-system"}
RULES = {"rules": [{"backendRefs": [{"name": "blue", "weight": 9}]}]}


def weights(
    route: dict[str, object], *around: dict[str, object], hidden: tuple[Kind, ...] = ()
) -> Ownership:
    place = Place(thing=parse.thing(route), path=WEIGHT, unit=Unit.SETTING)
    return resolve(place, Seen(route, *around, hidden=hidden), registry.kinds())


def rollout(routing: Mapping[str, object]) -> dict[str, object]:
    return made(kinds.ROLLOUT, "decode", {"strategy": {"canary": {"trafficRouting": routing}}})


PLUGIN = "argoproj-labs/gatewayAPI"


@pytest.mark.parametrize(
    ("kind", "routing"),
    [
        pytest.param(kinds.ROUTE, {"plugins": {PLUGIN: {"httpRoute": "llama"}}}, id="one"),
        pytest.param(
            kinds.ROUTE, {"plugins": {PLUGIN: {"httpRoutes": [{"name": "llama"}]}}}, id="several"
        ),
        pytest.param(
            kinds.VIRTUAL_SERVICE, {"istio": {"virtualService": {"name": "llama"}}}, id="istio"
        ),
    ],
)
def test_weights_that_a_rollout_writes_are_its_own(
    kind: Kind, routing: Mapping[str, object]
) -> None:
    """Its next step would write them again, and its analysis would judge other traffic."""
    found = weights(made(kind, "llama", RULES), rollout(routing))

    assert "Rollout decode writes the weights" in found.barred[0].because
    assert found.barred[0].advice == "promote or abort Rollout decode"


def test_a_rollout_that_names_another_route_has_no_say() -> None:
    """Most namespaces have more than one route."""
    other = rollout({"plugins": {PLUGIN: {"httpRoute": "mistral"}}})

    assert weights(made(kinds.ROUTE, "llama", RULES), other).barred == ()


def test_rollouts_that_may_not_be_seen_bar_a_route() -> None:
    """Not seen is not the same as none."""
    found = weights(made(kinds.ROUTE, "llama", RULES), hidden=(kinds.ROLLOUT,))

    assert found.barred[0].advice == "let triaged list rollouts"


def test_what_kserve_made_is_changed_at_its_service() -> None:
    """KServe writes the routes and pools that it made back at its next reconciliation."""
    service = made(kinds.INFERENCE_SERVICE, "llama")
    route = made(kinds.ROUTE, "llama", RULES, above=refer(kinds.INFERENCE_SERVICE, "llama"))

    found = weights(route, service)

    assert found.place.thing.itself.kind == "HTTPRoute"
    assert found.barred[0].advice == "change it at LLMInferenceService llama"


def test_a_node_is_looked_for_outside_of_namespaces(kubernetes: StandInKubernetes) -> None:
    """A path with a namespace leads to no node."""
    name = kubernetes.cluster.select(NODES, "")[0]["metadata"]["name"]
    reference = OwnerReference(kind="Node", name=name, api_version="v1")

    found = LiveSight(kubernetes, "llm-d").thing(reference)

    assert str(found) == f"Node {name}"


def test_argo_cd_may_ignore_a_weight_by_its_place_in_a_list() -> None:
    """As its own page writes it: a bar would send a person to Git for nothing."""
    tracked = f"serving:{kinds.ROUTE.group}/HTTPRoute:{NAMESPACE}/llama"
    route = made(kinds.ROUTE, "llama", RULES, notes={argo_cd.TRACKING: tracked})
    ignored = {"group": kinds.ROUTE.group, "kind": "HTTPRoute"}
    found = [
        weights(route, application({**ignored, "jqPathExpressions": [expression]})).barred
        for expression in (".spec.rules[0].backendRefs[0].weight", ".spec.rules[1]")
    ]

    assert [len(each) for each in found] == [0, 1]


def application(*ignored: Mapping[str, object]) -> dict[str, object]:
    heals = {"automated": {"selfHeal": True}}
    spec = {"syncPolicy": heals, "ignoreDifferences": list(ignored)}
    return made(kinds.APPLICATION, "serving", spec, namespace=ARGO_CD)


@pytest.mark.parametrize(
    ("path", "bars"),
    [
        pytest.param("/metadata/annotations/autoscaling.keda.sh~1paused", 0, id="this-one"),
        pytest.param("/metadata/annotations", 1, id="another"),
    ],
)
def test_flux_may_ignore_an_annotation_with_a_slash(path: str, bars: int) -> None:
    """A slash within a name is written ~1, or the pointer leads elsewhere."""
    marks = {f"helm.toolkit.fluxcd.io/{name}": word for name, word in RELEASED.items()}
    scaled = made(kinds.SCALED_OBJECT, notes={keda.PAUSED: "true"}, labels=marks)
    drift = {"mode": "enabled", "ignore": [{"paths": [path]}]}
    release = made(
        kinds.HELM_RELEASE, "llm", {"driftDetection": drift}, namespace=RELEASED["namespace"]
    )
    place = Place(
        thing=parse.thing(scaled), path=("metadata", "annotations", keda.PAUSED), unit=Unit.OTHER
    )

    found = resolve(place, Seen(scaled, release), registry.kinds())

    assert len(found.barred) == bars
