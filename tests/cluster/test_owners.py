"""Who fights a change is known before anybody is asked to approve it."""

import pkgutil
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module

import pytest

from cluster import owners
from cluster.clients.objects import Autoscaler, Deployment, OwnerReference, Writer
from cluster.owners.ownership import Ownership, resolve
from cluster.owners.registry import FINDERS

PLAIN = Deployment(
    namespace="llm-d",
    name="decode",
    uid="u",
    resource_version="1",
    replicas=4,
    selector="app=decode",
    owners=(OwnerReference(kind="Note", name="n", controller=False),),
    writers=(Writer(manager="kubectl-client-side-apply"),),
    labels={"app.kubernetes.io/instance": "llm-d"},
)
HPA = Autoscaler(name="decode-hpa", target_kind="Deployment", target_name="decode")
FAR_HPA = replace(HPA, target_name="prefill")
KEDA = replace(HPA, owners=(OwnerReference(kind="ScaledObject", name="decode-so"),))


def ownership(deployment: Deployment, *autoscalers: Autoscaler) -> Ownership:
    return resolve(deployment, autoscalers, finders=FINDERS)


def test_a_plain_deployment_owns_itself() -> None:
    """A reference that does not control is no owner, nor a label that Helm writes too."""
    assert ownership(PLAIN, FAR_HPA) == Ownership(path=("Deployment decode",), claims=())


@pytest.mark.parametrize(
    ("deployment", "autoscalers", "owner"),
    [
        pytest.param(PLAIN, [FAR_HPA, HPA], "HorizontalPodAutoscaler decode-hpa", id="hpa"),
        pytest.param(PLAIN, [KEDA], "KEDA ScaledObject decode-so", id="keda"),
        pytest.param(
            PLAIN,
            [replace(HPA, labels={"scaledobject.keda.sh/name": "so"})],
            "KEDA ScaledObject so",
            id="keda-by-label",
        ),
        pytest.param(
            replace(PLAIN, owners=(OwnerReference(kind="LLMInferenceService", name="llama"),)),
            [],
            "LLMInferenceService llama",
            id="kserve",
        ),
        pytest.param(
            replace(
                PLAIN,
                annotations={"argocd.argoproj.io/tracking-id": "serving:apps/Deployment:a/b"},
            ),
            [],
            "Argo CD Application serving",
            id="argo-cd",
        ),
        pytest.param(
            replace(PLAIN, writers=(Writer(manager="argocd-controller"),)),
            [],
            "Argo CD Application",
            id="argo-cd-by-writer",
        ),
        pytest.param(
            replace(PLAIN, labels={"kustomize.toolkit.fluxcd.io/name": "apps"}),
            [],
            "Flux Kustomization apps",
            id="flux",
        ),
        pytest.param(
            replace(PLAIN, labels={"helm.toolkit.fluxcd.io/name": "llm"}),
            [],
            "Flux HelmRelease llm",
            id="flux-helm",
        ),
    ],
)
def test_who_fights_back_is_named(
    deployment: Deployment, autoscalers: Sequence[Autoscaler], owner: str
) -> None:
    """The refusal has to say where to change it instead."""
    found = ownership(deployment, *autoscalers)

    assert found.path == ("Deployment decode", owner)
    assert [claim.owner for claim in found.fighting] == [owner]


@pytest.mark.parametrize(
    "deployment",
    [
        replace(PLAIN, annotations={"meta.helm.sh/release-name": "ms"}),
        replace(PLAIN, labels={"app.kubernetes.io/managed-by": "Helm"}),
    ],
)
def test_helm_is_a_warning(deployment: Deployment) -> None:
    """It leaves the change alone until somebody upgrades."""
    found = ownership(deployment)

    assert (found.path, found.fighting) == (("Deployment decode",), ())
    assert "helm upgrade" in found.warnings[0]


def test_several_owners_are_all_named() -> None:
    """KServe with KEDA under Argo CD is common."""
    deployment = replace(
        PLAIN,
        owners=(OwnerReference(kind="LLMInferenceService", name="llama"),),
        labels={"argocd.argoproj.io/instance": "serving"},
    )

    assert ownership(deployment, KEDA).path == (
        "Deployment decode",
        "LLMInferenceService llama",
        "KEDA ScaledObject decode-so",
        "Argo CD Application serving",
    )


def test_every_owner_kind_of_the_folder_is_looked_for() -> None:
    """A kind that was written and never asked would let a change be fought."""
    modules = [
        import_module(f"cluster.owners.{each.name}")
        for each in pkgutil.iter_modules(owners.__path__)
    ]

    assert {module.find for module in modules if hasattr(module, "find")} == set(FINDERS)
