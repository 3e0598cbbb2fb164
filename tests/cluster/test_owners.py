"""Who else writes a size is known before anybody is asked to approve: one test per owner."""

import json
import pkgutil
from importlib import import_module

import pytest

from cluster import owners
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.owners import registry, workload
from cluster.owners.ownership import Ownership
from cluster.owners.place import Unit
from cluster.owners.resolve import resolve
from incidents.errors import Rejected
from tests.cluster.graphs import ARGO_CD, Seen, made, refer, target

SPEC = {"replicas": 4, "selector": {"matchLabels": {"a": "b"}}}
PLAIN = made(kinds.DEPLOYMENT, spec=SPEC)
SCALES = {"scaleTargetRef": refer(kinds.DEPLOYMENT)}
HPA = made(kinds.AUTOSCALER, spec={**SCALES, "minReplicas": 2, "maxReplicas": 8})
OF_KEDA = made(
    kinds.AUTOSCALER,
    "keda-hpa-decode",
    {**SCALES, "minReplicas": 2, "maxReplicas": 8},
    above=refer(kinds.SCALED_OBJECT),
)
# KEDA's own reference to a target may leave out its kind.
SCALED = made(
    kinds.SCALED_OBJECT, spec={"scaleTargetRef": {"name": "decode"}, "minReplicaCount": 2}
)
TRACKED = {"argocd.argoproj.io/tracking-id": "serving:apps/Deployment:llm-d/decode"}
TRACKED_SO = {"argocd.argoproj.io/tracking-id": "serving:keda.sh/ScaledObject:llm-d/decode"}
KUSTOMIZED = {
    "kustomize.toolkit.fluxcd.io/name": "apps",
    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
}
HELM_RELEASED = {
    "helm.toolkit.fluxcd.io/name": "llm",
    "helm.toolkit.fluxcd.io/namespace": "flux-system",
}


def owned(
    *objects: dict[str, object], hidden=(), kind: Kind = kinds.DEPLOYMENT, **where
) -> Ownership:
    seen = Seen(*objects, hidden=hidden)
    work = workload.of(target(kind, **where), seen)
    return resolve(work.place, seen, registry.kinds())


def application(**spec: object) -> dict[str, object]:
    return made(kinds.APPLICATION, "serving", spec, namespace=ARGO_CD)


def flux(kind: Kind, name: str, **spec: object) -> dict[str, object]:
    return made(kind, name, spec, namespace="flux-system")


def deployment(**parts: object) -> dict[str, object]:
    return made(kinds.DEPLOYMENT, spec=SPEC, **parts)


HEALS = {"syncPolicy": {"automated": {"selfHeal": True}}}
HPAS = kinds.AUTOSCALER.plural
REPLICAS = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}


