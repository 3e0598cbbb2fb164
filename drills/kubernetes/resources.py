"""Which kinds the stand-in serves, and how a path names one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from drills.kubernetes import refusals
from drills.kubernetes.objects import Object

# As `GET /version` of 1.35; the build fields are required by the client's model and say who we are.
_VERSION = {
    "major": "1",
    "minor": "35",
    "gitVersion": "v1.35.1",
    "gitCommit": "rehearsal",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}
SEEN = ["get", "list", "watch"]
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
# Groups of Kubernetes itself: what is missing there is our gap and said loudly; what is missing
# elsewhere is a custom resource that this cluster does not have.
OWN_GROUPS = frozenset({"", "apps", "autoscaling", "batch", "policy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind and where it lives."""

    group: str
    version: str
    plural: str
    kind: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    subresources: tuple[str, ...] = ("status",)

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`deployments.apps`, as in messages."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


NAMESPACES = Resource(
    group="", version="v1", plural="namespaces", kind="Namespace", short=("ns",), namespaced=False
)
NODES = Resource(
    group="", version="v1", plural="nodes", kind="Node", short=("no",), namespaced=False
)
PODS = Resource(
    group="",
    version="v1",
    plural="pods",
    kind="Pod",
    short=("po",),
    subresources=("status", "eviction", "log"),
)
EVENTS = Resource(
    group="", version="v1", plural="events", kind="Event", short=("ev",), subresources=()
)
DEPLOYMENTS = Resource(
    group="apps",
    version="v1",
    plural="deployments",
    kind="Deployment",
    short=("deploy",),
    subresources=("status", "scale"),
)
REPLICASETS = Resource(
    group="apps",
    version="v1",
    plural="replicasets",
    kind="ReplicaSet",
    short=("rs",),
    subresources=("status", "scale"),
)
AUTOSCALERS = Resource(
    group="autoscaling",
    version="v2",
    plural="horizontalpodautoscalers",
    kind="HorizontalPodAutoscaler",
    short=("hpa",),
)
STATEFULSETS = Resource(
    group="apps",
    version="v1",
    plural="statefulsets",
    kind="StatefulSet",
    short=("sts",),
)
BUDGETS = Resource(
    group="policy",
    version="v1",
    plural="poddisruptionbudgets",
    kind="PodDisruptionBudget",
    short=("pdb",),
)
REVISIONS = Resource(
    group="apps",
    version="v1",
    plural="controllerrevisions",
    kind="ControllerRevision",
    subresources=(),
)
CORE_SERVICES = Resource(group="", version="v1", plural="services", kind="Service", short=("svc",))
CLAIMS = Resource(
    group="",
    version="v1",
    plural="persistentvolumeclaims",
    kind="PersistentVolumeClaim",
    short=("pvc",),
)
ENDPOINTS = Resource(
    group="discovery.k8s.io",
    version="v1",
    plural="endpointslices",
    kind="EndpointSlice",
    subresources=(),
)
INGRESSES = Resource(
    group="networking.k8s.io", version="v1", plural="ingresses", kind="Ingress", short=("ing",)
)
QUOTAS = Resource(
    group="", version="v1", plural="resourcequotas", kind="ResourceQuota", short=("quota",)
)
# What leads to pods, what they hold, and how many there may be: seen by checks and guards; only
# revisions are made over HTTP.
AROUND = (CORE_SERVICES, CLAIMS, ENDPOINTS, INGRESSES, REVISIONS, QUOTAS)
ALL = (
    *(NAMESPACES, NODES, PODS, EVENTS, BUDGETS),
    *(DEPLOYMENTS, REPLICASETS, STATEFULSETS, AUTOSCALERS),
    *AROUND,
)

# Subresources that are objects of another kind than what they belong to.
_SUBRESOURCES: Mapping[str, Object] = {
    "scale": {"kind": "Scale", "group": "autoscaling", "version": "v1"},
    "eviction": {"kind": "Eviction", "group": "policy", "version": "v1", "verbs": ["create"]},
}

