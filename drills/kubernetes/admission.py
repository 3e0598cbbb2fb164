"""What the server makes of a write before it stores it: defaults, generation, validity."""

import json

from drills.kubernetes import refusals
from drills.kubernetes.objects import Object, View, copied, name_of
from drills.kubernetes.resources import AUTOSCALERS, DEPLOYMENTS, PODS, REPLICASETS, Resource

_COUNTED = frozenset(
    {
        *("deployments", "replicasets", "poddisruptionbudgets"),
        *("httproutes", "inferencepools", "inferenceobjectives"),
    }
)
# Kubernetes' own defaults, as far as anybody here reads them (k8s.io/kubernetes pkg/apis).
_DEPLOYMENT = {
    "replicas": 1,
    "revisionHistoryLimit": 10,
    "progressDeadlineSeconds": 600,
    "strategy": {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    },
}
_POD = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "securityContext": {},
}
_SYSTEM = ("uid", "creationTimestamp", "generation", "name", "namespace", "selfLink")
_GOING = ("deletionTimestamp", "deletionGracePeriodSeconds")


def on_create(given: View, resource: Resource) -> Object:
    """Return the object with its defaults; raises Refusal 400 or 422."""
    after = copied(dict(given))
    _shape(after)
    for field, expected in (("apiVersion", resource.api_version), ("kind", resource.kind)):
        if after.setdefault(field, expected) != expected:
            msg = f"{field} in the body ({after[field]}) does not fit the path ({expected})"
            raise refusals.bad_request(msg)
    _default(after, resource)
    _refuse(after, resource, _problems(after, resource))
    return after


def on_update(before: View, after: Object, resource: Resource, subresource: str) -> Object:
    """Return what may become of `before`: each path writes its own part and no other.

    Raises Refusal 400, 409 or 422.
    """
    _shape(after)
    _identify(before, after, resource)
    _pin(before, after)
    if subresource == "status":
        after = _through_status(before, after, resource)
    elif "status" in resource.subresources and "status" in before:
        after["status"] = copied(before["status"])
    _default(after, resource)
    problems = [*_problems(after, resource), *_changed_what_stays(before, after, resource)]
    _refuse(after, resource, problems)
    if _counts(before, after, resource, subresource):
        after["metadata"]["generation"] = before["metadata"]["generation"] + 1
    return after


def _through_status(before: View, after: View, resource: Resource) -> Object:
    """Return what /status writes: the status, and the annotations of a Deployment."""
    changed = copied(dict(before)) | {"status": after.get("status", {})}
    if resource == DEPLOYMENTS and "annotations" in after["metadata"]:
        changed["metadata"]["annotations"] = copied(after["metadata"]["annotations"])
    return changed


def _counts(before: View, after: View, resource: Resource, subresource: str) -> bool:
    """Tell whether a write is a new generation.

    A Deployment's annotations count too: its controller copies them to ReplicaSets. Source:
    k8s.io/kubernetes pkg/registry/apps/deployment strategy.go.
    """
    if resource.plural not in _COUNTED or subresource == "status":
        return False
    noted = [one["metadata"].get("annotations") or {} for one in (before, after)]
    annotated = resource == DEPLOYMENTS and noted[0] != noted[1]
    return annotated or bool(before["spec"] != after["spec"])


def _shape(thing: View) -> None:
    """Refuse what is no object where Kubernetes has objects; lists inside are not looked at."""
    for path in (
        ("metadata",),
        ("metadata", "labels"),
        ("spec",),
        ("spec", "template"),
        ("status",),
    ):
        node: object = thing
        for part in path:
            node = node.get(part) if isinstance(node, dict) else None
        if node is not None and not isinstance(node, dict):
            why = f"cannot unmarshal {type(node).__name__} into {'.'.join(path)}"
            raise refusals.Malformed(why)


