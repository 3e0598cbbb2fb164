"""Whether requests find a pod: behind the Services of a workload, its pool, and its picker. Pure.

An endpoint without a condition `ready` is ready. Source: k8s.io/api discovery/v1.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cluster.clients import parse
from cluster.clients.things import Json, Thing
from cluster.seen import Seen
from cluster.targets.target import Target
from runbooks.verdicts.cluster import pods as of_pods
from runbooks.verdicts.cluster import told
from runbooks.verdicts.cluster.told import CANNOT_TELL, MOST, Judged, Number

NONE_READY: Final = "none_ready"
PICKER_DOWN: Final = "picker_down"
UNREACHED: Final = "unreached"
PARTLY: Final = "partly"
READY: Final = "ready"
WRONG: Final = (NONE_READY, PICKER_DOWN, UNREACHED, PARTLY)
WELL: Final = (READY,)
VERDICTS: Final = (*WRONG, *WELL, CANNOT_TELL)
SERVICE: Final = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to the pods: what it is called, how many endpoints it has, and how many are ready.

    Where not all of them were `seen`, that none is ready says nothing.
    """

    name: str
    ready: int
    all: int
    seen: bool

    @property
    def empty(self) -> bool:
        """Return whether nothing behind it takes requests, for certain."""
        return self.seen and not self.ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was looked at: the workload, its pods, and all Services with their endpoints."""

    above: Seen
    pods: Seen
    services: Seen
    slices: Seen


def judge(target: Target, looked: Looked) -> Judged:
    """Return whether requests find a pod that is ready, by each way that is known."""
    marks = labels(looked.above, looked.pods)
    pods, unready = told.legible(looked.pods.things, _standing)
    services, odd = told.legible(looked.services.things, _service)
    endpoints, broken = told.legible(looked.slices.things, _endpoints)
    ours = [name for name, selector in services if _selects(selector, marks)]
    picker = target.picker.name if target.picker else ""
    whole = not (looked.slices.missing or broken)
    ways = [_way(f"Service {name}", name, endpoints, seen=whole) for name in ours if name != picker]
    if target.pool:
        ways.append(_pool(target, pods, seen=not (looked.pods.missing or unready)))
    pick = _way(f"picker {picker}", picker, endpoints, seen=whole) if picker else None
    gaps = (
        *told.missing(looked.pods, looked.services, looked.slices),
        *told.unread((*unready, *odd, *broken)),
    )
    verdict, because = _worst(ways, pick)
    numbers = tuple(_numbers(ways, pick, pods))
    judged = Judged(verdict=verdict, because=because, numbers=numbers)
    return told.unsure(judged, gaps, well=(READY, UNREACHED))


def selected(
    services: Seen, pods: Sequence[Mapping[str, str]]
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the Services that select pods with these labels, and those that make no sense."""
    found, odd = told.legible(services.things, _service)
    return frozenset(name for name, selector in found if _selects(selector, pods)), odd


def labels(above: Seen, pods: Seen) -> tuple[Mapping[str, str], ...]:
    """Return the labels of the pods, and those of the pods that the workload would make."""
    made, _ = told.legible(above.things, _template)
    return tuple(each for each in (*(pod.labels for pod in pods.things), *made) if each)


def _template(workload: Thing) -> Mapping[str, str]:
    spec = parse.section(workload.body, "spec")
    template = parse.section(spec, "template")
    return parse.texts(parse.section(template, "metadata"), "labels")


def _standing(pod: Thing) -> tuple[str, bool]:
    status = parse.section(pod.body, "status")
    ready = parse.text(of_pods.condition(status, "Ready"), "status") == "True"
    return pod.itself.name, ready


def _service(service: Thing) -> tuple[str, Mapping[str, str]]:
    return service.itself.name, parse.texts(parse.section(service.body, "spec"), "selector")


def _endpoints(piece: Thing) -> tuple[str, int, int]:
    found = parse.items(piece.body, "endpoints")
    ready = sum(_takes(each) for each in found)
    return piece.labels.get(SERVICE, ""), ready, len(found)


def _takes(endpoint: Json) -> bool:
    return parse.section(endpoint, "conditions").get("ready") is not False


def _selects(selector: Mapping[str, str], labels: Sequence[Mapping[str, str]]) -> bool:
    return bool(selector) and any(selector.items() <= each.items() for each in labels)


def _way(name: str, service: str, endpoints: Sequence[tuple[str, int, int]], *, seen: bool) -> Way:
    own = [(ready, count) for of, ready, count in endpoints if of == service]
    ready, count = sum(x for x, _ in own), sum(x for _, x in own)
    return Way(name=name, ready=ready, all=count, seen=seen)


def _pool(target: Target, pods: Sequence[tuple[str, bool]], *, seen: bool) -> Way:
    own = [ready for name, ready in pods if name in target.pods]
    return Way(name=f"InferencePool {target.pool}", ready=sum(own), all=len(own), seen=seen)


def _worst(ways: Sequence[Way], picker: Way | None) -> tuple[str, str]:
    empty = [one for one in ways if one.empty]
    if empty:
        return NONE_READY, f"no ready endpoint: {_listed(empty)}"
    if picker is not None and picker.empty:
        return PICKER_DOWN, f"no ready endpoint: {_listed([picker])}"
    if not ways:
        return UNREACHED, "no Service and no InferencePool selects the pods"
    part = [one for one in ways if one.ready < one.all]
    if part:
        return PARTLY, _listed(part)
    return READY, _listed(ways)


def _listed(ways: Sequence[Way]) -> str:
    words = [f"{told.short(one.name)} {one.ready} of {one.all} ready" for one in ways]
    more = len(words) - told.NAMED
    return "; ".join(words[: told.NAMED]) + (f"; and {more} more" if more > 0 else "")


def _numbers(
    ways: Sequence[Way], picker: Way | None, pods: Sequence[tuple[str, bool]]
) -> Iterator[Number]:
    yield Number(name="pods ready", value=sum(ready for _, ready in pods), unit="pods")
    for one in (*ways[:MOST], *((picker,) if picker else ())):
        name = told.short(one.name)
        yield Number(name=f"{name}: ready", value=one.ready, unit="endpoints")
        yield Number(name=f"{name}: all", value=one.all, unit="endpoints")
