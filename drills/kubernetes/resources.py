"""Which kinds the stand-in serves, and how a path names one."""

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
PODS = Resource(group="", version="v1", plural="pods", kind="Pod", short=("po",))
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
ALL = (NAMESPACES, NODES, PODS, EVENTS, DEPLOYMENTS, REPLICASETS, AUTOSCALERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What a path names; an empty name is the collection, an empty namespace all of them."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def locate(path: str) -> Address:
    """Read `/api/v1/…` or `/apis/GROUP/VERSION/…`.

    Raises Refusal 404 for groups that the cluster does not have, 501 for what Kubernetes has and
    the stand-in has not.
    """
    head, *rest = path.strip("/").split("/")
    group, version, tail = _split(head, rest, path)
    namespace = ""
    if tail[0] == "namespaces" and len(tail) > 2 and tail[2] not in NAMESPACES.subresources:  # noqa: PLR2004 - namespaces/NAME/REST
        namespace, tail = tail[1], tail[2:]
    plural, name, subresource, *more = [*tail, "", "", ""][: max(3, len(tail))]
    resource = _resource(group, version, plural, path)
    if more or (subresource and subresource not in resource.subresources):
        msg = f"the path {path}"
        raise refusals.not_implemented(msg)
    if bool(namespace) != resource.namespaced and (name or namespace):
        raise refusals.no_such_path()
    return Address(resource=resource, namespace=namespace, name=name, subresource=subresource)


def discovery(path: str) -> Object | None:  # noqa: PLR0911 - one return per path
    """Answer the discovery paths; None when the path is none of them."""
    parts = path.strip("/").split("/")
    match parts:
        case ["version"]:
            return dict(_VERSION)
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups()}
        case ["api", "v1"]:
            return _resource_list("", "v1")
        case ["apis", group] if group in {one.group for one in ALL}:
            return {"kind": "APIGroup", "apiVersion": "v1"} | _group(group)
        case ["apis", group, version] if (group, version) in {(x.group, x.version) for x in ALL}:
            return _resource_list(group, version)
        case _:
            return None


def _split(head: str, rest: list[str], path: str) -> tuple[str, str, list[str]]:
    match head, rest:
        case "api", [version, *tail] if tail:
            return "", version, tail
        case "apis", [group, version, *tail] if tail:
            return group, version, tail
        case "apis", [group, *_] if group not in OWN_GROUPS and not group.endswith(".k8s.io"):
            raise refusals.no_such_path()
        case _:
            msg = f"the path {path}"
            raise refusals.not_implemented(msg)


def _resource(group: str, version: str, plural: str, path: str) -> Resource:
    for one in ALL:
        if (one.group, one.version, one.plural) == (group, version, plural):
            return one
    if group in OWN_GROUPS or (group.endswith(".k8s.io") and "x-k8s" not in group):
        msg = f"the path {path}"
        raise refusals.not_implemented(msg)
    raise refusals.no_such_path()


def _groups() -> list[Object]:
    return [_group(group) for group in sorted({one.group for one in ALL} - {""})]


def _group(group: str) -> Object:
    version = next(one.version for one in ALL if one.group == group)
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def _resource_list(group: str, version: str) -> Object:
    served = [one for one in ALL if (one.group, one.version) == (group, version)]
    rows = [row for one in served for row in _rows(one)]
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
        "verbs": VERBS,
        "shortNames": list(one.short),
    }
    scale = {"kind": "Scale", "group": "autoscaling", "version": "v1"}
    return [main] + [
        common
        | {"name": f"{one.plural}/{sub}", "verbs": ["get", "patch", "update"]}
        | (scale if sub == "scale" else {})
        for sub in one.subresources
    ]
