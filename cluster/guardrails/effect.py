"""What a plan does to the target's pods: how many stop to serve, come, or begin anew."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cluster.actions import strategy, template
from cluster.actions.member import GROUP
from cluster.actions.pointers import path
from cluster.actions.quarantine import OUT
from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.parse import Malformed
from cluster.clients.things import Thing
from cluster.guardrails.scene import RIGHTS as scene_rights  # noqa: N811  # beside our own
from cluster.guardrails.scene import OnePod, Scene
from cluster.owners.place import value
from cluster.owners.sight import Hidden
from cluster.owners.workload import Workload
from cluster.rights import gets
from cluster.snapshots.generation import PARTS
from cluster.targets import marks

RIGHTS: Final = (*scene_rights, *gets(kinds.REPLICA_SET))
"""What it takes: the last tells whether another pod is made for one that is taken out."""
SIZES: Final = ("replicas", "autoscaling.keda.sh/paused-replicas")
FLOORS: Final = ("minReplicas", "minReplicaCount")
CEILINGS: Final = ("maxReplicas", "maxReplicaCount")
TEMPLATES: Final = frozenset({"template", "leaderWorkerTemplate", "restartAt", "model", "baseRefs"})
"""Parts of a path below which stands what pods are made from, beside those of a generation."""
ANY_READY: Final = frozenset({kinds.STATEFUL_SET.name, kinds.GROUPS.name})
"""Kinds that take the last of their pods away, whether these are ready or not."""
DELETED_BY_HAND: Final = "OnDelete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What becomes of the target's pods.

    `was` and `becomes` are replicas, of `each` pods. `away` pods that serve now do not while it is
    carried out, or for good, and on `cut` of them requests end. `named` are those that are known to
    go, all that go with them included. `comes` new pods need a place, beside all others but those
    that `leave` one. `rolls` says that every pod is made anew from the template. `top` makes the
    pods.
    """

    top: OwnerReference
    was: int
    becomes: int
    each: int = 1
    away: int = 0
    cut: int = 0
    comes: int = 0
    named: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    rolls: bool = False

    @property
    def takes(self) -> bool:
        """Tell whether pods that serve now stop to."""
        return self.away > 0 or self.cut > 0


def of(scene: Scene) -> Effect | Hidden:
    """Return what the plan does to pods, Hidden with the reason where that cannot be told."""
    work, pods, serving = scene.work, scene.pods, scene.serving
    if isinstance(work, Hidden):
        return work
    if isinstance(pods, Hidden):
        return pods
    if isinstance(serving, Hidden):
        return serving
    try:
        return _of(scene, work, pods, serving)
    except (Malformed, ValueError) as error:
        return Hidden(because=f"{error} of it is not as its API says")


def _of(
    scene: Scene, work: Workload, pods: Sequence[OnePod], serving: Sequence[OnePod]
) -> Effect | Hidden:
    write, size = scene.plan.write, work.place.size
    still = Effect(top=work.place.thing.itself, was=size, becomes=size, each=work.each)
    if write.kind == kinds.POD.name:
        return _of_pods(scene, still, pods, serving)
    ready = _Ready(number=len(serving), each=_serving_each(scene, work, pods))
    if not (write.fields or write.copied):
        told = template.told(scene.plan.before, scene.plan.after)
        if told is None:
            return Hidden(because="the plan does not hold what it writes")
        return _both(still, work.place.thing, ready, *told)
    fields = {path(field): json.loads(new) for field, new in write.fields}
    after, rolls = _size(fields, size), _rolls(scene, work, tuple(fields))
    return _both(still, work.place.thing, ready, size if after is None else after, rolls)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """How many pods serve now, and how many of each replica do: of a group often its leader."""

    number: int
    each: int


def _serving_each(scene: Scene, work: Workload, pods: Sequence[OnePod]) -> int:
    """Return how many pods of a replica take requests; all of them where nobody can tell."""
    groups = (_group(each) for each in pods if each.name in scene.target.pods)
    counted = Counter(filter(None, groups))
    return max(counted.values(), default=work.each)


def _both(
    still: Effect,
    thing: Thing,
    ready: _Ready,
    size: int,
    rolls: bool,  # noqa: FBT001  # what a plan does, in its order
) -> Effect:
    """Return what a new size and a new template do, the one, the other or both at once."""
    resized = _resized(still, ready, size)
    if not rolls:
        return resized
    rolled = _rolled(still, thing, ready)
    return replace(
        rolled,
        becomes=size,
        away=min(ready.number, resized.away + rolled.away),
        comes=resized.comes + rolled.comes,
    )


def _size(fields: Mapping[tuple[str, ...], object], size: int) -> int | None:
    """Return the size that the fields lead to, None where none of them is about a size."""
    said = {where[-1]: int(str(new)) for where, new in fields.items() if _counts(where[-1], new)}
    if not said:
        return None
    exact = [said[name] for name in SIZES if name in said]
    after = exact[0] if exact else size
    after = max([after, *(said[name] for name in FLOORS if name in said)])
    return min([after, *(said[name] for name in CEILINGS if name in said)])


