"""What is wrong with the nodes under a workload's pods; the worst of them is the verdict. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json, Thing
from cluster.gpus import GPU
from cluster.seen import Seen
from runbooks.language.declaration import Found
from runbooks.verdicts.cluster import told
from runbooks.verdicts.cluster.told import CANNOT_TELL, MOST, Judged, Number

GONE: Final = "gone"
NOT_READY: Final = "not_ready"
PRESSURE: Final = "pressure"
GPUS_MISSING: Final = "gpus_missing"
CORDONED: Final = "cordoned"
READY: Final = "ready"
WRONG: Final = (GONE, NOT_READY, PRESSURE, GPUS_MISSING, CORDONED)
WELL: Final = (READY,)
VERDICTS: Final = (*WRONG, *WELL, CANNOT_TELL)
PRESSURES: Final = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
MOST_GPUS: Final = 1024
"""No node has more; slices and shares of GPUs are counted one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node: what is wrong with it, and its GPUs, those there and those it may give away."""

    name: str
    cause: str
    why: str
    gpus: int
    usable: int


def under(pods: Seen) -> frozenset[str]:
    """Return the names of the nodes on which the pods are; those that make no sense have none."""
    names, _ = told.legible(pods.things, _host)
    return frozenset(names) - {""}


def judge(nodes: Seen, pods: Seen, *, of: str = "") -> Judged:
    """Return what is wrong with the nodes under the pods, or with all that have GPUs.

    The latter where no pod has a node: then any of them may be why. With `of`, the name of a pod,
    only the node under it is looked at, and named whether anything is wrong with it or not.
    """
    if of:
        pods = replace(pods, things=tuple(x for x in pods.things if x.itself.name == of))
    hosts = under(pods)
    if of and not hosts:
        because = "; ".join(told.missing(pods)) or f"{told.short(of)} is on no node"
        return Judged(verdict=CANNOT_TELL, because=because)
    found, illegible = told.legible(nodes.things, read)
    gaps = (*told.missing(nodes, pods), *told.unread(illegible))
    known = {*illegible, *(one.name for one in found)}
    looked = [*_looked(found, hosts), *([] if nodes.missing else _lost(hosts - known))]
    numbers = tuple(_numbers(found, looked))
    if not looked and not gaps:
        return Judged(verdict=CANNOT_TELL, because="no node is known to matter", numbers=numbers)
    judged = replace(_judged(looked, pods, of), numbers=numbers)
    return told.unsure(judged, gaps, well=WELL)


def _looked(found: Sequence[Node], hosts: frozenset[str]) -> list[Node]:
    """Return the nodes under the pods; where no pod has one, all that have GPUs."""
    return [one for one in found if (one.name in hosts if hosts else one.gpus)]


def _judged(looked: Sequence[Node], pods: Seen, of: str) -> Judged:
    worst = min(looked, key=_place, default=None)
    if worst is None:
        return Judged(verdict=READY, because=_because(looked, READY))
    on = f"; {told.short(of)} is on {worst.name}" if of else ""
    return Judged(
        verdict=worst.cause,
        because=f"{_because(looked, worst.cause)}{on}",
        found=_found(worst, pods) if of or worst.cause != READY else (),
    )


def read(node: Thing) -> Node:
    """Return the state of a node; raises ValueError."""
    spec, status = parse.section(node.body, "spec"), parse.section(node.body, "status")
    has, gives = (_gpus(parse.section(status, name)) for name in ("capacity", "allocatable"))
    cause, why = _cause(spec, status, has, gives)
    return Node(name=node.itself.name, cause=cause, why=why, gpus=has, usable=gives)


def _cause(spec: Json, status: Json, has: int, gives: int) -> tuple[str, str]:
    conditions = {parse.text(x, "type"): x for x in parse.items(status, "conditions")}
    ready = conditions.get("Ready", {})
    if parse.text(ready, "status") != "True":
        reason = parse.text(ready, "reason") or "its kubelet says nothing"
        return NOT_READY, told.short(reason)
    pressed = [x for x in PRESSURES if parse.text(conditions.get(x, {}), "status") == "True"]
    if pressed:
        return PRESSURE, ", ".join(pressed)
    if gives < has:
        return GPUS_MISSING, f"{gives} of {has} GPUs can be used"
    if spec.get("unschedulable") is True:
        return CORDONED, "no new pods"
    return READY, ""


def _gpus(room: Json) -> int:
    return sum(_whole(room[name]) for name in room if GPU.fullmatch(name))


def _whole(written: object) -> int:
    """Return a quantity of GPUs, which is whole; raises ValueError."""
    if isinstance(written, str) and written.isascii() and written.isdigit() and len(written) < 5:  # noqa: PLR2004  # see MOST_GPUS
        return min(int(written), MOST_GPUS)
    message = "GPUs"
    raise ValueError(message)


def _host(pod: Thing) -> str:
    return parse.text(parse.section(pod.body, "spec"), "nodeName")


def _lost(names: Iterable[str]) -> Iterator[Node]:
    for name in sorted(names):
        why = "the API server has no such node"
        yield Node(name=name, cause=GONE, why=why, gpus=0, usable=0)


def _found(worst: Node, pods: Seen) -> Found:
    """Return the worst node and the first pod on it, where one of them is."""
    here, _ = told.legible(pods.things, lambda pod: (_host(pod), pod.itself.name))
    on_it = sorted(name for host, name in here if host == worst.name)
    return (("node", worst.name), ("pod", on_it[0])) if on_it else ()


def _because(looked: Sequence[Node], verdict: str) -> str:
    well = sum(one.cause == READY for one in looked)
    count = f"{well} of {len(looked)} nodes are ready and whole"
    if verdict == READY:
        return count
    same = [one for one in looked if one.cause == verdict]
    names = told.listing(one.name for one in same)
    return f"{count}; {verdict.replace('_', ' ')}: {names} ({same[0].why})"


def _numbers(found: Sequence[Node], looked: Sequence[Node]) -> Iterator[Number]:
    yield Number(name="nodes looked at", value=len(looked), unit="nodes")
    for cause in WRONG:
        count = sum(one.cause == cause for one in looked)
        if count:
            yield Number(name=f"nodes {cause}", value=count, unit="nodes")
    yield Number(name="GPUs of the cluster", value=sum(one.gpus for one in found), unit="GPUs")
    usable = sum(one.usable for one in found if one.cause not in {NOT_READY, CORDONED})
    yield Number(name="GPUs that can be used", value=usable, unit="GPUs")
    for one in sorted(looked, key=_place)[:MOST]:
        if one.cause == GPUS_MISSING:
            yield Number(name=f"GPUs of {one.name}", value=one.usable, unit="GPUs")


def _place(one: Node) -> tuple[int, str]:
    return (VERDICTS.index(one.cause), one.name)
