"""What a Kubernetes object is to the stand-in, and the few questions everybody asks of one."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar, cast

# Any: an object is open JSON; its schema is Kubernetes', and the clients check it, not we.
Object: TypeAlias = dict[str, Any]
View: TypeAlias = Mapping[str, Any]  # Any: as above, for readers


_T = TypeVar("_T")


def copied(value: _T) -> _T:
    """Copy JSON through and through; several times faster than deepcopy, which the store feels."""
    if isinstance(value, dict):
        return cast("_T", {key: copied(inner) for key, inner in value.items()})  # a dict again
    if isinstance(value, list):
        return cast("_T", [copied(inner) for inner in value])  # a list again
    return value


def stamp(moment: datetime) -> str:
    """Write a moment as metav1.Time does: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(stamped: str) -> datetime:
    """Read a metav1.Time or MicroTime."""
    return datetime.fromisoformat(stamped)


def name_of(thing: View) -> str:
    """Return `metadata.name`, empty when there is none."""
    return str(thing.get("metadata", {}).get("name", ""))


def namespace_of(thing: View) -> str:
    """Return `metadata.namespace`, empty for cluster-scoped objects."""
    return str(thing.get("metadata", {}).get("namespace", ""))


def uid_of(thing: View) -> str:
    """Return `metadata.uid`."""
    return str(thing.get("metadata", {}).get("uid", ""))


def labels_of(thing: View) -> Mapping[str, str]:
    """Return `metadata.labels`, empty when there are none."""
    labels: Mapping[str, str] = thing.get("metadata", {}).get("labels") or {}
    return labels


def controller_of(thing: View) -> str:
    """Return the uid of the owner that controls this object, empty when nobody does."""
    owners: Iterable[View] = thing.get("metadata", {}).get("ownerReferences") or ()
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def terminating(thing: View) -> bool:
    """Tell whether the object was asked to go."""
    return "deletionTimestamp" in thing.get("metadata", {})


def condition(thing: View, kind: str) -> View:
    """Return the condition of this type, empty when it is not set."""
    conditions: Iterable[View] = thing.get("status", {}).get("conditions") or ()
    return next((one for one in conditions if one["type"] == kind), {})


def ready(pod: View) -> bool:
    """Tell whether a pod takes traffic: Ready and not asked to go."""
    return condition(pod, "Ready").get("status") == "True" and not terminating(pod)


def with_condition(thing: Object, new: View, *, now: datetime) -> None:
    """Set a condition in place; its lastTransitionTime moves only when its status does."""
    conditions: list[Object] = thing.setdefault("status", {}).setdefault("conditions", [])
    old = condition(thing, str(new["type"]))
    same = old.get("status") == new["status"]
    fresh = dict(new) | {"lastTransitionTime": old["lastTransitionTime"] if same else stamp(now)}
    if not old:
        conditions.append(fresh)
        return
    conditions[[one["type"] for one in conditions].index(new["type"])] = fresh
