"""Reads the API server's JSON into the objects that we know; what is missing counts as absent."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from cluster.clients.objects import (
    Autoscaler,
    Deployment,
    OwnerReference,
    Pod,
    ReplicaSet,
    Resized,
    Writer,
)

Json = Mapping[str, object]

SERVED_FLAGS: Final = ("--served-model-name", "--model")


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


def replica_set(thing: Json) -> ReplicaSet:
    """Read an apps/v1 ReplicaSet."""
    meta = section(thing, "metadata")
    return ReplicaSet(
        namespace=text(meta, "namespace"), name=text(meta, "name"), owners=owners(meta)
    )


def pod(thing: Json) -> Pod:
    """Read a core/v1 Pod."""
    meta = section(thing, "metadata")
    return Pod(
        namespace=text(meta, "namespace"),
        name=text(meta, "name"),
        labels=texts(meta, "labels"),
        owners=owners(meta),
        ready_since=_ready_since(section(thing, "status")),
        leaving="deletionTimestamp" in meta,
        served=tuple(_served(section(thing, "spec"))),
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


def resized(thing: Json) -> Resized:
    """Read an autoscaling/v1 Scale."""
    return Resized(
        replicas=number(section(thing, "spec"), "replicas"),
        resource_version=text(section(thing, "metadata"), "resourceVersion"),
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
        )
        for each in items(meta, "ownerReferences")
    )


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


def _served(spec: Json) -> Iterator[str]:
    """Yield the model names on the engines' command lines, `--flag value` or `--flag=value`."""
    for container in items(spec, "containers"):
        words = [word for part in ("command", "args") for word in _words(container, part)]
        for word, following in zip(words, (*words[1:], ""), strict=False):
            flag, _, value = word.partition("=")
            if flag in SERVED_FLAGS and (value or following):
                yield value or following


def _words(container: Json, part: str) -> list[str]:
    found = container.get(part)
    return [str(word) for word in found] if isinstance(found, list) else []


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
