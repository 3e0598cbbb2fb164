"""What the labels of a pod say: its role, its group, its rank, its model. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from cluster.clients.objects import Pod, Pool

ROLE: Final = "llm-d.ai/role"
SET_ROLE: Final = "disaggregatedset.x-k8s.io/role"
MODEL: Final = "llm-d.ai/model"
GROUPS: Final = "leaderworkerset.sigs.k8s.io/name"
GROUP: Final = "leaderworkerset.sigs.k8s.io/group-index"
RANK: Final = "leaderworkerset.sigs.k8s.io/worker-index"
BOTH: Final = "both"
OUT: Final = "quarantined"
"""The value that a pod's label gets when it is taken out of its pool; no pool selects it."""

_LONGEST: Final = 63
_NOT_IN_LABELS: Final = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_KEY: Final = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


def roles(pods: Sequence[Pod]) -> Mapping[str, str]:
    """Return the role of every pod by its name, empty where no label says one.

    Workers of a group may have no label of their own: they have the role of their group.
    """
    own = {pod.name: pod.labels.get(ROLE) or pod.labels.get(SET_ROLE, "") for pod in pods}
    grouped: dict[str, set[str]] = {}
    for pod in pods:
        if own[pod.name] and pod.labels.get(GROUPS):
            grouped.setdefault(pod.labels[GROUPS], set()).add(own[pod.name])
    return {pod.name: own[pod.name] or _only(grouped, pod) for pod in pods}


def fits(role: str, wanted: str) -> bool:
    """Tell whether a pod of this role does what is wanted; one without a role does everything."""
    return role in {wanted, BOTH, ""}


def quarantined(pod: Pod) -> bool:
    """Tell whether the pod was taken out of its pool, to be looked at: it takes no requests."""
    return OUT in pod.labels.values()


def rank(pod: Pod) -> int | None:
    """Return the pod's place in its group, 0 for the leader; None where there is no group."""
    written = pod.labels.get(RANK, "")
    return int(written) if written.isascii() and written.isdigit() else None


def serves(pod: Pod, model: str) -> bool:
    """Tell whether the pod serves the model, by its label or by its engine's command line.

    A label cannot hold every model name: `/` and the like are written as `-` there, and what is
    longer than 63 characters is cut.
    """
    if not model:
        return False
    written = _NOT_IN_LABELS.sub("-", model)
    labels = {model, written, written[:_LONGEST].strip("-._")} - {""}
    return pod.labels.get(MODEL) in labels or model in pod.served


def selects(pool: Pool, pod: Pod) -> bool:
    """Tell whether the pod belongs to the pool; a pool without a selector has no pods."""
    return bool(pool.selector) and pool.selector.items() <= pod.labels.items()


def selector(pool: Pool) -> str | None:
    """Return the pool's selector in the API's text form; None where it is no selector."""
    if not pool.selector:
        return None
    if not all(_KEY.fullmatch(k) and _VALUE.fullmatch(v) for k, v in pool.selector.items()):
        return None
    return ",".join(f"{key}={value}" for key, value in sorted(pool.selector.items()))


def _only(grouped: Mapping[str, set[str]], pod: Pod) -> str:
    found = grouped.get(pod.labels.get(GROUPS, ""), set())
    return next(iter(found)) if len(found) == 1 else ""