@pytest.mark.parametrize(
    ("objects", "path", "written"),
    [
        pytest.param([PLAIN], "Deployment decode", "spec.replicas", id="none"),
        pytest.param([PLAIN, HPA], "Deployment decode ← HPA decode", "spec.minReplicas", id="hpa"),
        pytest.param(
            [PLAIN, OF_KEDA, SCALED],
            "Deployment decode ← HPA keda-hpa-decode ← ScaledObject decode",
            "spec.minReplicaCount",
            id="keda",
        ),
        pytest.param(
            [PLAIN, SCALED],
            "Deployment decode ← ScaledObject decode",
            "spec.minReplicaCount",
            id="keda-at-zero-load",
        ),
        pytest.param(
            [
                PLAIN,
                made(
                    kinds.SCALED_OBJECT,
                    spec=SCALES,
                    notes={"autoscaling.keda.sh/paused": "true"},
                ),
            ],
            "Deployment decode",
            "spec.replicas",
            id="keda-paused",
        ),
        pytest.param(
            [
                PLAIN,
                made(
                    kinds.AUTOSCALER,
                    spec={**SCALES, "maxReplicas": 8},
                    notes={"llm-d.ai/managed": "true"},
                ),
                made(kinds.VARIANT, spec=SCALES),
            ],
            "Deployment decode ← HPA decode, driven by the workload variant autoscaler",
            "spec.minReplicas",
            id="wva",
        ),
        pytest.param(
            [deployment(notes=TRACKED), application()],
            "Deployment decode, in Git through Argo CD Application serving without self-heal",
            "spec.replicas",
            id="argo-cd-without-self-heal",
        ),
        pytest.param(
            [deployment(notes=TRACKED), application(**HEALS, ignoreDifferences=[REPLICAS])],
            "Deployment decode, in Git through Argo CD Application serving,"
            " which ignores the field",
            "spec.replicas",
            id="argo-cd-that-ignores-replicas",
        ),
        pytest.param(
            [
                deployment(
                    notes={
                        **TRACKED,
                        "kubectl.kubernetes.io/last-applied-configuration": json.dumps(
                            {"spec": {"template": {}}}
                        ),
                    }
                ),
                application(**HEALS),
            ],
            "Deployment decode, in Git through Argo CD Application serving,"
            " where the field is not set",
            "spec.replicas",
            id="argo-cd-without-replicas-in-git",
        ),
        pytest.param(
            [
                deployment(labels=KUSTOMIZED),
                flux(kinds.KUSTOMIZATION, "apps", suspend=True),
            ],
            "Deployment decode, in Git through Flux Kustomization apps, which is suspended",
            "spec.replicas",
            id="flux-suspended",
        ),
        pytest.param(
            [
                deployment(
                    labels=KUSTOMIZED,
                    notes={"kustomize.toolkit.fluxcd.io/reconcile": "disabled"},
                )
            ],
            "Deployment decode, in Git through Flux Kustomization apps,"
            " which leaves this object alone",
            "spec.replicas",
            id="flux-that-leaves-it-alone",
        ),
        pytest.param(
            [deployment(labels=HELM_RELEASED), flux(kinds.HELM_RELEASE, "llm")],
            "Deployment decode, in Git through Flux HelmRelease llm,"
            " which does not correct this drift",
            "spec.replicas",
            id="flux-helm-without-drift-detection",
        ),
        pytest.param(
            [deployment(notes={"meta.helm.sh/release-name": "ms"})],
            "Deployment decode",
            "spec.replicas",
            id="helm",
        ),
        pytest.param(
            [
                PLAIN,
                made(kinds.ROLLOUT, "blue", {"workloadRef": refer(kinds.DEPLOYMENT)}),
            ],
            "Deployment decode ← Rollout blue",
            "spec.replicas",
            id="argo-rollouts-workload-ref",
        ),
    ],
)
def test_a_size_is_written_where_it_stays(objects, path: str, written: str) -> None:
    """The path is what the approver reads; the field is what the plan writes."""
    found = owned(*objects)

    assert found.barred == ()
    assert " ← ".join(found.path) == path
    assert found.place.dotted == written


@pytest.mark.parametrize(
    ("objects", "because"),
    [
        pytest.param(
            [deployment(above=refer(kinds.JOB, "operator"))],
            "Job operator controls Deployment llm-d/decode and is not known here",
            id="unknown-operator",
        ),
        pytest.param(
            [deployment(notes=TRACKED), application(**HEALS)],
            "Deployment decode is in Git through Argo CD Application serving,"
            " which heals itself and writes it back",
            id="argo-cd-self-heal",
        ),
        pytest.param(
            [deployment(notes=TRACKED)],
            "Deployment decode is in Git through Argo CD Application serving, which may write it"
            " back (there is no Application serving in argocd or openshift-gitops)",
            id="argo-cd-unread",
        ),
        pytest.param(
            [deployment(writers=[("argocd-controller", {})])],
            "Deployment decode is in Git through Argo CD Application, which may write it back"
            " (its name is not known)",
            id="argo-cd-by-its-writes",
        ),
        pytest.param(
            [deployment(labels=KUSTOMIZED), flux(kinds.KUSTOMIZATION, "apps")],
            "Deployment decode is in Git through Flux Kustomization apps, which writes it back at"
            " its next reconciliation",
            id="flux",
        ),
        pytest.param(
            [deployment(labels=KUSTOMIZED)],
            "Deployment decode is in Git through Flux Kustomization apps, which may write it back"
            " (it is not there)",
            id="flux-unread",
        ),
        pytest.param(
            [
                deployment(labels=HELM_RELEASED),
                flux(kinds.HELM_RELEASE, "llm", driftDetection={"mode": "enabled"}),
            ],
            "Deployment decode is in Git through Flux HelmRelease llm, which writes it back at its"
            " next reconciliation",
            id="flux-helm-with-drift-detection",
        ),
        pytest.param(
            [PLAIN, HPA, made(kinds.AUTOSCALER, "other", SCALES)],
            "several HorizontalPodAutoscalers scale it: decode, other",
            id="two-autoscalers",
        ),
        pytest.param(
            [PLAIN, HPA, SCALED],
            "HPA decode and ScaledObject decode both write the size, and undo each other",
            id="hpa-against-keda",
        ),
        pytest.param(
            [PLAIN, OF_KEDA],
            "KEDA keeps HPA keda-hpa-decode as ScaledObject decode says, which cannot be read:"
            " it is gone",
            id="keda-gone",
        ),
        pytest.param(
            [
                PLAIN,
                made(
                    kinds.SCALED_OBJECT,
                    spec=SCALES,
                    notes={"autoscaling.keda.sh/paused-replicas": "3"},
                ),
            ],
            "ScaledObject decode holds the size by autoscaling.keda.sh/paused-replicas: 3",
            id="keda-pinned",
        ),
        pytest.param(
            [made(kinds.DEPLOYMENT, spec={"replicas": 0, "selector": {}}), HPA],
            "HPA decode sleeps as long as there are 0 replicas",
            id="hpa-asleep",
        ),
    ],
)
def test_where_no_size_stays_it_is_said_why(objects, because: str) -> None:
    """A refusal that names the owner saves an approval that is fought."""
    found = owned(*objects)

    assert [each.because for each in found.barred] == [because]
    assert all(each.advice for each in found.barred)


