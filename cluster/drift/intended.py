"""What a team intends: the environments, the workloads in them, and the models these serve."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

LOCAL: Final = "local"
BOTH: Final = "both"
"""The role of pods that do prefill and decode."""
NVIDIA: Final = "nvidia.com/gpu"
PRODUCT: Final = "nvidia.com/gpu.product"
"""The label that NVIDIA's GPU feature discovery gives to nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Sizes from `least` to `most`, both included."""

    least: int
    most: int

    def __contains__(self, size: int) -> bool:
        return self.least <= size <= self.most

    def __str__(self) -> str:
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many replicas there should be: `normal` is what to go back to after a change.

    Replicas are pods, of a LeaderWorkerSet and what makes them groups.
    """

    normal: int
    allowed: Range

    def __str__(self) -> str:
        only = self.allowed == Range(least=self.normal, most=self.normal)
        return str(self.normal) if only else f"{self.allowed}, normally {self.normal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpus:
    """What a pod gets of GPUs: how many of `resource`, on nodes whose `label` says `kind`."""

    per_pod: int | None = None
    kind: str = ""
    label: str = PRODUCT
    resource: str = NVIDIA


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A prompt to try pods with, and how its answer begins.

    It also goes through `gateway`, `http://gateway.llm-d`, where one is said. `first_token` and
    `between_tokens` are how long an answer may take, None where any time will do.
    """

    prompt: str
    begins_with: str
    gateway: str = ""
    first_token: timedelta | None = None
    between_tokens: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model as it should be served; what is empty or None is not said.

    `served` are the names that requests and metrics know it by, the main one first. `load_time` is
    how long a pod takes until it is ready, and `source` is where the weights come from.
    """

    name: str
    served: tuple[str, ...]
    source: str = ""
    revision: str = ""
    quantization: str = ""
    tensor_parallel: int | None = None
    max_model_len: int | None = None
    load_time: timedelta | None = None
    canary: Canary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SloClass:
    """The InferenceObjective that requests name, and the priority that it gives them."""

    objective: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One role of one model as it should run; what is empty or None is not said.

    `namespace` is the only one of the environment that is meant, empty for all of them. `image` is
    the whole reference, `version` its tag alone. `arguments` are flags of the engine with their
    values, `switches` flags without one, `variables` are environment variables of its container.
    `where` names the entry for people: `environments.yaml:7`.
    """

    role: str
    model: Model
    where: str
    namespace: str = ""
    pool: str = ""
    replicas: Size | None = None
    image: str = ""
    version: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    switches: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    gpus: Gpus | None = None
    memory: str = ""
    autoscaler: Range | None = None
    pool_failure_mode: str = ""
    slo_class: SloClass | None = None

    def __str__(self) -> str:
        return f"{self.role} of {self.model.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A workload in one namespace of one cluster of an environment."""

    environment: str
    cluster: str
    namespace: str
    workload: Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Namespaces of clusters that are kept alike, and the workloads of each."""

    name: str
    clusters: tuple[str, ...]
    namespaces: tuple[str, ...]
    workloads: tuple[Workload, ...] = ()

    @property
    def places(self) -> Iterator[Place]:
        """Yield every workload in every namespace that it is meant for."""
        for cluster in self.clusters:
            for namespace in self.namespaces:
                for each in self.workloads:
                    if each.namespace in {"", namespace}:
                        yield Place(
                            environment=self.name,
                            cluster=cluster,
                            namespace=namespace,
                            workload=each,
                        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Environments:
    """All that is intended; by default nothing is."""

    environments: tuple[Environment, ...] = ()
    models: Mapping[str, Model] = field(default_factory=dict)

    @property
    def places(self) -> tuple[Place, ...]:
        """Return every workload of every environment, in the order of the file."""
        return tuple(place for one in self.environments for place in one.places)

    def of(
        self,
        *,
        cluster: str,
        namespace: str,
        role: str,
        model: str,
        pool: str = "",
        own: str = LOCAL,
    ) -> Place | None:
        """Return what is intended for a workload that an incident names; None where none is meant.

        `own` is what the cluster at hand is called; an empty name and `local` mean it, too. Where
        several fit none is meant: a bound of the wrong one is worse than no bound.
        """
        at_hand = {"", LOCAL, own}
        found = [
            place
            for place in self.places
            if (place.cluster == cluster or {place.cluster, cluster} <= at_hand)
            and place.namespace == namespace
            and _fits(place.workload, role=role, model=model, pool=pool)
        ]
        return found[0] if len(found) == 1 else None


NOTHING: Final = Environments()


def bounds(place: Place | None) -> Mapping[str, int]:
    """Return the sizes that a runbook can name, `normal`, `least` and `most`, if they are said."""
    size = place.workload.replicas if place else None
    if size is None:
        return {}
    return {"normal": size.normal, "least": size.allowed.least, "most": size.allowed.most}


def outside(place: Place | None, replicas: int) -> str:
    """Return a warning for a plan after which the size is none that is intended, else nothing."""
    size = place.workload.replicas if place else None
    if place is None or size is None or replicas in size.allowed:
        return ""
    said = f"{place.environment} is meant to have {size} ({place.workload.where})"
    return f"{replicas} replicas are outside the intended range: {said}"


def _fits(workload: Workload, *, role: str, model: str, pool: str) -> bool:
    known = bool(model or pool)
    same_model = not model or model in {workload.model.name, *workload.model.served}
    same_pool = not (pool and workload.pool) or pool == workload.pool
    return known and workload.role in {role, BOTH} and same_model and same_pool
