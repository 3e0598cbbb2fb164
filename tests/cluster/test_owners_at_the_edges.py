"""Owners that are half there, hidden, paused, or marked by somebody else."""

from collections.abc import Sequence

import pytest

from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Thing
from cluster.owners import registry, workload
from cluster.owners.in_git import APPLIED
from cluster.owners.ownership import Barred, Claim, Moved, OwnerKind, Ownership
from cluster.owners.place import Place
from cluster.owners.resolve import resolve
from cluster.owners.sight import Hidden, LiveSight, Sight
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from tests.cluster.conftest import StandInKubernetes
from tests.cluster.graphs import ARGO_CD, DEPLOYMENT, Seen, made, refer, target

SPEC = {"replicas": 4, "selector": {"matchLabels": {"a": "b"}}}
SCALES = {"scaleTargetRef": refer(kinds.DEPLOYMENT)}
BOUNDS = {**SCALES, "minReplicas": 2, "maxReplicas": 8}
TRACKING = "argocd.argoproj.io/tracking-id"
MINE = "apps/Deployment:llm-d/decode"
HEALS = {"syncPolicy": {"automated": {"selfHeal": True}}}
IGNORED = {"group": "apps", "kind": "Deployment", "jqPathExpressions": [".spec.replicas"]}


def owned(*objects, hidden=(), kind: Kind = kinds.DEPLOYMENT, **where: str) -> Ownership:
    seen = Seen(*objects, hidden=hidden)
    work = workload.of(target(kind, **where), seen)
    return resolve(work.place, seen, registry.kinds())


def deployment(**parts: object) -> dict[str, object]:
    return made(kinds.DEPLOYMENT, spec=SPEC, **parts)


def application(name: str = "serving", *, home: str = ARGO_CD, notes=None, **spec: object):
    return made(kinds.APPLICATION, name, spec, namespace=home, notes=notes)


@pytest.mark.parametrize(
    ("objects", "path", "notes"),
    [
        pytest.param(
            [deployment(labels={"argocd.argoproj.io/instance": "serving"}), application()],
            "Deployment decode, in Git through Argo CD Application serving without self-heal",
            "the next sync of Argo CD Application serving sets it back to what Git says",
            id="by-its-own-label",
        ),
        pytest.param(
            [deployment(labels={"app.kubernetes.io/instance": "serving"}), application()],
            "Deployment decode, in Git through Argo CD Application serving without self-heal",
            "the next sync of Argo CD Application serving sets it back to what Git says",
            id="by-the-label-that-helm-writes-too",
        ),
        pytest.param(
            [deployment(notes={TRACKING: f"team_serving:{MINE}"}), application(home="team")],
            "Deployment decode, in Git through Argo CD Application serving without self-heal",
            "the next sync of Argo CD Application serving sets it back to what Git says",
            id="in-another-namespace",
        ),
        pytest.param(
            [
                deployment(notes={TRACKING: f"serving:{MINE}"}),
                application(notes={"argocd.argoproj.io/skip-reconcile": "true"}, **HEALS),
            ],
            "Deployment decode, in Git through Argo CD Application serving,"
            " which is not reconciled now",
            "",
            id="skipped",
        ),
        pytest.param(
            [
                deployment(notes={TRACKING: f"serving:{MINE}"}),
                application(**HEALS, ignoreDifferences=[IGNORED]),
            ],
            "Deployment decode, in Git through Argo CD Application serving,"
            " which ignores the field",
            "the next sync of Argo CD Application serving sets it back",
            id="ignored-until-the-next-sync",
        ),
        pytest.param(
            [
                deployment(notes={TRACKING: f"serving:{MINE}"}),
                application(
                    syncPolicy={
                        "automated": {"selfHeal": True},
                        "syncOptions": ["RespectIgnoreDifferences=true"],
                    },
                    ignoreDifferences=[IGNORED],
                ),
            ],
            "Deployment decode, in Git through Argo CD Application serving,"
            " which ignores the field",
            "",
            id="ignored-in-syncs-too",
        ),
    ],
)
def test_argo_cd_is_known_by_each_of_its_marks(objects, path: str, notes: str) -> None:
    """The approver reads what the next sync will do."""
    found = owned(*objects)

    assert (found.barred, found.path) == ((), (path,))
    assert found.notes == tuple(filter(None, [notes]))