def test_an_autoscaler_in_git_is_barred_and_the_workload_is_not_written_instead() -> None:
    """The whole way stands above the button, also when it leads to nothing."""
    floor = {**SCALES, "minReplicaCount": 2}
    scaled = made(kinds.SCALED_OBJECT, spec=floor, notes=TRACKED_SO)

    found = owned(PLAIN, OF_KEDA, scaled, application(**HEALS))

    assert " ← ".join(found.path) == (
        "Deployment decode ← HPA keda-hpa-decode ← ScaledObject decode,"
        " in Git through Argo CD Application serving with self-heal"
    )
    assert [each.file for each in found.barred] == [
        "the manifest that Argo CD Application serving applies"
    ]


def test_git_over_what_an_autoscaler_writes_is_a_fight() -> None:
    """The floor would stay, and Git would undo what the autoscaler makes of it."""
    found = owned(deployment(notes=TRACKED), HPA, application(**HEALS))

    assert [each.advice for each in found.barred] == [
        "take spec.replicas out of Git, so that only one of them writes it"
    ]
    assert found.barred[0].because.endswith("writes it back, while HPA decode decides it")


def test_a_number_that_an_autoscaler_wrote_last_is_not_in_git() -> None:
    """Git that heals itself would have written after it."""
    size = {"f:spec": {"f:replicas": {}}}
    wrote = deployment(notes=TRACKED, writers=[("kube-controller-manager", size)])
    wrote["metadata"]["managedFields"][0]["subresource"] = "scale"

    found = owned(wrote, HPA, application(**HEALS))

    assert (found.barred, found.place.dotted) == ((), "spec.minReplicas")


def test_git_over_a_deployment_that_a_rollout_replaced_bars_nothing() -> None:
    """Its number of replicas is nobody's any more."""
    rollout = made(kinds.ROLLOUT, "blue", {"workloadRef": refer(kinds.DEPLOYMENT)})

    found = owned(deployment(notes=TRACKED), rollout, application(**HEALS))

    assert (found.barred, str(found.place)) == ((), "Rollout blue")


def test_a_mark_of_argo_cd_that_was_copied_says_nothing() -> None:
    """KServe and others copy annotations; Argo CD does not follow a mark of another object."""
    copied = {"argocd.argoproj.io/tracking-id": "serving:apps/Deployment:llm-d/other"}

    assert owned(deployment(notes=copied), application(**HEALS)).barred == ()


def test_a_kind_that_may_not_be_seen_is_not_a_kind_that_is_not_there() -> None:
    """No permission is never "no owner"."""
    found = owned(PLAIN, hidden=[kinds.AUTOSCALER])

    assert [each.because for each in found.barred] == [
        "it cannot be told whether an autoscaler scales it: no permission to list " + HPAS
    ]


