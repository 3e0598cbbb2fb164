"""What every change must keep to before anybody is asked about it: bounds and thresholds, as data.

Where the numbers come from stands in docs/guardrails.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import Any  # what an exception says of a limit has that limit's own type

from incidents.patterns import like

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Thresholds that may differ by action and by environment.

    A size may change at once by `largest_step` replicas and by `largest_factor`, up or down; a
    change by `small_step` replicas is always small enough. `cool_down` is the pause after a change
    by the same action. What is left may fill its KV cache to `kv_usage`, and may have `waiting`
    requests on each pod. `people` must approve what other pods depend on. `cannot_tell_refuses`
    names the guards without whose answer nothing is changed; of the others it is a warning.
    """

    largest_step: int = 8
    largest_factor: float = 2.0
    small_step: int = 2
    cool_down: timedelta = timedelta(minutes=5)
    kv_usage: float = 0.85
    waiting: float = 4.0
    people: int = 2
    cannot_tell_refuses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceptions:
    """Limits that are others for some changes; what is empty fits every change."""

    limits: Mapping[str, Any]  # see the import
    actions: Names = ()
    environments: Names = ()
    namespaces: Names = ()

    def fits(self, action: str, environment: str, namespace: str) -> bool:
        """Tell whether a change is meant."""
        pairs = (
            (self.actions, action),
            (self.environments, environment),
            (self.namespaces, namespace),
        )
        return all(not patterns or any_like(patterns, text) for patterns, text in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What may be touched at all, as patterns; what is empty allows everything."""

    namespaces: Names = ()
    kinds: Names = ()
    names: Names = ()


class Where(Enum):
    """What carries the mark of somebody else's work."""

    NODE = "node"
    POD = "pod"
    WORKLOAD = "workload"


class Sign(Enum):
    """What a mark is."""

    TAINT = "taint"
    LABEL = "label"
    ANNOTATION = "annotation"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A mark that another controller leaves; of a condition `value` is its status.

    `key` and `value` are patterns, and `unless` is a pattern of values that mean nothing. With
    `refuses` pods and nodes that carry it are left to `who`; else it is a warning.
    """

    on: Where
    sign: Sign
    key: str
    who: str
    value: str = "*"
    unless: str = ""
    refuses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPair:
    """Versions of prefill and decode that must not serve together, as patterns of image tags."""

    prefill: str
    decode: str
    because: str


def _node(sign: Sign, key: str, who: str, **more: Any) -> Mark:  # fields of a mark
    return Mark(on=Where.NODE, sign=sign, key=key, who=who, **more)


MARKS = (
    _node(Sign.TAINT, "ToBeDeletedByClusterAutoscaler", "the cluster autoscaler", refuses=True),
    _node(Sign.TAINT, "DeletionCandidateOfClusterAutoscaler", "the cluster autoscaler"),
    _node(Sign.TAINT, "karpenter.sh/disrupted", "Karpenter", refuses=True),
    _node(Sign.TAINT, "karpenter.sh/disruption", "Karpenter", refuses=True),
    _node(Sign.TAINT, "*medik8s.io/*", "medik8s", refuses=True),
    _node(Sign.CONDITION, "DrainScheduled", "draino", value="True", refuses=True),
    _node(Sign.ANNOTATION, "draino/*", "draino"),
    _node(Sign.TAINT, "node-problem-detector/*", "node-problem-detector"),
    _node(Sign.LABEL, "dgxc.nvidia.com/nvsentinel-state", "NVSentinel", refuses=True),
    _node(
        Sign.LABEL,
        "nvidia.com/gpu-driver-upgrade-state",
        "the GPU operator",
        unless="upgrade-done",
        refuses=True,
    ),
    _node(Sign.ANNOTATION, "*kured-reboot-in-progress", "kured", refuses=True),
    Mark(
        on=Where.POD,
        sign=Sign.ANNOTATION,
        key="descheduler.alpha.kubernetes.io/eviction-in-progress",
        who="the descheduler",
        refuses=True,
    ),
    Mark(
        on=Where.POD,
        sign=Sign.ANNOTATION,
        key="karpenter.sh/do-not-disrupt",
        who="whoever marked it for Karpenter",
        value="true",
    ),
    Mark(
        on=Where.POD,
        sign=Sign.ANNOTATION,
        key="cluster-autoscaler.kubernetes.io/safe-to-evict",
        who="whoever marked it for the cluster autoscaler",
        value="false",
    ),
    Mark(
        on=Where.WORKLOAD,
        sign=Sign.ANNOTATION,
        key="remediation.medik8s.io/*",
        who="medik8s",
    ),
)
"""The marks that are known.

Sources: kubernetes/autoscaler cluster-autoscaler/utils/taints; karpenter.sh pkg/apis/v1; the
remediators of medik8s.io; planetlabs/draino; NVIDIA/NVSentinel; NVIDIA/k8s-operator-libs
pkg/upgrade; kubereboot/kured; kubernetes-sigs/descheduler pkg/descheduler/evictions.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrails:
    """All guardrails; an empty configuration has these.

    `off` names guards that do not look. `node_autoscaler` says whether nodes come by themselves
    where GPUs are wanted; None where triaged is to look for it.
    """

    limits: Limits = Limits()
    exceptions: tuple[Exceptions, ...] = ()
    allowed: Allowed = Allowed()
    off: frozenset[str] = frozenset()
    node_autoscaler: bool | None = None
    version_pairs: tuple[VersionPair, ...] = ()
    marks: tuple[Mark, ...] = field(default=MARKS)

    def of(self, *, action: str, environment: str, namespace: str) -> Limits:
        """Return the limits of a change; of several exceptions that fit the last one counts."""
        found = self.limits
        for one in self.exceptions:
            if one.fits(action, environment, namespace):
                found = replace(found, **one.limits)
        return found


def any_like(patterns: Names, text: str) -> bool:
    """Tell whether a text is like one of the patterns, `*` standing for any text."""
    return any(like(one, text) for one in patterns)
