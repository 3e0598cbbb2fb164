"""Reads the API server's JSON into the objects that we know; what is missing counts as absent."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from cluster.clients import command_line, kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import (
    Autoscaler,
    Backend,
    Deployment,
    Owner,
    OwnerReference,
    Pod,
    Pool,
    Route,
    Workload,
    Writer,
)
from cluster.clients.things import Json, Thing

FINISHED: Final = ("Succeeded", "Failed")
FAIL_CLOSE: Final = "FailClose"
SET_ROLE: Final = "disaggregatedset.x-k8s.io/role"
GROUP_SIZE: Final = "leaderworkerset.sigs.k8s.io/size"
# As the scheduler writes it: "0/4 nodes are available: 1 Insufficient cpu, 3 Insufficient
# nvidia.com/gpu." Source: pkg/scheduler/framework/plugins/noderesources/fit.go of Kubernetes.
LACKS: Final = re.compile(r"\bInsufficient ([A-Za-z0-9][-A-Za-z0-9._/]{0,316})", re.ASCII)
READ: Final = 4096
"""So many characters of a message are read; the scheduler's are a few hundred long."""
# The gateway's extension writes the request body's model into one of these before routing.
MODEL_HEADERS: Final = ("x-gateway-model-name", "x-gateway-base-model-name")


class Malformed(ValueError):
    """The answer is JSON of another shape."""


def deployment(thing: Json) -> Deployment:
    """Read an apps/v1 Deployment; a missing `spec.replicas` is 1, as the API says."""
    meta, spec, status = (
        section(thing, "metadata"),
        section(thing, "spec"),
        section(thing, "status"),
    )
    return Deployment(
        namespace=text(meta, "namespace"),
        name=text(meta, "name"),
        uid=text(meta, "uid"),
        resource_version=text(meta, "resourceVersion"),
        replicas=number(spec, "replicas", missing=1),
        selector=selector(section(spec, "selector")),
        generation=number(meta, "generation"),
        observed_generation=number(status, "observedGeneration"),
        updated=number(status, "updatedReplicas"),
        ready=number(status, "readyReplicas"),
        paused=spec.get("paused") is True,
        labels=texts(meta, "labels"),
        annotations=texts(meta, "annotations"),
        owners=owners(meta),
        writers=tuple(map(_writer, items(meta, "managedFields"))),
    )


def owner(thing: Json) -> Owner:
    """Read any object that may own pods, for what is above it."""
    meta, kind = section(thing, "metadata"), text(thing, "kind")
    counts = kind in kinds.REPLICATED
    itself = OwnerReference(
        kind=kind,
        name=text(meta, "name"),
        uid=text(meta, "uid"),
        api_version=text(thing, "apiVersion"),
    )
    return Owner(
        itself=itself,
        owners=owners(meta),
        group_size=_group_size(section(thing, "spec")) if kind == "LeaderWorkerSet" else None,
        models=_models(thing) if kind == "LLMInferenceService" else (),
        replicas=number(section(thing, "spec"), "replicas", missing=1) if counts else None,
        ready=number(section(thing, "status"), "readyReplicas") if counts else None,
    )


def thing(told: Json, *, kind: Kind | None = None) -> Thing:
    """Read an object of any kind; what is in a list does not say its own."""
    meta = section(told, "metadata")
    return Thing(
        itself=OwnerReference(
            kind=kind.name if kind else text(told, "kind"),
            name=text(meta, "name"),
            uid=text(meta, "uid"),
            api_version=kind.api_version if kind else text(told, "apiVersion"),
        ),
        namespace=text(meta, "namespace"),
        resource_version=text(meta, "resourceVersion"),
        generation=number(meta, "generation"),
        labels=texts(meta, "labels"),
        annotations=texts(meta, "annotations"),
        owners=owners(meta),
        writers=tuple(map(_writer, items(meta, "managedFields"))),
        body=told,
    )


def workload(thing: Json, *, kind: Kind) -> Workload:
    """Read what makes pods; what is in a list does not say its own kind.

    The pods of a LeaderWorkerSet are led by one made from `leaderTemplate`, where there is one.
    """
    meta, spec = section(thing, "metadata"), section(thing, "spec")
    grouped = section(spec, "leaderWorkerTemplate")
    leads = section(grouped, "leaderTemplate") or section(grouped, "workerTemplate")
    template = leads if grouped else section(spec, "template")
    referred = section(spec, "workloadRef")
    return Workload(
        itself=OwnerReference(
            kind=kind.name,
            name=text(meta, "name"),
            uid=text(meta, "uid"),
            api_version=kind.api_version,
        ),
        labels={**_of_set(meta), **texts(section(template, "metadata"), "labels")},
        served=tuple(_served(section(template, "spec"))),
        template_of=text(referred, "name") if text(referred, "kind") == "Deployment" else "",
    )