@pytest.mark.parametrize(
    "entry",
    [
        {**IGNORED, "group": ""},
        {**IGNORED, "name": "prefill"},
        {**IGNORED, "kind": "StatefulSet"},
        {**IGNORED, "jqPathExpressions": [".spec.template"]},
        "nonsense",
    ],
)
def test_a_rule_that_ignores_something_else_does_not_count(entry: object) -> None:
    """A near miss would be reverted."""
    found = owned(
        deployment(notes={TRACKING: f"serving:{MINE}"}),
        application(**HEALS, ignoreDifferences=[entry]),
    )

    assert found.barred


def test_a_label_that_names_no_application_is_helms() -> None:
    """Half of all charts write it."""
    assert owned(deployment(labels={"app.kubernetes.io/instance": "serving"})).barred == ()


@pytest.mark.parametrize("applied", ["{", "[" * 5000, '{"spec": {"replicas": 4}}'])
def test_what_was_applied_last_and_cannot_be_read_counts_as_in_git(applied: str) -> None:
    """Foreign text decides nothing in favour of a write."""
    notes = {TRACKING: f"serving:{MINE}", APPLIED: applied}

    assert owned(deployment(notes=notes), application(**HEALS)).barred


def test_a_field_that_argo_cd_wrote_is_in_git() -> None:
    """It says so itself, whatever was applied from a client's side before."""
    wrote = deployment(writers=[("argocd-controller", {"f:spec": {"f:replicas": {}}})])
    wrote["metadata"]["annotations"] |= {TRACKING: f"serving:{MINE}", APPLIED: '{"spec": {}}'}

    assert owned(wrote, application(**HEALS)).barred


def helm_release(**drift: object) -> Sequence[dict[str, object]]:
    labels = {"helm.toolkit.fluxcd.io/name": "llm", "helm.toolkit.fluxcd.io/namespace": "flux"}
    spec = {"driftDetection": {"mode": "enabled", **drift}}
    return deployment(labels=labels), made(kinds.HELM_RELEASE, "llm", spec, namespace="flux")


def test_drift_that_flux_ignores_stays() -> None:
    """The rule has to be about this object and no more than we compare."""
    rule = {"paths": ["/spec/replicas"], "target": {"kind": "Deployment"}}
    other = {"paths": ["/spec/replicas"], "target": {"kind": "StatefulSet"}}
    more = {"paths": ["/spec/replicas"], "target": {"labelSelector": "a=b"}}

    assert owned(*helm_release(ignore=[rule])).barred == ()
    assert owned(*helm_release(ignore=[other])).barred
    assert owned(*helm_release(ignore=[more])).barred


def test_a_field_that_is_not_there_is_not_in_git_of_flux() -> None:
    """Flux would have brought it."""
    labels = {"kustomize.toolkit.fluxcd.io/name": "apps"}
    floorless = made(kinds.AUTOSCALER, spec={**SCALES, "maxReplicas": 8}, labels=labels)
    flux = made(kinds.KUSTOMIZATION, "apps")

    found = owned(DEPLOYMENT, floorless, flux)

    assert found.barred == ()
    assert found.path[-1].endswith("Flux Kustomization apps, where the field is not set")


