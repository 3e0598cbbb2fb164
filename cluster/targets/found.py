"""Puts together what is known of a workload that was found. Pure."""

from collections.abc import Sequence

from cluster.clients.objects import Pod, Pool
from cluster.targets import climbing, marks
from cluster.targets.climbing import Climb
from cluster.targets.sight import Scene
from cluster.targets.target import Candidate, Member, Picker, Selector, Target, Unit, in_words


def target(
    selector: Selector,
    seen: Scene,
    *,
    members: Sequence[Pod],
    climbs: Sequence[Climb],
    of_model: Sequence[Pod],
) -> Target:
    """Return the target whose pods are `members`, below the one top of `climbs`."""
    path = climbing.levels(climbs)
    (top,) = path[-1]
    pool = _pool(selector, seen, members)
    shown = [_member(pod, seen, pool) for pod in members]
    return Target(
        cluster=selector.cluster,
        namespace=selector.namespace,
        kind=top.kind,
        name=top.name,
        uid=top.uid,
        model=selector.model or _model(members),
        role=selector.role,
        pods=tuple(each.name for each in shown if each.serves),
        roles=tuple(sorted({seen.roles[pod.name] for pod in of_model} - {""})),
        api_version=top.api_version,
        path=path,
        pool=pool.name if pool else "",
        one_endpoint=len(seen.inside(pool.name)) == 1 if pool else None,
        picker=_picker(pool),
        unit=_unit(members, climbs),
        members=tuple(shown),
        notes=tuple(sorted({*seen.notes, *(note for each in climbs for note in each.notes)})),
    )


def candidate(climbs: Sequence[Climb]) -> Candidate:
    """Return what a person can choose."""
    path = climbing.levels(climbs)
    (top,) = path[-1]
    return Candidate(
        kind=top.kind,
        api_version=top.api_version,
        name=top.name,
        uid=top.uid,
        words=in_words(path),
    )


def _pool(selector: Selector, seen: Scene, members: Sequence[Pod]) -> Pool | None:
    return seen.pools.get(selector.pool) or seen.around(members)


def _member(pod: Pod, seen: Scene, pool: Pool | None) -> Member:
    rank = marks.rank(pod)
    # The pool says who gets requests; where there is none, the workers of a group get none.
    serves = marks.selects(pool, pod) if pool else rank in {None, 0}
    return Member(
        name=pod.name,
        role=seen.roles[pod.name],
        group=_group(pod),
        rank=rank,
        serves=serves,
    )


def _group(pod: Pod) -> str:
    name, number = pod.labels.get(marks.GROUPS, ""), pod.labels.get(marks.GROUP, "")
    return f"{name}/{number}" if name and number else name


def _model(members: Sequence[Pod]) -> str:
    """Return the one model that all command lines serve, empty where they do not agree on one."""
    names = {pod.served[0] for pod in members if pod.served}
    return names.pop() if len(names) == 1 else ""


def _picker(pool: Pool | None) -> Picker | None:
    if pool is None or not pool.picker:
        return None
    return Picker(name=pool.picker, failure_mode=pool.failure_mode)


def _unit(members: Sequence[Pod], climbs: Sequence[Climb]) -> Unit:
    """Return groups where a LeaderWorkerSet stands above, with the size that it says."""
    owners = [owner for each in climbs for owner in each.owners]
    grouped = any(owner.kind == climbing.GROUPS for each in climbs for owner in each.way)
    if not grouped:
        return Unit()
    sizes = {owner.group_size for owner in owners if owner.itself.kind == climbing.GROUPS}
    sizes |= {pod.group_size for pod in members} if not sizes else set[int | None]()
    return Unit(groups=True, size=_one(sizes))


def _one(sizes: set[int | None]) -> int | None:
    known = sizes - {None}
    return next(iter(known)) if len(known) == 1 else None
