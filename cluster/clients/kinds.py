"""The kinds that we know, and where the API server keeps them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from cluster.clients.objects import OwnerReference


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of object: its API group, empty for the core group, a version, and its plural."""

    group: str
    version: str
    name: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """Return `apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return self.name


def _kind(api_version: str, name: str, plural: str, *, namespaced: bool = True) -> Kind:
    group, _, version = api_version.rpartition("/")
    return Kind(group=group, version=version, name=name, plural=plural, namespaced=namespaced)


POD: Final = _kind("v1", "Pod", "pods")
NODE: Final = _kind("v1", "Node", "nodes", namespaced=False)
EVENT: Final = _kind("v1", "Event", "events")
SERVICE: Final = _kind("v1", "Service", "services")
CONFIG_MAP: Final = _kind("v1", "ConfigMap", "configmaps")
VOLUME_CLAIM: Final = _kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
QUOTA: Final = _kind("v1", "ResourceQuota", "resourcequotas")
DEPLOYMENT: Final = _kind("apps/v1", "Deployment", "deployments")
REPLICA_SET: Final = _kind("apps/v1", "ReplicaSet", "replicasets")
STATEFUL_SET: Final = _kind("apps/v1", "StatefulSet", "statefulsets")
CONTROLLER_REVISION: Final = _kind("apps/v1", "ControllerRevision", "controllerrevisions")
JOB: Final = _kind("batch/v1", "Job", "jobs")
AUTOSCALER: Final = _kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
BUDGET: Final = _kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
ENDPOINTS: Final = _kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
INGRESS: Final = _kind("networking.k8s.io/v1", "Ingress", "ingresses")
ROUTE: Final = _kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes")
VIRTUAL_SERVICE: Final = _kind("networking.istio.io/v1", "VirtualService", "virtualservices")
POOL: Final = _kind("inference.networking.k8s.io/v1", "InferencePool", "inferencepools")
OLD_POOL: Final = _kind("inference.networking.x-k8s.io/v1alpha2", "InferencePool", "inferencepools")
OBJECTIVE: Final = _kind("llm-d.ai/v1alpha2", "InferenceObjective", "inferenceobjectives")
OLD_OBJECTIVE: Final = _kind(
    "inference.networking.x-k8s.io/v1alpha2", "InferenceObjective", "inferenceobjectives"
)
SCALED_OBJECT: Final = _kind("keda.sh/v1alpha1", "ScaledObject", "scaledobjects")
VARIANT: Final = _kind("llmd.ai/v1alpha1", "VariantAutoscaling", "variantautoscalings")
GROUPS: Final = _kind("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "leaderworkersets")
DISAGGREGATED: Final = _kind(
    "disaggregatedset.x-k8s.io/v1", "DisaggregatedSet", "disaggregatedsets"
)
ROLE_SCALER: Final = _kind(
    "disaggregatedset.x-k8s.io/v1", "DisaggregatedSetRoleScaler", "disaggregatedsetrolescalers"
)
INFERENCE_SERVICE: Final = _kind(
    "serving.kserve.io/v1alpha2", "LLMInferenceService", "llminferenceservices"
)
ROLLOUT: Final = _kind("argoproj.io/v1alpha1", "Rollout", "rollouts")
ANALYSIS_RUN: Final = _kind("argoproj.io/v1alpha1", "AnalysisRun", "analysisruns")
APPLICATION: Final = _kind("argoproj.io/v1alpha1", "Application", "applications")
KUSTOMIZATION: Final = _kind("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "kustomizations")
HELM_RELEASE: Final = _kind("helm.toolkit.fluxcd.io/v2", "HelmRelease", "helmreleases")

ALL: Final = (
    *(POD, NODE, EVENT, SERVICE, CONFIG_MAP, VOLUME_CLAIM, QUOTA),
    *(DEPLOYMENT, REPLICA_SET, STATEFUL_SET, CONTROLLER_REVISION, JOB),
    *(AUTOSCALER, BUDGET, ENDPOINTS, INGRESS, ROUTE, VIRTUAL_SERVICE, POOL, OLD_POOL),
    *(OBJECTIVE, OLD_OBJECTIVE),
    *(SCALED_OBJECT, VARIANT, GROUPS, DISAGGREGATED, ROLE_SCALER, INFERENCE_SERVICE),
    *(ROLLOUT, ANALYSIS_RUN, APPLICATION, KUSTOMIZATION, HELM_RELEASE),
)
"""Where a group serves several versions, this one is listed; a reference names its own."""
BY_NAME: Final[Mapping[tuple[str, str], Kind]] = {(one.group, one.name): one for one in ALL}

POOLS: Final = (POOL, OLD_POOL)
"""InferencePools are looked for in these, the newest first."""
OBJECTIVES: Final = (OBJECTIVE, OLD_OBJECTIVE)
"""InferenceObjectives are looked for in these, the newest first."""
ABOVE: Final = frozenset(
    {
        *(POD, DEPLOYMENT, REPLICA_SET, STATEFUL_SET, ROLLOUT),
        *(DISAGGREGATED, GROUPS, INFERENCE_SERVICE),
    }
)
"""These may stand above a pod of llm-d; whatever else does is somebody's we do not know."""
WORKLOADS: Final = (DEPLOYMENT, STATEFUL_SET, GROUPS, ROLLOUT)
"""What makes pods."""
REPLICATED: Final = frozenset(kind.name for kind in WORKLOADS)
"""These say in `spec.replicas` and `status.readyReplicas` how many are wanted and ready.

Sources: the types of apps/v1, of lws api/leaderworkerset/v1, and of argo-rollouts v1alpha1.
"""

_VERSION: Final = re.compile(r"v[0-9]{1,3}((alpha|beta)[0-9]{1,3})?", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)


def path(reference: OwnerReference) -> str | None:
    """Return the path of an object that is referred to; None where we know no way to it.

    What a reference says becomes a part of a path, so it must be what Kubernetes allows.
    """
    kind = BY_NAME.get((reference.group, reference.kind))
    version = reference.api_version.removeprefix(f"{reference.group}/")
    if kind is None or not _VERSION.fullmatch(version) or not _NAME.fullmatch(reference.name):
        return None
    return f"{collection(replace(kind, version=version))}/{{name}}"


def above(reference: OwnerReference) -> bool:
    """Tell whether it is of a kind that is climbed from a pod, and can be read."""
    kind = BY_NAME.get((reference.group, reference.kind))
    return kind in ABOVE and path(reference) is not None


def collection(kind: Kind) -> str:
    """Return the path of all objects of a kind, those of one namespace where it has namespaces."""
    begin = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
    return (
        f"{begin}/namespaces/{{namespace}}/{kind.plural}"
        if kind.namespaced
        else f"{begin}/{kind.plural}"
    )
