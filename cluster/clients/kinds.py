"""The kinds that may stand above a pod, and where the API server keeps them."""

import re
from collections.abc import Mapping
from typing import Final

from cluster.clients.objects import OwnerReference

# (API group, kind) → plural. The version is the one that the reference to the object names.
PLURALS: Final[Mapping[tuple[str, str], str]] = {
    ("", "Pod"): "pods",
    ("apps", "Deployment"): "deployments",
    ("apps", "ReplicaSet"): "replicasets",
    ("apps", "StatefulSet"): "statefulsets",
    ("argoproj.io", "Rollout"): "rollouts",
    ("disaggregatedset.x-k8s.io", "DisaggregatedSet"): "disaggregatedsets",
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): "leaderworkersets",
    ("serving.kserve.io", "LLMInferenceService"): "llminferenceservices",
}
POOLS: Final = (
    ("inference.networking.k8s.io", "v1"),
    ("inference.networking.x-k8s.io", "v1alpha2"),
)
"""Where InferencePools are looked for, the newest first."""

ROUTES: Final = ("gateway.networking.k8s.io", "v1")

WORKLOADS: Final = (
    ("apps", "v1", "Deployment"),
    ("apps", "v1", "StatefulSet"),
    ("leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet"),
    ("argoproj.io", "v1alpha1", "Rollout"),
)
"""What makes pods, and where it is listed: the API group, its version and the kind."""
REPLICATED: Final = frozenset(kind for _, _, kind in WORKLOADS)
"""These say in `spec.replicas` and `status.readyReplicas` how many are wanted and ready.

Sources: the types of apps/v1, of lws api/leaderworkerset/v1, and of argo-rollouts v1alpha1.
"""

_VERSION: Final = re.compile(r"v[0-9]{1,3}((alpha|beta)[0-9]{1,3})?", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)


def path(reference: OwnerReference) -> str | None:
    """Return the path of an object that is referred to; None where we know no way to it.

    What a reference says becomes a part of a path, so it must be what Kubernetes allows.
    """
    plural = PLURALS.get((reference.group, reference.kind))
    version = reference.api_version.removeprefix(f"{reference.group}/")
    if plural is None or not _VERSION.fullmatch(version) or not _NAME.fullmatch(reference.name):
        return None
    return f"{root(reference.group, version)}/{plural}/{{name}}"


def root(group: str, version: str) -> str:
    """Return the path under which the namespaced objects of a group stand."""
    begin = f"/apis/{group}/{version}" if group else f"/api/{version}"
    return f"{begin}/namespaces/{{namespace}}"
