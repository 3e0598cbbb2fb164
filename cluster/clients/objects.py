"""What the cluster holds, as far as actions need to know it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

_NO_MOMENT: Final = datetime.max.replace(tzinfo=UTC)


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


def newest(writers: Iterable[Writer]) -> Writer | None:
    """Return which of those who have a field wrote it last; None where nobody has it.

    Of what is written through `/scale` an API server keeps no moment; but whoever writes a field
    takes it from whoever had it, so that who has it without a moment wrote it last.
    """
    return max(writers, key=lambda each: each.at or _NO_MOMENT, default=None)


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
    `replicas` are wanted and `ready` are ready, of a LeaderWorkerSet groups; None for a kind that
    does not say it in one place.
    """

    itself: OwnerReference
    owners: tuple[OwnerReference, ...] = ()
    group_size: int | None = None
    models: tuple[str, ...] = ()
    replicas: int | None = None
    ready: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What makes pods, seen from above: `labels` and `served` are those that its pods would have.

    `template_of` is the Deployment whose template an Argo Rollout uses instead of one of its own.
    """

    itself: OwnerReference
    labels: Mapping[str, str] = field(default_factory=dict)
    served: tuple[str, ...] = ()
    template_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod; `ready_since` is None while it is not ready, `served` are the models it serves.

    `leaving` was asked to go, `finished` runs no more. `group_size` is what a LeaderWorkerSet wrote
    on the pod: how many pods make one group. `node` is empty before the pod has one, and `lacks`
    are the resources of which the scheduler finds too little for it, on all nodes or on some. One
    is `loading` while its containers start for the first time: it was never ready.
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
    node: str = ""
    lacks: tuple[str, ...] = ()
    loading: bool = False


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
class Backend:
    """An InferencePool that a rule of a route leads to; 0 of the rule's `weight` is no traffic.

    `namespace` is empty for that of the route.
    """

    pool: str
    weight: int = 1
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An HTTPRoute as far as it leads to pools.

    `leads` are pairs of a model header's value and a pool; `rules` are all rules that lead to any
    pool, with the pools that share the traffic of the rule.
    """

    name: str
    leads: tuple[tuple[str, str], ...]
    rules: tuple[tuple[Backend, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscaler:
    """A HorizontalPodAutoscaler and what it scales."""

    name: str
    target_kind: str
    target_name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[OwnerReference, ...] = ()
