"""Each kind is scaled through its own field, by a write that is recognised and can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from cluster.actions.plan import Done, Plan
from cluster.actions.registry import verbs
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.targets.target import Target
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from drills.kubernetes.resources import Resource
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import StandInKubernetes
from tests.cluster.graphs import made, refer, target

KEY = "run-7/scale"
SIX = {"replicas": 6, "at_most": 8}
# The stand-in shows the size of anything that has a selector.
LABELS = {"a": "b"}
FOUR: Mapping[str, object] = {
    "replicas": 4,
    "selector": {"matchLabels": LABELS},
    "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c"}]}},
}


def resource(kind: Kind) -> Resource:
    for each in (*resources.ALL, *resources.CUSTOM):
        if (each.group, each.kind) == (kind.group, kind.name):
            return each
    return Resource(group=kind.group, version=kind.version, plural=kind.plural, kind=kind.name)


def put(world: Cluster, kind: Kind, name: str, spec: Mapping[str, object], **parts: object) -> None:
    """Store an object; its uid is the cluster's."""
    world.install(resource(kind))
    body = made(kind, name, spec, **parts)
    # A reference is by uid, and the stand-in gives each object one of its own.
    for owner in body["metadata"]["ownerReferences"]:
        owner["uid"] = uid(world, kinds.BY_NAME[owner["apiVersion"].split("/")[0], owner["kind"]])
    world.create(resource(kind), body, writer=Writer(manager="somebody"))


def live(world: Cluster, kind: Kind, name: str = "x") -> Object:
    return world.get(resource(kind), "llm-d", name)


def uid(world: Cluster, kind: Kind, name: str = "x") -> str:
    found: str = live(world, kind, name)["metadata"]["uid"]
    return found


@dataclass
class Scene:
    """A target in a cluster, and the action on it."""

    world: Cluster
    kubernetes: StandInKubernetes

    def find(self, kind: Kind, **parts: str) -> Target:
        found = target(kind, "x", **parts)
        values = {name: getattr(found, name) for name in found.__slots__}
        return Target(**{**values, "uid": uid(self.world, kind)})

    def plan(self, kind: Kind, action: str = "scale", asked: object = None, **parts: str) -> Plan:
        parameters = SIX if asked is None else asked
        return verbs(self.kubernetes)[action].plan(self.find(kind, **parts), parameters)

    def apply(self, plan: Plan, *, key: str = KEY) -> None:
        verb = verbs(self.kubernetes)[plan.action]
        assert verb.already_done(plan, key=key) is Done.NO
        verb.apply(plan, key=key)
        assert verb.already_done(plan, key=key) is Done.YES
        assert verb.already_done(plan, key="run-8/scale") is Done.CANNOT_TELL
        assert verb.settled(plan).reverted_by is None

    def undo(self, plan: Plan, kind: Kind, **parts: str) -> None:
        back = dict(plan.inverse)
        action = back.pop("action")
        self.apply(self.plan(kind, action, back, **parts), key="run-7/undo")


@pytest.fixture
def scene(world: Cluster, kubernetes: StandInKubernetes) -> Scene:
    return Scene(world, kubernetes)


@pytest.mark.parametrize(
    "kind",
    [kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.ROLLOUT, kinds.GROUPS],
    ids=lambda kind: kind.name,
)
def test_what_has_a_scale_is_written_through_it(scene: Scene, kind: Kind) -> None:
    """The right to scale is not the right to change an image."""
    put(scene.world, kind, "x", FOUR)

    plan = scene.plan(kind)
    scene.apply(plan)

    assert (plan.write.kind, plan.write.subresource) == (kind.name, "scale")
    assert live(scene.world, kind)["spec"]["replicas"] == 6
    assert "scale" in plan.kubectl
    scene.undo(plan, kind)
    assert live(scene.world, kind)["spec"]["replicas"] == 4