@pytest.mark.parametrize(
    "labels",
    [{"kustomize.toolkit.fluxcd.io/name": "apps"}, {"argocd.argoproj.io/instance": "serving"}],
    ids=["flux", "argo-cd"],
)
def test_labels_that_keda_copied_to_its_autoscaler_are_the_scaled_objects(labels) -> None:
    """Git knows the ScaledObject; the refusal has to name its manifest and its field."""
    above = refer(kinds.SCALED_OBJECT)
    generated = made(kinds.AUTOSCALER, "keda-hpa", BOUNDS, above=above, labels=labels)
    spec = {**SCALES, "minReplicaCount": 2}
    scaled = made(kinds.SCALED_OBJECT, spec=spec, labels=labels)

    found = owned(DEPLOYMENT, generated, scaled)

    assert found.place.dotted == "spec.minReplicaCount"
    assert [bool(each.file) for each in found.barred] == [True]


def test_keda_is_known_by_its_label_alone() -> None:
    """Some versions left the reference out."""
    labels = {"scaledobject.keda.sh/name": "decode"}
    generated = made(kinds.AUTOSCALER, "keda-hpa", BOUNDS, labels=labels)
    scaled = made(kinds.SCALED_OBJECT, spec={**SCALES, "minReplicaCount": 2})

    assert owned(DEPLOYMENT, generated, scaled).path[-1] == "ScaledObject decode"


def test_two_scaled_objects_are_one_too_many() -> None:
    """Neither says what the size is."""
    found = owned(
        DEPLOYMENT,
        made(kinds.SCALED_OBJECT, "a", SCALES),
        made(kinds.SCALED_OBJECT, "b", SCALES),
    )

    assert found.barred[0].because == "several ScaledObjects scale it: a, b"


def test_keda_that_is_being_paused_is_waited_for() -> None:
    """Until its autoscaler is gone, nobody knows who is next."""
    above = refer(kinds.SCALED_OBJECT)
    generated = made(kinds.AUTOSCALER, "keda-hpa", BOUNDS, above=above)
    notes = {"autoscaling.keda.sh/paused": "true"}

    found = owned(DEPLOYMENT, generated, made(kinds.SCALED_OBJECT, spec=SCALES, notes=notes))

    assert found.barred[0].advice == "try again"


@pytest.mark.parametrize(
    "kind", [kinds.SCALED_OBJECT, kinds.INFERENCE_SERVICE, kinds.DISAGGREGATED]
)
def test_an_owner_that_may_not_be_read_bars(kind: Kind) -> None:
    """No permission to read it is no permission to guess what it says."""
    by_kind = {
        kinds.SCALED_OBJECT: made(kinds.AUTOSCALER, "x", BOUNDS, above=refer(kind, "x")),
        kinds.INFERENCE_SERVICE: made(kinds.AUTOSCALER, "x", BOUNDS, above=refer(kind, "x")),
        kinds.DISAGGREGATED: made(kinds.AUTOSCALER, "x", BOUNDS, above=refer(kind, "x")),
    }

    hidden, gone = owned(DEPLOYMENT, by_kind[kind], hidden=[kind]), owned(DEPLOYMENT, by_kind[kind])

    assert f"no permission to get {kind.name}" in hidden.barred[0].because
    assert "it is gone" in gone.barred[0].because


def test_an_autoscaler_of_an_unknown_operator_is_left_alone() -> None:
    """It is kept as it is by whoever made it."""
    found = owned(DEPLOYMENT, made(kinds.AUTOSCALER, "x", BOUNDS, above=refer(kinds.JOB, "op")))

    assert "Job op controls HorizontalPodAutoscaler llm-d/x" in found.barred[0].because


def test_a_child_of_a_set_leads_to_its_role() -> None:
    """The target is the set, but a person may have chosen the child."""
    roles = [{"name": "prefill", "spec": {"replicas": 1}}, {"name": "decode", "spec": {}}]
    whole = made(kinds.DISAGGREGATED, "pd", {"roles": roles})
    labels = {"disaggregatedset.x-k8s.io/role": "decode"}
    above = refer(kinds.DISAGGREGATED, "pd")
    child = made(kinds.GROUPS, spec={"replicas": 1}, above=above, labels=labels)

    found = owned(whole, child, kind=kinds.GROUPS)

    assert found.path == ("LeaderWorkerSet decode", "DisaggregatedSet pd role decode")