def _counts(name: str, new: object) -> bool:
    text = str(new)
    return name in (*SIZES, *FLOORS, *CEILINGS) and text.isascii() and text.isdigit()


def _resized(still: Effect, ready: _Ready, after: int) -> Effect:
    each = still.each
    fewer = max(0, still.was - after) * ready.each
    # A Deployment lets pods go first that are not ready; others let their last ones go.
    spared = still.top.kind not in ANY_READY and each == 1
    away = max(0, ready.number - after) if spared and fewer else min(fewer, ready.number)
    comes = max(0, after - still.was) * each
    return replace(still, becomes=after, away=away, cut=away, comes=comes)


def _rolls(scene: Scene, work: Workload, paths: Sequence[tuple[str, ...]]) -> bool:
    """Tell whether the template of the target's own pods is written."""
    write, top = scene.plan.write, work.place.thing
    referred = value(top.body, ("spec", "workloadRef", "name"))
    own = write.uid in {scene.target.uid, top.itself.uid} or write.name == referred
    parts = (*paths, *(path(copied.field) for copied in write.copied))
    return own and any(map(_makes_pods, parts))


def _makes_pods(where: tuple[str, ...]) -> bool:
    """Tell whether pods are made from what stands there."""
    known = (each for parts in PARTS.values() for each in parts)
    return bool(TEMPLATES & set(where)) or any(where[: len(each)] == each for each in known)


def _rolled(still: Effect, thing: Thing, ready: _Ready) -> Effect:
    surge, away = _bounds(thing, still.was)
    return replace(
        still,
        away=min(away * ready.each, ready.number),
        cut=ready.number,
        comes=surge * still.each,
        rolls=True,
    )


def _bounds(thing: Thing, size: int) -> tuple[int, int]:
    """Return how many replicas come beside the others, and how many may be away, at a time."""
    spec = parse.section(thing.body, "spec")
    match thing.itself.kind:
        case kinds.DEPLOYMENT.name:
            found = parse.section(spec, "strategy")
            if parse.text(found, "type") == strategy.RECREATE:
                return 0, size
            bounds = strategy.bounds(*strategy.rolling(found), size)
            return bounds.surge, bounds.away
        case kinds.ROLLOUT.name:
            return _argo(parse.section(spec, "strategy"), size)
        case kinds.GROUPS.name:
            found = parse.section(parse.section(spec, "rolloutStrategy"), _CONFIGURATION)
            bounds = strategy.bounds(found.get("maxSurge", 0), found.get("maxUnavailable", 1), size)
            return bounds.surge, bounds.away
        case _:
            by_hand = value(spec, ("updateStrategy", "type")) == DELETED_BY_HAND
            return 0, 0 if by_hand else min(1, size)


_CONFIGURATION: Final = "rollingUpdateConfiguration"


def _argo(found: Mapping[str, object], size: int) -> tuple[int, int]:
    """Return the bounds of a Rollout; a blue-green one makes as many again."""
    if "blueGreen" in found:
        return size, 0
    canary = parse.section(found, "canary")
    surge, away = canary.get("maxSurge", strategy.QUARTER), canary.get("maxUnavailable", "25%")
    bounds = strategy.bounds(surge, away, size)
    return bounds.surge, bounds.away


def _of_pods(
    scene: Scene, still: Effect, pods: Sequence[OnePod], serving: Sequence[OnePod]
) -> Effect:
    """Return what becomes of the pods that are written: they go, or are in their pool no more."""
    write = scene.plan.write
    named = {write.name, *(name for name, _ in write.also)}
    out = any(json.loads(new) == OUT for _, new in write.fields)
    if write.fields and not out:
        return still
    going = tuple(each for each in pods if each.name in named)
    leaves = going if out else tuple(_with_groups(going, pods))
    names = tuple(each.name for each in leaves)
    away = sum(each.name in names for each in serving)
    if out:
        anew = sum(_made_anew(scene, each) for each in going)
        return replace(still, away=away, comes=anew, named=names)
    return replace(still, away=away, cut=away, comes=len(names), named=names, leave=names)


def _with_groups(going: Sequence[OnePod], pods: Sequence[OnePod]) -> Iterator[OnePod]:
    """Yield the pods and what goes with them: a pod of a group takes the others along."""
    groups = {_group(each) for each in going} - {None}
    names = {each.name for each in going}
    return (each for each in pods if each.name in names or _group(each) in groups)


def _group(one: OnePod) -> tuple[str, str] | None:
    name, index = one.pod.labels.get(marks.GROUPS), one.pod.labels.get(GROUP)
    return (name, index) if name and index else None


def _made_anew(scene: Scene, one: OnePod) -> bool:
    """Tell whether a ReplicaSet makes another pod for one that it no longer selects."""
    above = one.thing.controller
    if above is None or above.kind != kinds.REPLICA_SET.name:
        return False
    owner = scene.thing(above)
    if not isinstance(owner, Thing):
        return True
    selects = value(owner.body, ("spec", "selector", "matchLabels"))
    labels = {path(field)[-1] for field, _ in scene.plan.write.fields}
    return isinstance(selects, Mapping) and bool(labels & set(selects))
