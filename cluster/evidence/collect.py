"""Collects evidence of the pods that a plan touches, while they still live."""

import ipaddress
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from cluster.actions.plan import Plan
from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.parse import Malformed
from cluster.clients.refusals import Forbidden
from cluster.clients.things import Thing
from cluster.evidence import told
from cluster.evidence.bundle import Bundle, Part, Redact, Sort
from cluster.evidence.prompts import without_prompts
from cluster.rights import Right, gets, lists
from incidents.errors import TriagedError

Made = TypeVar("Made")

LOGS: Final = Right(group="", resource="pods/log", verb="get")
RIGHTS: Final = (LOGS, *gets(kinds.POD), *lists(kinds.EVENT))
"""What it takes; without one of these the action goes on, and the bundle says what is missing."""
OUTSIDE: Final = "triaged does not run in the cluster, so that no pod can be asked itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is collected: `seconds` are real ones, for all of it; `lines` and `size` of a log.

    Of `looked` pods at most the state is read, and of the worst `pods` of them all the rest.
    """

    seconds: float = 5.0
    looked: int = 24
    pods: int = 8
    lines: int = 200
    size: int = 32 * 1024
    metrics: int = 64 * 1024


class Pods(Protocol):
    """What a collector reads of a cluster; all raise as the port `Kubernetes` does."""

    def thing(self, namespace: str, reference: OwnerReference) -> Thing:
        """Return the object that a reference names."""

    def things(self, namespace: str, kind: Kind, *, selector: str = "") -> Sequence[Thing]:
        """Return the objects of a kind."""

    def log(
        self, namespace: str, pod: str, container: str, *, previous: bool, lines: int, size: int
    ) -> str:
        """Return the last `lines` of a container's log, of its last life where `previous`.

        Raises Rejected where the log cannot be read, Unavailable where it may be later.
        """


Metrics = Callable[[str, int], str]
"""Returns what is said at `/metrics` of an address and port; raises TriagedError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Collects within its bounds; without `metrics` no pod is asked itself."""

    pods: Pods
    redact: Redact
    metrics: Metrics | None = None
    bounds: Bounds = field(default_factory=Bounds)
    monotonic: Callable[[], float] = time.monotonic

    def collect(self, plan: Plan) -> Bundle:
        """Return what is known of the pods that the plan touches."""
        gathering = _Gathering(until=self.monotonic() + self.bounds.seconds, of=self)
        gathering.gather(plan)
        return Bundle(parts=tuple(gathering.parts), missing=tuple(gathering.missing))


@dataclass(slots=True, kw_only=True)
class _Gathering:
    """One bundle in the making; `refused` are the sorts that we may not read at all."""

    until: float
    of: Collector
    parts: list[Part] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    refused: set[Sort] = field(default_factory=set)

    def gather(self, plan: Plan) -> None:
        """Read states first, then events, then logs and metrics of the worst pods."""
        names, bounds, space = touched(plan), self.of.bounds, plan.target.namespace
        if len(names) > bounds.looked:
            self._miss(f"{len(names) - bounds.looked} more pods were not looked at")
        found = [
            pod for name in names[: bounds.looked] if (pod := self._pod(space, name)) is not None
        ]
        worst = sorted(found, key=told.health)[: bounds.pods]
        if len(worst) < len(found):
            self._miss(f"no logs and metrics of {len(found) - len(worst)} healthier pods")
        self._events(space, {*names, plan.target.name})
        for pod in worst:
            self._logs(pod)
            self._metrics(pod)

    def _pod(self, space: str, name: str) -> Thing | None:
        kind = kinds.POD
        reference = OwnerReference(kind=kind.name, name=name, api_version=kind.api_version)
        found = self._try(Sort.POD, f"pod {name}", lambda: self.of.pods.thing(space, reference))
        if found is not None:
            self._keep(Sort.POD, f"pod {name}", lambda: told.state(found))
        return found

    def _events(self, space: str, names: set[str]) -> None:
        listed = self._try(Sort.EVENTS, "events", lambda: self.of.pods.things(space, kinds.EVENT))
        self._keep(Sort.EVENTS, "events", lambda: told.events(listed or (), names))

    def _logs(self, pod: Thing) -> None:
        for container, again in self._try(Sort.POD, str(pod), lambda: told.containers(pod)) or ():
            self._log(pod, container, previous=False)
            if again:
                self._log(pod, container, previous=True)

    def _log(self, pod: Thing, container: str, *, previous: bool) -> None:
        bounds, space, name = self.of.bounds, pod.namespace, pod.itself.name
        title = f"log of {container} of {name}{', before its restart' if previous else ''}"
        text = self._try(
            Sort.LOG,
            title,
            lambda: self.of.pods.log(
                space, name, container, previous=previous, lines=bounds.lines, size=bounds.size
            ),
        )
        if text is None:
            return
        whole = _whole_lines(text, bounds.size)
        if text and not whole:
            self._miss(f"{title}: its last line is longer than {bounds.size} bytes")
            return
        self._add(Sort.LOG, title, whole, len(whole.splitlines()))

    def _metrics(self, pod: Thing) -> None:
        if self.of.metrics is None:
            self._refuse(Sort.METRICS, OUTSIDE)
            return
        ask, title = self.of.metrics, f"metrics of {pod.itself.name}"
        place = self._try(Sort.METRICS, title, lambda: told.address(pod))
        if place is None:
            return
        if not reachable(place.address):
            self._miss(f"{title}: {place.address or 'no address'} is no pod's address")
            return
        said = self._try(Sort.METRICS, title, lambda: ask(place.address, place.port))
        if said is not None:
            series = [one for one in said.splitlines() if one and not one.startswith("#")]
            self._add(Sort.METRICS, title, "\n".join(series)[: self.of.bounds.metrics], len(series))

    def _keep(self, sort: Sort, title: str, make: Callable[[], tuple[str, int]]) -> None:
        made = self._try(sort, title, make)
        if made is not None and made[1]:
            self._add(sort, title, *made)

    def _add(self, sort: Sort, title: str, text: str, count: int) -> None:
        self.parts.append(Part(sort=sort, title=title, text=self._shown(text), count=count))

    def _miss(self, text: str) -> None:
        self.missing.append(self._shown(text))

    def _shown(self, text: str) -> str:
        """Return what may be kept: half of a character, which JSON can say, is no text."""
        whole = text.encode(errors="replace").decode()
        return without_prompts(self.of.redact(whole))

    def _try(self, sort: Sort, title: str, ask: Callable[[], Made]) -> Made | None:
        """Return the answer; None, and noted as missing, where there is none in time."""
        if sort in self.refused:
            return None
        if self.of.monotonic() >= self.until:
            self._miss(f"{title}: not asked, {self.of.bounds.seconds:g} s were over")
            return None
        try:
            return ask()
        except Forbidden as error:
            self._refuse(sort, str(error))
        except TriagedError as error:
            self._miss(f"{title}: {error}")
        except Malformed:
            self._miss(f"{title}: it is not as its API says")
        return None

    def _refuse(self, sort: Sort, because: str) -> None:
        """Ask no more for this sort: for the next pod the answer would be the same."""
        if sort not in self.refused:
            self.refused.add(sort)
            self._miss(f"no {_NAMES[sort]}: {because}")


_NAMES: Final = {
    Sort.POD: "pods",
    Sort.LOG: "logs",
    Sort.METRICS: "metrics",
    Sort.EVENTS: "events",
}


def _whole_lines(log: str, size: int) -> str:
    """Return a log without the line whose begin was cut off: it may be the end of a prompt."""
    cut = len(log.encode(errors="replace")) >= size
    return log.partition("\n")[2] if cut else log


def touched(plan: Plan) -> tuple[str, ...]:
    """Return the pods that a plan touches: the one that it is about, else all of its target."""
    if plan.write.kind == kinds.POD.name:
        return (plan.write.name, *(name for name, _ in plan.write.also))
    return tuple(sorted(plan.target.pods))


def reachable(address: str) -> bool:
    """Tell whether an address may be a pod's: whoever writes a pod's status may write any.

    The node itself, and what answers on link-local addresses (a cloud's tokens), are none; nor is
    what names a zone, of which any text may be a part.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            return False
        found = found.ipv4_mapped or found
    odd = (found.is_loopback, found.is_link_local, found.is_multicast, found.is_unspecified)
    return not any(odd)
