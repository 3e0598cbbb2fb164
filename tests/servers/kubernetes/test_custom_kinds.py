"""What actions write to custom kinds is accepted by their real definitions, and by these rights."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Patch, Thing, Write
from incidents.errors import Rejected
from tests.contract.cluster import objects
from tests.contract.cluster.asking import Body
from tests.servers.kubernetes.conftest import Real

pytestmark = pytest.mark.server

ANALYSIS = Path(__file__).parents[3] / "deploy/argo-rollouts/analysis-templates.yaml"
POOL = objects.pool("it", {"app": "m"})
ROUTE = objects.route("it", model="m", to={"blue": 100, "green": 0})
WEIGHTS = [
    {"op": "replace", "path": f"/spec/rules/0/backendRefs/{index}/weight", "value": weight}
    for index, weight in enumerate((0, 100))
]


@pytest.mark.parametrize(
    ("kind", "body", "subresource", "change"),
    [
        pytest.param(kinds.ROUTE, ROUTE, "", WEIGHTS, id="weights-of-a-route"),
        pytest.param(
            kinds.POOL,
            POOL,
            "",
            {"spec": {"endpointPickerRef": {"failureMode": "FailOpen"}}},
            id="failure-mode-of-a-pool",
        ),
        pytest.param(
            kinds.INFERENCE_SERVICE,
            objects.service("it"),
            "",
            {"spec": {"replicas": 3}},
            id="replicas-of-a-service",
        ),
        pytest.param(
            kinds.ROLLOUT,
            objects.rollout("it"),
            "scale",
            {"spec": {"replicas": 3}},
            id="size-of-a-rollout",
        ),
        pytest.param(
            kinds.ROLLOUT,
            objects.rollout("it"),
            "status",
            {"status": {"abort": True}},
            id="abort-of-a-rollout",
        ),
        pytest.param(
            kinds.GROUPS,
            objects.groups("it", replicas=1),
            "scale",
            {"spec": {"replicas": 0}},
            id="size-of-groups",
        ),
        pytest.param(
            kinds.SCALED_OBJECT,
            objects.scaled("it", least=1, most=4),
            "",
            {"spec": {"minReplicaCount": 2}},
            id="floor-of-a-scaled-object",
        ),
    ],
)
def test_a_change_needs_one_right_and_can_be_tried_dry(
    place: Real, kind: Kind, body: Body, subresource: str, change: object
) -> None:
    """The right names the kind and, where one is used, its subresource."""
    found = _made(place, kind, body)
    right = f"{kind.plural}/{subresource}" if subresource else kind.plural
    client = place.client(frozenset({f"patch {right}"}))
    asked = _write(found, subresource, change)

    dry = client.write(_write(found, subresource, change, dry_run=True))
    untouched = place.client().thing(place.namespace, found.itself)
    done = client.write(asked)

    assert untouched == found
    assert done.resource_version != found.resource_version
    assert dry.body.get("spec") == done.body.get("spec")
    assert dry.body.get("status") == done.body.get("status")


@pytest.mark.parametrize(
    ("kind", "body", "change", "told"),
    [
        pytest.param(
            kinds.POOL,
            POOL,
            {"spec": {"endpointPickerRef": {"failureMode": "FailSometimes"}}},
            'Unsupported value: "FailSometimes"',
            id="failure-mode",
        ),
        pytest.param(
            kinds.ROUTE,
            ROUTE,
            [{**WEIGHTS[0], "value": -1}],
            "should be greater than or equal to 0",
            id="weight",
        ),
        pytest.param(
            kinds.ROUTE,
            ROUTE,
            [{"op": "test", "path": "/spec/rules/0/backendRefs/0/name", "value": "red"}],
            "the server rejected our request due to an error in our request",
            id="another-backend",
        ),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    place: Real, kind: Kind, body: Body, change: object, told: str
) -> None:
    """Before anything is stored, and in the definition's own words."""
    found = _made(place, kind, body)

    with pytest.raises(Rejected, match=told):
        place.client().write(_write(found, "", change))

    assert place.client().thing(place.namespace, found.itself) == found


def test_the_right_to_a_kind_is_none_to_its_status(place: Real) -> None:
    """An abort of a rollout is written there."""
    found = _made(place, kinds.ROLLOUT, objects.rollout("it"))
    client = place.client(frozenset({"patch rollouts"}))

    with pytest.raises(Forbidden, match="rollouts/status"):
        client.write(_write(found, "status", {"status": {"abort": True}}))


def _made(place: Real, kind: Kind, body: Body) -> Thing:
    made = place.make(kind, body)
    reference = OwnerReference(
        kind=kind.name, name="it", uid=made["metadata"]["uid"], api_version=kind.api_version
    )
    return place.client().thing(place.namespace, reference)


def _write(found: Thing, subresource: str, change: object, *, dry_run: bool = False) -> Write:
    return Write(
        namespace=found.namespace,
        reference=found.itself,
        resource_version=found.resource_version,
        change=change,
        manager="triaged/run-1",
        patch=Patch.JSON if isinstance(change, list) else Patch.MERGE,
        subresource=subresource,
        dry_run=dry_run,
    )


def test_the_analysis_templates_that_we_ship_are_accepted(place: Real) -> None:
    """Their real definitions know every field that is written there."""
    templates = YAML(typ="safe").load_all(ANALYSIS.read_text("utf-8"))

    for each in templates:
        made = place.api().create(
            f"/apis/argoproj.io/v1alpha1/namespaces/{place.namespace}/analysistemplates"
            "?fieldValidation=Strict",
            each,
        )
        assert made["spec"] == each["spec"]