def pod(thing: Json) -> Pod:
    """Read a core/v1 Pod."""
    meta, status = section(thing, "metadata"), section(thing, "status")
    return Pod(
        namespace=text(meta, "namespace"),
        name=text(meta, "name"),
        uid=text(meta, "uid"),
        labels=texts(meta, "labels"),
        owners=owners(meta),
        ready_since=_ready_since(status),
        leaving="deletionTimestamp" in meta,
        finished=text(status, "phase") in FINISHED,
        served=tuple(_served(section(thing, "spec"))),
        group_size=_counted(texts(meta, "annotations").get(GROUP_SIZE, "")),
        node=text(section(thing, "spec"), "nodeName"),
        lacks=_lacks(status),
        loading=_loading(status),
    )


def pool(thing: Json) -> Pool:
    """Read an InferencePool, as v1 writes it or as v1alpha2 did.

    v1: `selector.matchLabels`, `endpointPickerRef`; v1alpha2: `selector` itself is the map, and the
    picker is `extensionRef`. Both let requests fail unless told otherwise.
    """
    spec = section(thing, "spec")
    chosen = section(spec, "selector")
    labels = texts(chosen, "matchLabels") if "matchLabels" in chosen else _only_texts(chosen)
    picker = section(spec, "endpointPickerRef") or section(spec, "extensionRef")
    mode = text(picker, "failureMode") or (FAIL_CLOSE if picker else "")
    return Pool(
        name=text(section(thing, "metadata"), "name"),
        api_version=text(thing, "apiVersion"),
        selector=labels,
        picker=text(picker, "name"),
        failure_mode=mode,
    )


def route(thing: Json) -> Route:
    """Read an HTTPRoute: which values of the model header lead to which pools, and their shares."""
    meta, rules = section(thing, "metadata"), items(section(thing, "spec"), "rules")
    leads = {pair for rule in rules for pair in _leads(rule)}
    backends = (tuple(_backends(rule, namespace=text(meta, "namespace"))) for rule in rules)
    return Route(
        name=text(meta, "name"),
        leads=tuple(sorted(leads)),
        rules=tuple(each for each in backends if each),
    )


def autoscaler(thing: Json) -> Autoscaler:
    """Read an autoscaling/v2 HorizontalPodAutoscaler."""
    meta = section(thing, "metadata")
    target = section(section(thing, "spec"), "scaleTargetRef")
    return Autoscaler(
        name=text(meta, "name"),
        target_kind=text(target, "kind"),
        target_name=text(target, "name"),
        labels=texts(meta, "labels"),
        annotations=texts(meta, "annotations"),
        owners=owners(meta),
    )


def selector(thing: Json) -> str:
    """Write a LabelSelector object in the text form of the API."""
    terms = [f"{key}={value}" for key, value in sorted(texts(thing, "matchLabels").items())]
    return ",".join(terms + [_expression(each) for each in items(thing, "matchExpressions")])


def owners(meta: Json) -> tuple[OwnerReference, ...]:
    """Read `metadata.ownerReferences`."""
    return tuple(
        OwnerReference(
            kind=text(each, "kind"),
            name=text(each, "name"),
            uid=text(each, "uid"),
            controller=each.get("controller") is True,
            api_version=text(each, "apiVersion"),
        )
        for each in items(meta, "ownerReferences")
    )


def allowed(review: Json) -> bool:
    """Read the answer of a SelfSubjectAccessReview; raises Malformed where it has none."""
    name = "allowed"
    found = section(review, "status").get(name)
    if not isinstance(found, bool):
        raise Malformed(name)
    return found


def line(container: Json) -> list[str]:
    """Read a container's command line: the words of `command` and `args`; no list has none."""
    parts = (container.get(part) for part in ("command", "args"))
    return [str(word) for part in parts if isinstance(part, list) for word in part]


def section(thing: Json, name: str) -> Json:
    """Return the object under a name, empty when there is none; raises Malformed."""
    found = thing.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise Malformed(name)
    return found


def items(thing: Json, name: str) -> Sequence[Json]:
    """Return the objects of a list, empty when there is none; raises Malformed."""
    found = thing.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise Malformed(name)
    return found


def text(thing: Json, name: str) -> str:
    """Return the string under a name, empty when there is none; raises Malformed."""
    found = thing.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Malformed(name)
    return found


def texts(thing: Json, name: str) -> Mapping[str, str]:
    """Return a map of strings; raises Malformed."""
    found = section(thing, name)
    return {key: text(found, key) for key in found}