ROLES = [
    {"name": "prefill", "spec": {"replicas": 1, "leaderWorkerTemplate": {"size": 2}}},
    {"name": "decode", "spec": {"replicas": 4, "leaderWorkerTemplate": {"size": 2}}},
]


@pytest.mark.parametrize("notes", [{}, {"team": "serving"}], ids=["bare", "annotated"])
def test_a_role_is_one_element_of_a_list(scene: Scene, notes: Mapping[str, str]) -> None:
    """A merge patch would write the other roles too, as they were at some other time."""
    put(scene.world, kinds.DISAGGREGATED, "x", {"roles": ROLES}, notes=notes)

    plan = scene.plan(kinds.DISAGGREGATED)
    scene.apply(plan)

    after = live(scene.world, kinds.DISAGGREGATED)
    assert [each["spec"]["replicas"] for each in after["spec"]["roles"]] == [1, 6]
    assert after["metadata"]["annotations"] == {**notes, "triaged.dev/run": KEY}
    assert plan.warnings[-1] == "each replica is a group of 2 pods"
    assert "--type=json" in plan.kubectl
    scene.undo(plan, kinds.DISAGGREGATED)


def test_an_inference_service_is_written_and_not_its_deployment(scene: Scene) -> None:
    """KServe would write the Deployment back at once."""
    put(scene.world, kinds.INFERENCE_SERVICE, "x", {"replicas": 4})
    above = refer(kinds.INFERENCE_SERVICE, "x")
    put(scene.world, kinds.DEPLOYMENT, "x-kserve", FOUR, above=above)

    plan = scene.plan(kinds.INFERENCE_SERVICE)
    scene.apply(plan)

    assert plan.owner_path == ("Deployment x-kserve", "LLMInferenceService x")
    assert live(scene.world, kinds.INFERENCE_SERVICE)["spec"]["replicas"] == 6
    assert live(scene.world, kinds.DEPLOYMENT, "x-kserve")["spec"]["replicas"] == 4


def keda(scene: Scene, **parts: object) -> None:
    put(scene.world, kinds.DEPLOYMENT, "x", FOUR)
    spec = {"scaleTargetRef": {"name": "x"}, "minReplicaCount": 2, "maxReplicaCount": 8}
    put(scene.world, kinds.SCALED_OBJECT, "x", spec, **parts)


def test_keda_gets_a_higher_floor_and_its_old_one_back(scene: Scene) -> None:
    """Undo restores what stood there, not what the pods were."""
    keda(scene)

    plan = scene.plan(kinds.DEPLOYMENT)
    scene.apply(plan)

    assert live(scene.world, kinds.SCALED_OBJECT)["spec"]["minReplicaCount"] == 6
    scene.undo(plan, kinds.DEPLOYMENT)
    assert live(scene.world, kinds.SCALED_OBJECT)["spec"]["minReplicaCount"] == 2


def test_keda_is_paused_and_goes_on(scene: Scene) -> None:
    """Then a size of the workload's own stays."""
    keda(scene)

    plan = scene.plan(kinds.DEPLOYMENT, "autoscaler", {"pause": "yes"})
    scene.apply(plan)

    notes = live(scene.world, kinds.SCALED_OBJECT)["metadata"]["annotations"]
    assert notes["autoscaling.keda.sh/paused"] == "true"
    assert (plan.before, plan.after) == ((("paused", "no"),), (("paused", "yes"),))
    assert plan.owner_path == ("Deployment x", "ScaledObject x")
    assert scene.plan(kinds.DEPLOYMENT).write.kind == "Deployment"
    scene.undo(plan, kinds.DEPLOYMENT)
    assert (
        "autoscaling.keda.sh/paused"
        not in (live(scene.world, kinds.SCALED_OBJECT)["metadata"]["annotations"])
    )


