"""A target: one workload of one cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cluster.clients.objects import OwnerReference
from incidents.errors import Rejected

DEPLOYMENT_API: Final = "apps/v1"
SHOWN: Final = 3
"""How many names of one kind a path shows; of a hundred groups the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What an incident knows of its target, from the alert's labels: foreign text.

    `model` may be empty where `pool`, the name of an InferencePool, is known. `chosen` is the
    workload that a person picked among several, as a candidate is written: `Deployment decode`.
    """

    namespace: str
    model: str
    role: str = "decode"
    cluster: str = "local"
    pool: str = ""
    chosen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What one replica of the workload is: a pod, or a group of `size` pods.

    A size of None is not known, or not the same everywhere.
    """

    groups: bool = False
    size: int | None = 1

    def __str__(self) -> str:
        if not self.groups:
            return "pods"
        return f"groups of {self.size}" if self.size is not None else "groups of unknown size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A pod of the target, as far as its labels say what it is.

    `group` and `rank` are a LeaderWorkerSet's: which group, and which pod of it (0 leads). `serves`
    tells pods that take requests from those that only compute for their leader.
    """

    name: str
    role: str = ""
    group: str = ""
    rank: int | None = None
    serves: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker:
    """The endpoint picker of a pool: its Service, and what happens while it is away.

    `failure_mode` is `FailOpen` (requests go anywhere) or `FailClose` (requests fail).
    """

    name: str
    failure_mode: str


Path = tuple[tuple[OwnerReference, ...], ...]
"""What stands above the pods, level by level: the last level is the target itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A workload that was found: the topmost controller, and how it was reached.

    `pods` are the names of the pods that take requests at that moment, `members` all of them.
    `roles` are the roles that pods of this model have in the namespace; empty when nobody looked,
    or when their labels say nothing. `pool` is the InferencePool of the pods, empty for none, and
    `one_endpoint` whether that pool has one pod only; None where there is no pool. `notes` say what
    could not be seen while looking: with any, something may stand above the target.
    """

    cluster: str
    namespace: str
    kind: str
    name: str
    uid: str
    model: str
    role: str
    pods: tuple[str, ...]
    roles: tuple[str, ...] = ()
    api_version: str = DEPLOYMENT_API
    path: Path = ()
    pool: str = ""
    one_endpoint: bool | None = None
    picker: Picker | None = None
    unit: Unit = Unit()
    members: tuple[Member, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Return the path for the approver: `pod → LeaderWorkerSet x → DisaggregatedSet y`."""
        return in_words(self.path)

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One of several workloads that fit."""

    kind: str
    api_version: str
    name: str
    uid: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Ambiguous(Rejected):
    """Several workloads fit: the candidates are named, and none of them is chosen."""

    def __init__(self, message: str, *, candidates: Sequence[Candidate]) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class NotFound(Rejected):
    """No workload fits: it cannot be told which one is meant."""


class Targets(Protocol):
    """Finds workloads."""

    def find(self, selector: Selector) -> Target:
        """Return the one workload.

        Raises Ambiguous with the candidates when several match, NotFound with what was looked for
        and where when none does (both are Rejected), Unavailable when the cluster cannot be asked.
        """


def in_words(path: Path) -> str:
    """Return a path from the pods up to the top."""
    return " → ".join(["pod", *(_level(level) for level in path)])


def _level(level: Sequence[OwnerReference]) -> str:
    kinds = sorted({each.kind for each in level})
    return ", ".join(_named(kind, [x.name for x in level if x.kind == kind]) for kind in kinds)


def _named(kind: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{kind} {', '.join(sorted(names)[:SHOWN])}{more}"