def test_kinds_that_matter_only_through_others_need_no_permission() -> None:
    """A cluster without KEDA, WVA and Rollouts also says 403 to who has no right to look."""
    found = owned(PLAIN, hidden=[kinds.SCALED_OBJECT, kinds.VARIANT, kinds.ROLLOUT])

    assert (found.barred, found.place.dotted) == ((), "spec.replicas")


def group(name: str = "decode", **parts: object) -> dict[str, object]:
    size = {"replicas": 2, "leaderWorkerTemplate": {"size": 4}}
    return made(kinds.GROUPS, name, size, **parts)


def test_a_leader_worker_set_is_sized_in_groups() -> None:
    """One more of it is four pods."""
    seen = Seen(group())
    work = workload.of(target(kinds.GROUPS), seen)
    found = resolve(work.place, seen, registry.kinds())

    assert (found.barred, found.place.unit, work.each) == ((), Unit.GROUPS, 4)
    assert work.selector == "leaderworkerset.sigs.k8s.io/name=decode"


def test_a_stateful_set_of_a_group_is_not_scaled() -> None:
    """Its replicas are the workers of one group."""
    inner = made(kinds.STATEFUL_SET, spec=SPEC, above=refer(kinds.GROUPS))

    found = owned(inner, kind=kinds.STATEFUL_SET)

    assert found.barred[0].advice == "scale LeaderWorkerSet decode, in groups"


ROLES = [
    {"name": "prefill", "spec": {"replicas": 1, "leaderWorkerTemplate": {"size": 2}}},
    {"name": "decode", "spec": {"replicas": 3, "leaderWorkerTemplate": {"size": 8}}},
]


def test_a_static_role_is_sized_in_its_set() -> None:
    """A child LeaderWorkerSet would be scaled back."""
    whole = made(kinds.DISAGGREGATED, "pd", {"roles": ROLES, "slices": 2})
    seen = Seen(whole)
    work = workload.of(target(kinds.DISAGGREGATED, "pd"), seen)

    found = resolve(work.place, seen, registry.kinds())

    assert found.path == ("DisaggregatedSet pd role decode",)
    assert (found.place.dotted, found.place.size) == ("spec.roles[1].spec.replicas", 3)
    assert work.each == 16


def test_an_external_role_is_sized_in_its_scaler_or_what_scales_that() -> None:
    """Only the RoleScaler has a size then, and an autoscaler may have it in hand."""
    roles = [ROLES[0], {"name": "decode", "scaling": {"mode": "External"}, "spec": {}}]
    whole = made(kinds.DISAGGREGATED, "pd", {"roles": roles})
    scaler = made(
        kinds.ROLE_SCALER, "pd-decode", {"replicas": 3}, above=refer(kinds.DISAGGREGATED, "pd")
    )
    scales = {"scaleTargetRef": refer(kinds.ROLE_SCALER, "pd-decode"), "maxReplicas": 5}

    alone = owned(whole, scaler, kind=kinds.DISAGGREGATED, name="pd")
    scaled = owned(
        whole, scaler, made(kinds.AUTOSCALER, "a", scales), kind=kinds.DISAGGREGATED, name="pd"
    )

    assert alone.path == ("DisaggregatedSetRoleScaler pd-decode",)
    assert (alone.barred, alone.place.subresource) == ((), "scale")
    assert scaled.path == ("DisaggregatedSetRoleScaler pd-decode", "HPA a")


def test_a_role_that_the_set_does_not_have_is_refused() -> None:
    """The names of the others help."""
    whole = made(kinds.DISAGGREGATED, "pd", {"roles": ROLES})

    with pytest.raises(Rejected, match="has no role encode; there are prefill, decode"):
        owned(whole, kind=kinds.DISAGGREGATED, name="pd", role="encode")


SERVICE = refer(kinds.INFERENCE_SERVICE, "llama")
CHILD = made(kinds.DEPLOYMENT, "llama-kserve", SPEC, above=SERVICE)
PREFILL = made(kinds.DEPLOYMENT, "llama-kserve-prefill", SPEC, above=SERVICE)
CHILDS_HPA = {"scaleTargetRef": refer(kinds.DEPLOYMENT, "llama-kserve"), "maxReplicas": 8}
KSERVE_PATH = "Deployment llama-kserve ← LLMInferenceService llama"


