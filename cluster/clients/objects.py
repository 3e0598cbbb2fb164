"""What the cluster holds, as far as actions need to know it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerReference:
    """Who made an object; `controller` is the one that keeps it as it is."""

    kind: str
    name: str
    uid: str = ""
    controller: bool = True

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """An entry of `metadata.managedFields`: who last wrote which fields.

    `fields` are dotted paths such as `spec.replicas`; `at` has whole seconds.
    """

    manager: str
    subresource: str = ""
    at: datetime | None = None
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A Deployment; counts are pods, `selector` is in the API's text form."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    replicas: int
    selector: str
    generation: int = 0
    observed_generation: int = 0
    updated: int = 0
    ready: int = 0
    paused: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[OwnerReference, ...] = ()
    writers: tuple[Writer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSet:
    """A ReplicaSet, on the way from a pod to its Deployment."""

    namespace: str
    name: str
    owners: tuple[OwnerReference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod; `ready_since` is None while it is not ready, `served` are the models it serves."""

    namespace: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[OwnerReference, ...] = ()
    ready_since: datetime | None = None
    leaving: bool = False
    served: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscaler:
    """A HorizontalPodAutoscaler and what it scales."""

    name: str
    target_kind: str
    target_name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[OwnerReference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """One write of `/scale`, with what it must find: this object, in this version.

    `manager` names the writer in `metadata.managedFields`; `dry_run` asks for the answer alone.
    """

    namespace: str
    name: str
    uid: str
    resource_version: str
    replicas: int
    manager: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resized:
    """The Scale that the API server answered."""

    replicas: int
    resource_version: str