def test_the_bounds_of_an_autoscaler_are_changed_together(scene: Scene) -> None:
    """A floor above the ceiling is refused by the API, so both go in one write."""
    put(scene.world, kinds.DEPLOYMENT, "x", FOUR)
    scales = {"scaleTargetRef": refer(kinds.DEPLOYMENT, "x"), "minReplicas": 2, "maxReplicas": 8}
    put(scene.world, kinds.AUTOSCALER, "x", scales)

    plan = scene.plan(kinds.DEPLOYMENT, "autoscaler", {"floor": 10, "ceiling": 12})
    scene.apply(plan)

    spec = live(scene.world, kinds.AUTOSCALER)["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (10, 12)
    assert plan.inverse == (("action", "autoscaler"), ("floor", "2"), ("ceiling", "8"))
    assert plan.warnings == ("6 replicas come at its next sync",)
    scene.undo(plan, kinds.DEPLOYMENT)


@pytest.mark.parametrize(
    ("asked", "because"),
    [
        ({}, "say floor or ceiling, or pause alone"),
        ({"pause": "yes", "floor": 2}, "say floor or ceiling, or pause alone"),
        ({"pause": "maybe"}, "pause is yes or no, not 'maybe'"),
        ({"floor": "many"}, "floor must be a number of at most 1000, not 'many'"),
        ({"least": 2}, "unknown parameter 'least'"),
        ({"floor": 2}, "nothing to change: ScaledObject x is between 2 and 8"),
        ({"floor": 9}, "ScaledObject x cannot be between 9 and 8"),
        ({"ceiling": 0, "floor": 0}, "cannot be between 0 and 0"),
        ({"pause": "no"}, "nothing to change: paused is no"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(scene: Scene, asked: object, because: str) -> None:
    """The reason goes to a person."""
    keda(scene)

    with pytest.raises(Rejected, match=because):
        scene.plan(kinds.DEPLOYMENT, "autoscaler", asked)


def test_what_nothing_scales_has_no_bounds(scene: Scene) -> None:
    """An HPA is not made by this action."""
    put(scene.world, kinds.DEPLOYMENT, "x", FOUR)

    with pytest.raises(Rejected, match="no autoscaler scales Deployment x"):
        scene.plan(kinds.DEPLOYMENT, "autoscaler", {"floor": 2})
    with pytest.raises(Rejected, match="only a ScaledObject can be paused"):
        scene.plan(kinds.DEPLOYMENT, "autoscaler", {"pause": "yes"})


def test_a_refusal_carries_the_text_of_the_pull_request(scene: Scene) -> None:
    """The person who is called needs the file, the field and the numbers."""
    keda(scene, notes={"argocd.argoproj.io/tracking-id": "a:keda.sh/ScaledObject:llm-d/x"})

    with pytest.raises(Rejected) as refused:
        scene.plan(kinds.DEPLOYMENT)

    assert str(refused.value) == (
        "scale Deployment llm-d/x (Deployment x ← ScaledObject x, in Git through Argo CD"
        " Application a): ScaledObject x is in Git through Argo CD Application a, which may write"
        " it back (there is no Application a in argocd or openshift-gitops); change it in Git."
        " Pull request: in the manifest that Argo CD Application a applies, ScaledObject llm-d/x,"
        " spec.minReplicaCount: 2 → 6; the load needs it"
    )
    with pytest.raises(Rejected, match="/paused: no → yes"):
        scene.plan(kinds.DEPLOYMENT, "autoscaler", {"pause": "yes"})


def test_an_object_of_another_shape_is_refused(scene: Scene) -> None:
    """What is no number is not taken for one."""
    keda(scene)
    scene.world.update(
        resource(kinds.SCALED_OBJECT),
        "llm-d",
        "x",
        lambda thing: thing | {"spec": thing["spec"] | {"minReplicaCount": "two"}},
        writer=Writer(manager="somebody"),
    )

    with pytest.raises(Rejected, match="minReplicaCount of it, or of an owner, is not as"):
        scene.plan(kinds.DEPLOYMENT)
