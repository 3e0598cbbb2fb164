"""Looks at a namespace once: notes generations that are new, and which images are known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.refusals import Missing
from cluster.clients.things import Json, Thing, Write
from cluster.roles import BOUNDS
from cluster.snapshots import generation, known
from cluster.snapshots.rights import HISTORY, WORKLOADS
from incidents.errors import Conflict, Rejected

MANAGER: Final = "triaged-snapshot"
MOST: Final = 50
"""So many generations of one object are noted; beyond that somebody writes it in a loop."""


class Cluster(Protocol):
    """What a look needs of the port `Kubernetes`; all raise as the port does."""

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        """Return the object that a reference names."""

    def things(self, namespace: str, kind: Kind) -> Sequence[Thing]:
        """Return the objects of a kind."""

    def write(self, write: Write) -> Thing:
        """Write once."""

    def create(self, namespace: str, kind: Kind, body: Json, *, manager: str) -> Thing:
        """Create an object once; raises Conflict where there is one of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a look came to: generations noted now, how much is known, and what went wrong.

    What is wrong may be `passing`: then the next look may be right.
    """

    namespace: str
    noted: tuple[str, ...] = ()
    images: int = 0
    arguments: int = 0
    wrote: bool = False
    problems: tuple[str, ...] = ()
    passing: bool = False


def take(kubernetes: Cluster, namespace: str) -> Taken:
    """Look at a namespace once. Raises Rejected and Unavailable where it cannot be read."""
    history = [each for kind in HISTORY for each in kubernetes.things(namespace, kind)]
    live = [each for kind in WORKLOADS for each in kubernetes.things(namespace, kind)]
    noted, problems = list[str](), list[str]()
    for thing in live:
        if thing.itself.kind in generation.PARTS and thing.controller is None:
            for body in _wanted(thing, history, problems):
                _note(kubernetes, thing, body, noted, problems)
    found = known.of((*_dated(history), *live))
    wrote = _bounded(kubernetes, namespace, found, problems)
    return Taken(
        namespace=namespace,
        noted=tuple(noted),
        images=len(found.images),
        arguments=len(found.arguments),
        wrote=wrote,
        problems=tuple(problems),
    )


def _wanted(thing: Thing, history: Sequence[Thing], problems: list[str]) -> Sequence[Json]:
    """Return what has to be noted of an object; nothing where a revision of it cannot be read."""
    try:
        return list(_new(thing, history, problems))
    except (parse.Malformed, RecursionError):
        problems.append(f"{thing}: a revision of it is not as its API says")
        return ()


def _new(thing: Thing, history: Sequence[Thing], problems: list[str]) -> Iterator[Json]:
    """Yield what has to be noted of an object: what its controller still keeps, and what it is.

    A generation that comes back is noted again: the last one is what stands there.
    """
    own = [each for each in history if each.labels.get(generation.OF) == thing.itself.uid]
    own.sort(key=generation.number)
    seen = [generation.noted(each) for each in own]
    theirs = [each for each in history if (up := each.controller) and up.uid == thing.itself.uid]
    earlier = [_parts(each) for each in sorted(theirs, key=generation.number)]
    now = generation.parts(thing)
    wanted = [
        one
        for one in earlier
        if one and not any(generation.same(one, each) for each in (*seen, now))
    ]
    if not seen or wanted or not generation.same(seen[-1], now):
        wanted.append(now)
    number = generation.number(own[-1]) if own else 0
    if len(own) + len(wanted) > MOST:
        problems.append(f"{thing}: {len(own)} generations are noted; delete the oldest of them")
        return
    for index, held in enumerate(wanted, start=number + 1):
        yield generation.body(thing, held, index)


def _parts(revision: Thing) -> Json:
    """Return the parts of what a controller has kept itself: it may hold more than a generation."""
    whole = generation.noted(revision)
    template = parse.section(parse.section(whole, "spec"), "leaderWorkerTemplate")
    return {"spec": {"leaderWorkerTemplate": template}} if template else {}


def _note(
    kubernetes: Cluster, thing: Thing, body: Json, noted: list[str], problems: list[str]
) -> None:
    number = parse.number(body, "revision")
    try:
        kubernetes.create(thing.namespace, kinds.CONTROLLER_REVISION, body, manager=MANAGER)
    except Conflict:
        return  # Another one of us was faster: the name is made from what it holds.
    except Rejected as error:
        problems.append(str(error))
        return
    noted.append(f"{thing}: generation {number}")


def _dated(history: Sequence[Thing]) -> Sequence[Thing]:
    """Return what was made first, first."""
    return sorted(
        history,
        key=lambda one: parse.text(parse.section(one.body, "metadata"), "creationTimestamp"),
    )


def _bounded(kubernetes: Cluster, namespace: str, found: known.Known, problems: list[str]) -> bool:
    """Write what is known to the ConfigMap of the bounds; tell whether that was needed."""
    kind = kinds.CONFIG_MAP
    named = OwnerReference(kind=kind.name, name=BOUNDS, api_version=kind.api_version)
    try:
        bounds = kubernetes.thing(namespace, named)
        change = _change(bounds, found)
        if change:
            kubernetes.write(_write(bounds, change))
    except Missing:
        problems.append(f"there is no ConfigMap {namespace}/{BOUNDS}: apply what rbac prints")
        return False
    except parse.Malformed:
        problems.append(f"ConfigMap {namespace}/{BOUNDS} is not as its API says")
        return False
    except (Conflict, Rejected) as error:
        problems.append(str(error))
        return False
    return bool(change)


def _change(bounds: Thing, found: known.Known) -> Mapping[str, str]:
    data = parse.texts(bounds.body, "data")
    lines = {"images": found.images, "arguments": found.arguments}
    made = {name: known.added(data.get(name), each) for name, each in lines.items()}
    return {name: text for name, text in made.items() if data.get(name) != text}


def _write(bounds: Thing, change: Mapping[str, str]) -> Write:
    return Write(
        namespace=bounds.namespace,
        reference=bounds.itself,
        resource_version=bounds.resource_version,
        change={"data": change},
        manager=MANAGER,
    )
