"""The arithmetic of a rolling update: how big each ReplicaSet may be right now. Pure.

Source: k8s.io/kubernetes pkg/controller/deployment rolling.go and util/deployment_util.go.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What one ReplicaSet is asked to have, and what of it serves."""

    wanted: int
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far a rollout may go above and below the wanted number of pods."""

    surge: int
    unavailable: int


def bounds(wanted: int, surge: int | str, unavailable: int | str) -> Bounds:
    """Resolve maxSurge (rounded up) and maxUnavailable (rounded down); never both zero."""
    up = _share(surge, wanted, math.ceil)
    down = _share(unavailable, wanted, math.floor)
    return Bounds(surge=up, unavailable=down if up or down else 1)


def newest(wanted: int, new: Size, old: Sequence[Size], limits: Bounds) -> int:
    """Return how many pods the newest ReplicaSet may want."""
    if new.wanted >= wanted:
        return wanted
    room = wanted + limits.surge - new.wanted - sum(one.wanted for one in old)
    return new.wanted + max(0, min(room, wanted - new.wanted))


def older(wanted: int, new: Size, old: Sequence[Size], limits: Bounds) -> list[int]:
    """Return how many pods each older ReplicaSet may still want; idle pods go first."""
    least = wanted - limits.unavailable
    total = new.wanted + sum(one.wanted for one in old)
    budget = max(0, total - least - (new.wanted - new.available))
    sizes = [one.wanted for one in old]
    if not budget:
        return sizes
    for index, one in enumerate(old):
        cut = min(budget, one.wanted - min(one.wanted, one.available))
        sizes[index] -= cut
        budget -= cut
    spare = max(0, new.available + sum(one.available for one in old) - least)
    for index in range(len(sizes)):
        cut = min(spare, sizes[index], old[index].available)
        sizes[index] -= cut
        spare -= cut
    return sizes


def _share(value: int | str, whole: int, rounded: Callable[[float], int]) -> int:
    if isinstance(value, int):
        return value
    return rounded(whole * int(value.removesuffix("%")) / 100)