@pytest.mark.parametrize("hidden", [(), (kinds.ROLE_SCALER,)])
def test_a_role_scaler_that_is_not_there_is_no_size(hidden: Sequence[Kind]) -> None:
    """Without it an external role has no number anywhere."""
    roles = [{"name": "decode", "scaling": {"mode": "External"}, "spec": {}}]
    whole = made(kinds.DISAGGREGATED, "pd", {"roles": roles})

    with pytest.raises(Rejected, match="is scaled by DisaggregatedSetRoleScaler pd-decode: "):
        owned(whole, hidden=hidden, kind=kinds.DISAGGREGATED, name="pd")


def test_the_pods_of_a_referring_rollout_are_found_by_its_deployment() -> None:
    """It has no selector of its own."""
    rollout = made(kinds.ROLLOUT, "x", {"replicas": 4, "workloadRef": refer(kinds.DEPLOYMENT)})

    work = workload.of(target(kinds.ROLLOUT, "x"), Seen(rollout, DEPLOYMENT))

    assert work.selector == "a=b"


def test_a_deployment_at_zero_may_have_been_handed_over() -> None:
    """A Rollout that may not be seen could keep it there."""
    zero = made(kinds.DEPLOYMENT, spec={"replicas": 0, "selector": {}})

    assert "whether a Rollout took it over cannot be seen" in (
        owned(zero, hidden=[kinds.ROLLOUT]).barred[0].because
    )


@pytest.mark.parametrize(
    ("objects", "hidden", "because"),
    [
        ([], (), "Deployment llm-d/decode: it is gone"),
        ([DEPLOYMENT], (kinds.DEPLOYMENT,), "Deployment llm-d/decode: no permission to get"),
    ],
)
def test_a_target_that_cannot_be_read_is_refused(objects, hidden, because: str) -> None:
    """Between finding and planning it may go."""
    with pytest.raises(Rejected, match=because):
        owned(*objects, hidden=hidden)


def test_kserve_whose_workloads_may_not_be_listed_is_refused() -> None:
    """Its own number says nothing of how many there are."""
    service = made(kinds.INFERENCE_SERVICE, "llama", {"replicas": 4})

    with pytest.raises(Rejected, match="no permission to list deployments"):
        owned(service, hidden=[kinds.DEPLOYMENT], kind=kinds.INFERENCE_SERVICE, name="llama")


def test_owners_without_an_end_are_refused() -> None:
    """A loop must not hang a run."""

    def around(place: Place, _: Sight) -> Claim:
        return Moved(to=place)

    seen = Seen(DEPLOYMENT)
    start = workload.of(target(kinds.DEPLOYMENT), seen).place
    found = resolve(start, seen, [OwnerKind(name="loop", find=around)])

    assert isinstance(found.barred[0], Barred)
    assert "without an end" in found.barred[0].because


class Closed(StandInKubernetes):
    """A cluster that lets us see nothing; `asked` counts how often it was asked."""

    asked = 0

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        self.asked += 1
        message = f"{kind.plural} of {namespace}{selector}: no permission"
        raise Forbidden(message)

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        self.asked += 1
        message = f"{reference} of {namespace}: no permission"
        raise Forbidden(message)


def test_what_is_hidden_is_asked_once_and_says_why(world: Cluster) -> None:
    """Every owner asks for the same lists."""
    closed = Closed(world)
    sight = LiveSight(closed, "llm-d")
    reference = OwnerReference(kind="Deployment", name="x", api_version="apps/v1")

    for _ in range(2):
        assert sight.things(kinds.AUTOSCALER) == Hidden(
            because="horizontalpodautoscalers of llm-d: no permission"
        )
        assert sight.thing(reference) == Hidden(because="Deployment x of llm-d: no permission")

    assert closed.asked == 2