def number(thing: Json, name: str, *, missing: int = 0) -> int:
    """Return the integer under a name; raises Malformed."""
    found = thing.get(name)
    if found is None:
        return missing
    if not isinstance(found, int) or isinstance(found, bool):
        raise Malformed(name)
    return found


def moment(written: str) -> datetime | None:
    """Read a time of the API, RFC 3339 in UTC; None when there is none. Raises Malformed."""
    if not written:
        return None
    found = datetime.fromisoformat(written)
    if found.tzinfo is None:
        raise Malformed(written)
    return found


def _expression(term: Json) -> str:
    key, operator = text(term, "key"), text(term, "operator")
    values = term.get("values")
    listed = ",".join(map(str, values)) if isinstance(values, list) else ""
    match operator:
        case "In" | "NotIn":
            return f"{key} {operator.lower()} ({listed})"
        case "Exists":
            return key
        case "DoesNotExist":
            return f"!{key}"
        case _:
            raise Malformed(operator)


def _ready_since(status: Json) -> datetime | None:
    for condition in items(status, "conditions"):
        if text(condition, "type") == "Ready" and text(condition, "status") == "True":
            return moment(text(condition, "lastTransitionTime"))
    return None


def _lacks(status: Json) -> tuple[str, ...]:
    """Return of what the scheduler finds too little; nothing for a pod that waits for no node."""
    for condition in items(status, "conditions"):
        waits = text(condition, "type") == "PodScheduled" and text(condition, "status") == "False"
        if waits and text(condition, "reason") == "Unschedulable":
            found = LACKS.findall(text(condition, "message")[:READ])
            return tuple(sorted({each.rstrip(".") for each in found}))
    return ()


def _loading(status: Json) -> bool:
    """Tell whether the containers start for the first time; where nobody says so they do not."""
    told = items(status, "containerStatuses")
    first = all(number(each, "restartCount") == 0 for each in told)
    return first and any(each.get("started") is False for each in told)


def _of_set(meta: Json) -> Mapping[str, str]:
    """Return the role that a DisaggregatedSet gave to a LeaderWorkerSet, as its pods have it."""
    role = texts(meta, "labels").get(SET_ROLE, "")
    return {SET_ROLE: role} if role else {}


def _served(spec: Json) -> Iterator[str]:
    """Yield the models on the command lines of the pod's containers."""
    for container in items(spec, "containers"):
        yield from command_line.models(line(container))


def _models(thing: Json) -> tuple[str, ...]:
    """Return what an LLMInferenceService serves: `spec.model.name`, else its own name."""
    named = text(section(section(thing, "spec"), "model"), "name")
    return tuple(filter(None, [named or text(section(thing, "metadata"), "name")]))


def _group_size(spec: Json) -> int:
    """Return a LeaderWorkerSet's pods per group; a missing size is 1, as its API says."""
    return number(section(spec, "leaderWorkerTemplate"), "size", missing=1)


def _counted(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else None  # noqa: PLR2004  # no group is larger


def _only_texts(thing: Json) -> Mapping[str, str]:
    return {key: value for key, value in thing.items() if isinstance(value, str)}


def _backends(rule: Json, *, namespace: str) -> Iterator[Backend]:
    """Yield the pools of a rule; a missing weight is 1, as the Gateway API says."""
    for each in items(rule, "backendRefs"):
        if each.get("kind") == "InferencePool":
            named = text(each, "namespace")
            yield Backend(
                pool=text(each, "name"),
                weight=number(each, "weight", missing=1),
                namespace="" if named == namespace else named,
            )


def _leads(rule: Json) -> Iterator[tuple[str, str]]:
    backends = items(rule, "backendRefs")
    pools = [text(each, "name") for each in backends if each.get("kind") == "InferencePool"]
    headers = [each for match in items(rule, "matches") for each in items(match, "headers")]
    for header in headers:
        exact = header.get("type", "Exact") == "Exact"
        if exact and text(header, "name").lower() in MODEL_HEADERS:
            yield from ((text(header, "value"), pool) for pool in pools)


def _writer(entry: Json) -> Writer:
    return Writer(
        manager=text(entry, "manager"),
        subresource=text(entry, "subresource"),
        at=moment(text(entry, "time")),
        fields=frozenset(_paths(section(entry, "fieldsV1"))),
    )


def _paths(fields: Json, prefix: str = "") -> Iterator[str]:
    """Yield the dotted paths of fieldsV1; list items are of no use to us and left out."""
    for name, inner in fields.items():
        if name.startswith("f:") and isinstance(inner, Mapping):
            path = f"{prefix}{name[2:]}"
            yield path
            yield from _paths(inner, f"{path}.")
