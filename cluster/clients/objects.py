"""What the cluster holds, as far as actions need to know it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerReference:
    """Who made an object; `controller` is the one that keeps it as it is.

    `api_version` is `apps/v1`, or `v1` for the core group; empty where nobody said it.
    """

    kind: str
    name: str
    uid: str = ""
    controller: bool = True
    api_version: str = ""

    @property
    def group(self) -> str:
        """Return the API group, empty for the core group."""
        group, slash, _ = self.api_version.partition("/")
        return group if slash else ""

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
class Owner:
    """An object on the way from a pod to its topmost controller.

    `itself` is how others refer to it, `owners` are its own. `group_size` is the number of pods of
    one group of a LeaderWorkerSet; `models` are what an LLMInferenceService says that it serves.
    """

    itself: OwnerReference
    owners: tuple[OwnerReference, ...] = ()
    group_size: int | None = None
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod; `ready_since` is None while it is not ready, `served` are the models it serves.

    `leaving` was asked to go, `finished` runs no more. `group_size` is what a LeaderWorkerSet wrote
    on the pod: how many pods make one group.
    """

    namespace: str
    name: str
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[OwnerReference, ...] = ()
    ready_since: datetime | None = None
    leaving: bool = False
    finished: bool = False
    served: tuple[str, ...] = ()
    group_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """An InferencePool: `selector` are the labels of its pods, all of which must fit.

    `picker` is the Service of its endpoint picker, empty where it names none; `failure_mode` is
    what becomes of requests while the picker is away, `FailOpen` or `FailClose`.
    """

    name: str
    api_version: str
    selector: Mapping[str, str]
    picker: str = ""
    failure_mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An HTTPRoute as far as it leads models to pools: pairs of a header's value and a pool."""

    name: str
    leads: tuple[tuple[str, str], ...]


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