@pytest.mark.parametrize(
    ("spec", "more", "path", "written"),
    [
        pytest.param({"replicas": 4}, [], KSERVE_PATH, "spec.replicas", id="replicas"),
        pytest.param({}, [], KSERVE_PATH, "spec.replicas", id="no-replicas"),
        pytest.param(
            {"scaling": {"minReplicas": 2, "maxReplicas": 8}},
            [made(kinds.AUTOSCALER, "llama-kserve-hpa", CHILDS_HPA, above=SERVICE)],
            "Deployment llama-kserve ← HPA llama-kserve-hpa ← LLMInferenceService llama",
            "spec.scaling.minReplicas",
            id="scaling",
        ),
        pytest.param(
            {},
            [made(kinds.AUTOSCALER, "mine", CHILDS_HPA)],
            "Deployment llama-kserve ← HPA mine",
            "spec.minReplicas",
            id="no-replicas-and-an-autoscaler-of-somebody",
        ),
    ],
)
def test_kserve_has_the_size_of_what_it_made(spec, more, path: str, written: str) -> None:
    """A number in the Deployment would be written back at once."""
    service = made(kinds.INFERENCE_SERVICE, "llama", spec)

    found = owned(CHILD, PREFILL, service, *more, kind=kinds.INFERENCE_SERVICE, name="llama")

    assert found.barred == ()
    assert " ← ".join(found.path) == path
    assert found.place.dotted == written


def test_kserve_with_replicas_and_an_autoscaler_of_somebody_is_a_fight() -> None:
    """Whatever is written, one of the two undoes it."""
    service = made(kinds.INFERENCE_SERVICE, "llama", {"replicas": 4})
    mine = made(kinds.AUTOSCALER, "mine", CHILDS_HPA)

    found = owned(CHILD, service, mine, kind=kinds.INFERENCE_SERVICE, name="llama")

    assert "HPA mine and LLMInferenceService llama both write the size" in found.barred[0].because


def test_the_prefill_of_kserve_has_a_size_of_its_own() -> None:
    """Decode and prefill are two sections of one service."""
    service = made(kinds.INFERENCE_SERVICE, "llama", {"replicas": 4, "prefill": {"replicas": 2}})

    found = owned(
        CHILD, PREFILL, service, kind=kinds.INFERENCE_SERVICE, name="llama", role="prefill"
    )

    assert (found.place.dotted, found.place.size) == ("spec.prefill.replicas", 2)


def test_the_picker_of_kserve_is_not_its_workload() -> None:
    """The service made both; scaling the picker would serve nobody."""
    picker = made(kinds.DEPLOYMENT, "llama-kserve-router-scheduler", SPEC, above=SERVICE)
    service = made(kinds.INFERENCE_SERVICE, "llama", {"replicas": 4})

    found = owned(picker, CHILD, service, kind=kinds.INFERENCE_SERVICE, name="llama")
    assert found.path[0] == "Deployment llama-kserve"
    with pytest.raises(Rejected, match="has made no workload for decode yet"):
        owned(picker, service, kind=kinds.INFERENCE_SERVICE, name="llama")


def test_an_older_kserve_is_warned_of_where_an_autoscaler_is_written() -> None:
    """It would write back what the autoscaler makes, and the service does not say its version."""
    service = made(kinds.INFERENCE_SERVICE, "llama", {})
    mine = made(kinds.AUTOSCALER, "mine", CHILDS_HPA)

    scaled = owned(CHILD, service, mine, kind=kinds.INFERENCE_SERVICE, name="llama")
    alone = owned(CHILD, service, kind=kinds.INFERENCE_SERVICE, name="llama")

    assert scaled.notes == (
        "KServe before 0.17 writes replicas back also where the service says none",
    )
    assert alone.notes == ()


def test_a_stopped_kserve_service_is_left_alone() -> None:
    """Its size is zero whatever it says."""
    service = made(kinds.INFERENCE_SERVICE, "llama", {}, notes={"serving.kserve.io/stop": "true"})

    found = owned(CHILD, service, kind=kinds.INFERENCE_SERVICE, name="llama")

    assert "is stopped by serving.kserve.io/stop" in found.barred[0].because


def test_every_owner_kind_of_the_folder_is_looked_for() -> None:
    """A kind that was written and never asked would let a change be fought."""
    modules = [
        import_module(f"cluster.owners.{each.name}")
        for each in pkgutil.iter_modules(owners.__path__)
    ]

    declared = [module.OWNER for module in modules if hasattr(module, "find")]
    assert declared == list(registry.kinds())