# Custom kinds: a cluster has those that it was installed with (`Cluster.install`).
POOLS = Resource(
    group="inference.networking.k8s.io", version="v1", plural="inferencepools", kind="InferencePool"
)
OLD_POOLS = Resource(
    group="inference.networking.x-k8s.io",
    version="v1alpha2",
    plural="inferencepools",
    kind="InferencePool",
)
ROUTES = Resource(
    group="gateway.networking.k8s.io", version="v1", plural="httproutes", kind="HTTPRoute"
)
OBJECTIVES = Resource(
    group="llm-d.ai", version="v1alpha2", plural="inferenceobjectives", kind="InferenceObjective"
)
OLD_OBJECTIVES = Resource(
    group="inference.networking.x-k8s.io",
    version="v1alpha2",
    plural="inferenceobjectives",
    kind="InferenceObjective",
)
GROUPS = Resource(
    group="leaderworkerset.x-k8s.io",
    version="v1",
    plural="leaderworkersets",
    kind="LeaderWorkerSet",
    short=("lws",),
)
SETS = Resource(
    group="disaggregatedset.x-k8s.io",
    version="v1",
    plural="disaggregatedsets",
    kind="DisaggregatedSet",
)
SERVICES = Resource(
    group="serving.kserve.io",
    version="v1alpha2",
    plural="llminferenceservices",
    kind="LLMInferenceService",
    short=("llmisvc",),
)
OLD_SERVICES = Resource(
    group="serving.kserve.io",
    version="v1alpha1",
    plural="llminferenceservices",
    kind="LLMInferenceService",
    short=("llmisvc",),
)
ROLLOUTS = Resource(
    group="argoproj.io", version="v1alpha1", plural="rollouts", kind="Rollout", short=("ro",)
)
# Gateways and endpoint pickers follow these, and nothing in the cluster does: they may be written.
FOLLOWED = (POOLS, OLD_POOLS, ROUTES, OBJECTIVES, OLD_OBJECTIVES)
CUSTOM = (*FOLLOWED, GROUPS, SETS, SERVICES, OLD_SERVICES, ROLLOUTS)
# The controllers of the others are not imitated here: a write would lie about what follows.
READ_ONLY = frozenset({STATEFULSETS, *AROUND, *CUSTOM}) - {*FOLLOWED, REVISIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What a path names; an empty name is the collection, an empty namespace all of them.

    A custom kind that the cluster does not have has rights all the same, and is not `served`.
    """

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    served: bool = True


def locate(path: str, installed: Collection[Resource] = ()) -> Address:
    """Read `/api/v1/…` or `/apis/GROUP/VERSION/…`; `installed` are the custom kinds of the cluster.

    Raises Refusal 404 for paths that lead nowhere, 501 for what Kubernetes has and the stand-in has
    not.
    """
    head, *rest = path.strip("/").split("/")
    group, version, tail = _split(head, rest, path)
    namespace = ""
    if tail[0] == "namespaces" and len(tail) > 2 and tail[2] not in NAMESPACES.subresources:  # noqa: PLR2004 - namespaces/NAME/REST
        namespace, tail = tail[1], tail[2:]
    plural, name, subresource, *more = [*tail, "", "", ""][: max(3, len(tail))]
    resource = _resource(group, version, plural, path, installed)
    if resource is None:
        absent = Resource(group=group, version=version, plural=plural, kind="")
        return Address(
            resource=absent, namespace=namespace, name=name, subresource=subresource, served=False
        )
    if more or (subresource and subresource not in resource.subresources):
        msg = f"the path {path}"
        raise refusals.not_implemented(msg)
    if bool(namespace) != resource.namespaced and (name or namespace):
        raise refusals.no_such_path()
    return Address(resource=resource, namespace=namespace, name=name, subresource=subresource)


def discovery(path: str, installed: Collection[Resource] = ()) -> Object | None:  # noqa: PLR0911 - one return per path
    """Answer the discovery paths; None when the path is none of them."""
    parts = path.strip("/").split("/")
    served = (*ALL, *(one for one in CUSTOM if one in installed))
    match parts:
        case ["version"]:
            return dict(_VERSION)
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups(served)}
        case ["api", "v1"]:
            return _resource_list(served, "", "v1")
        case ["apis", group] if group in {one.group for one in served}:
            return {"kind": "APIGroup", "apiVersion": "v1"} | _group(served, group)
        case ["apis", group, version] if (group, version) in {(x.group, x.version) for x in served}:
            return _resource_list(served, group, version)
        case _:
            return None


def _split(head: str, rest: list[str], path: str) -> tuple[str, str, list[str]]:
    match head, rest:
        case "api", [version, *tail] if tail:
            return "", version, tail
        case "apis", [group, version, *tail] if tail:
            return group, version, tail
        case "apis", [group, *_] if not _own(group):
            raise refusals.nobody_serves()
        case _:
            msg = f"the path {path}"
            raise refusals.not_implemented(msg)


def _own(group: str) -> bool:
    """Tell whether a group is one of Kubernetes itself, by its name."""
    custom = {one.group for one in CUSTOM}
    by_name = group.endswith(".k8s.io") and "x-k8s" not in group and group not in custom
    return group in OWN_GROUPS or by_name


def _resource(
    group: str, version: str, plural: str, path: str, installed: Collection[Resource]
) -> Resource | None:
    """Return the kind; None for a custom one that the cluster does not have."""
    for one in (*ALL, *installed):
        if (one.group, one.version, one.plural) == (group, version, plural):
            return one
    if _own(group):
        msg = f"the path {path}"
        raise refusals.not_implemented(msg)
    return None


def _groups(served: Collection[Resource]) -> list[Object]:
    return [_group(served, group) for group in sorted({one.group for one in served} - {""})]


def _group(served: Collection[Resource], group: str) -> Object:
    known = list(dict.fromkeys(one.version for one in served if one.group == group))
    versions = [{"groupVersion": f"{group}/{each}", "version": each} for each in known]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resource_list(served: Collection[Resource], group: str, version: str) -> Object:
    rows = [
        row for one in served if (one.group, one.version) == (group, version) for row in _rows(one)
    ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": rows,
    }


def _rows(one: Resource) -> list[Object]:
    common: Object = {"singularName": "", "namespaced": one.namespaced, "kind": one.kind}
    main = common | {
        "name": one.plural,
        "singularName": one.kind.lower(),
        "verbs": SEEN if one in READ_ONLY else VERBS,
        "shortNames": list(one.short),
    }
    return [main] + [
        common
        | {"name": f"{one.plural}/{sub}", "verbs": ["get", "patch", "update"]}
        | _SUBRESOURCES.get(sub, {})
        for sub in one.subresources
    ]