def _identify(before: View, after: View, resource: Resource) -> None:
    name, given = name_of(before), after.get("metadata", {})
    if given.get("name", name) != name:
        msg = (
            f"the name of the object ({given['name']}) does not match the name on the URL ({name})"
        )
        raise refusals.bad_request(msg)
    uid = given.get("uid", before["metadata"]["uid"])
    if uid != before["metadata"]["uid"]:
        why = (
            f"Precondition failed: UID in precondition: {uid}, "
            f"UID in object meta: {before['metadata']['uid']}"
        )
        raise refusals.conflict(resource.qualified, name, why)
    version = before["metadata"]["resourceVersion"]
    if (given.get("resourceVersion") or version) != version:
        raise refusals.conflict(resource.qualified, name)


def _pin(before: View, after: Object) -> None:
    """Take from the stored object what no client may write."""
    metadata = after.setdefault("metadata", {})
    for field in (*_SYSTEM, *_GOING, "managedFields", "resourceVersion"):
        metadata.pop(field, None)
        if field in before["metadata"]:
            metadata[field] = copied(before["metadata"][field])


def _default(thing: Object, resource: Resource) -> None:
    spec: Object = thing.get("spec") or {}
    if resource == DEPLOYMENTS:
        # A rollingUpdate under Recreate would be invalid: only the type is defaulted there.
        recreate = (spec.get("strategy") or {}).get("type") == "Recreate"
        _fill(spec, {key: value for key, value in _DEPLOYMENT.items() if key != "strategy"})
        _fill(spec, {} if recreate else {"strategy": _DEPLOYMENT["strategy"]})
    if resource in (DEPLOYMENTS, REPLICASETS):
        _fill(spec, {"replicas": 1})
        _fill(spec.get("template", {}).setdefault("spec", {}), _POD)
    if resource == PODS:
        _fill(spec, _POD)
    if resource == AUTOSCALERS:
        _fill(spec, {"minReplicas": 1})


def _fill(given: Object, defaults: View) -> None:
    for key, value in defaults.items():
        if isinstance(value, dict) and isinstance(given.get(key), dict):
            _fill(given[key], value)
        elif given.get(key) is None:
            given[key] = copied(value)


def _problems(thing: View, resource: Resource) -> list[tuple[str, str]]:
    """Return what is wrong with a workload, by field; raises Malformed for what is none."""
    if resource not in (DEPLOYMENTS, REPLICASETS):
        return []
    spec = thing.get("spec") or {}
    replicas = spec.get("replicas")
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        msg = (
            f"{resource.kind} in version {resource.version!r} cannot be handled: "
            f"cannot unmarshal {replicas!r} into field spec.replicas of type int32"
        )
        raise refusals.Malformed(msg)
    found: list[tuple[str, str]] = []
    if replicas < 0:
        wrong = f"Invalid value: {replicas}: must be greater than or equal to 0"
        found.append(("spec.replicas", wrong))
    labels = spec["template"].get("metadata", {}).get("labels") or {}
    chosen = (spec.get("selector") or {}).get("matchLabels") or {}
    if not chosen:
        found.append(("spec.selector", "Required value"))
    if not chosen or not chosen.items() <= labels.items():
        wrong = f"Invalid value: {_json(labels)}: `selector` does not match template `labels`"
        found.append(("spec.template.metadata.labels", wrong))
    if not spec["template"]["spec"].get("containers"):
        found.append(("spec.template.spec.containers", "Required value"))
    return found


def _changed_what_stays(before: View, after: View, resource: Resource) -> list[tuple[str, str]]:
    if resource not in (DEPLOYMENTS, REPLICASETS):
        return []
    chosen = after["spec"].get("selector")
    if before["spec"].get("selector") == chosen:
        return []
    return [("spec.selector", f"Invalid value: {_json(chosen)}: field is immutable")]


def _refuse(thing: View, resource: Resource, problems: list[tuple[str, str]]) -> None:
    if problems:
        kind = f"{resource.kind}.{resource.group}"
        raise refusals.invalid(kind, name_of(thing), problems)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
