"""Facts from the cluster: the target that an alert names, and what stands around it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cluster.clients.objects import Route
from cluster.clients.ports import Kubernetes
from cluster.targets.target import Selector, Target, Targets
from incidents.errors import Rejected, TriagedError
from incidents.facts import FACTS, Known, Unknown

SHOWN: Final = 160
COUNTED: Final = ("replicas_wanted", "replicas_missing", "affected_share")
OF_TARGET: Final = ("failure_mode", "serving", "second_pool_healthy", *COUNTED)
"""The facts that `look` tells."""

Told = Known | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A target, and the facts that the cluster tells of it."""

    target: Target
    facts: Mapping[str, Told]


def look(selector: Selector, *, targets: Targets, kubernetes: Kubernetes) -> Seen | Unknown:
    """Return what the cluster says of the target, or why it says nothing."""
    try:
        target = targets.find(selector)
    except TriagedError as error:
        lasting = isinstance(error, Rejected)
        return Unknown(why=_short(f"the cluster does not say: {error}"), lasting=lasting)
    found: dict[str, Told] = {
        "failure_mode": _failure_mode(target),
        "serving": _serving(target),
        "second_pool_healthy": _asked(lambda: _second(target, kubernetes)),
    }
    counted = _counted(target, kubernetes)
    return Seen(target=target, facts={**found, **counted})


def _failure_mode(target: Target) -> Told:
    mode = target.picker.failure_mode if target.picker else ""
    if mode not in FACTS["failure_mode"].words:
        return Unknown(why="no endpoint picker is known", lasting=True)
    return Known(value=mode, unit="", source=f"InferencePool {target.pool}")


def _serving(target: Target) -> Told:
    if not target.pool:
        return Unknown(why="no InferencePool is known", lasting=True)
    return Known(value=True, unit="", source=f"InferencePool {target.pool}")


def _counted(target: Target, kubernetes: Kubernetes) -> Mapping[str, Told]:
    """Return how many replicas are wanted and missing; of a Deployment it is read."""
    if target.kind != "Deployment":
        why = f"the replicas of a {target.kind} are not read"
        return {name: Unknown(why=why, lasting=True) for name in COUNTED}
    try:
        there = kubernetes.deployment(target.namespace, target.name)
    except TriagedError as error:
        return {name: Unknown(why=_short(str(error))) for name in COUNTED}
    missing = max(there.replicas - there.ready, 0)
    share: Told = Unknown(why="no replica is wanted", lasting=True)
    if there.replicas:
        share = Known(value=missing / there.replicas, unit="ratio", source=str(target))
    return {
        "replicas_wanted": Known(value=there.replicas, unit="replicas", source=str(target)),
        "replicas_missing": Known(value=missing, unit="replicas", source=str(target)),
        "affected_share": share,
    }


def _second(target: Target, kubernetes: Kubernetes) -> Told:
    """Return that there is no second pool; whether one takes the traffic, nobody tells yet."""
    if not target.pool:
        return Unknown(why="no InferencePool is known", lasting=True)
    routes = [_pools(one) for one in kubernetes.routes(target.namespace)]
    mine = [pools for pools in routes if target.pool in pools]
    if not mine:
        return Unknown(why=f"no route leads to InferencePool {target.pool}", lasting=True)
    others = sorted({pool for pools in mine for pool in pools} - {target.pool})
    if others:
        why = f"whether InferencePool {others[0]} takes the traffic is not read"
        return Unknown(why=why, lasting=True)
    return Known(value=False, unit="", source=f"the routes of InferencePool {target.pool}")


def _pools(route: Route) -> frozenset[str]:
    return frozenset(pool for _, pool in route.leads)


def _asked(ask: Callable[[], Told]) -> Told:
    try:
        return ask()
    except TriagedError as error:
        return Unknown(why=_short(str(error)))


def _short(words: str) -> str:
    return words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"
