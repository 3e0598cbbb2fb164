"""Reads what is there of a workload: only reads, each list of a namespace once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from cluster.clients import kinds
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference
from cluster.clients.reads import Objects
from cluster.drift.findings import Unknown
from cluster.drift.intended import Place, Workload
from cluster.drift.live import NOT_ASKED, Live, Things, first
from cluster.rights import gets, lists
from cluster.targets.sight import Sight
from cluster.targets.target import Selector
from incidents.errors import Rejected, Unavailable

Found = TypeVar("Found")

LEADS: Final = frozenset({None, 0})
"""Ranks of pods that run an engine's command line: those without a group, and leaders."""
RIGHTS: Final = (
    *gets(*kinds.ABOVE),
    *lists(kinds.POD, kinds.NODE, kinds.AUTOSCALER, kinds.SCALED_OBJECT),
    *lists(*kinds.POOLS, *kinds.OBJECTIVES),
)
"""What looking needs besides finding the targets."""


class Sees(Protocol):
    """Finds workloads, and shows what stands around them."""

    def see(self, selector: Selector) -> Sight:
        """Return the one workload with its pods; raises as `Targets.find` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Looks at one place after the other; `away` says what could not be asked for now."""

    objects: Objects
    targets: Sees
    away: list[str] = field(default_factory=list)
    _lists: dict[tuple[str, Kind, str], Things] = field(default_factory=dict)

    def at(self, place: Place) -> Live | Unknown:
        """Return what is there of a workload, or why it cannot be told which one is meant."""
        workload = place.workload
        selector = Selector(
            cluster=place.cluster,
            namespace=place.namespace,
            model=workload.model.served[0],
            role=workload.role,
            pool=workload.pool,
        )
        sight = self._asked(lambda: self.targets.see(selector))
        return sight if isinstance(sight, Unknown) else self._around(sight, workload)

    def _around(self, sight: Sight, workload: Workload) -> Live:
        target = sight.target
        top = OwnerReference(
            kind=target.kind, name=target.name, uid=target.uid, api_version=target.api_version
        )
        inside = target.namespace
        scaled = bool(workload.autoscaler or workload.replicas)
        kind, slo = workload.gpus.kind if workload.gpus else "", workload.slo_class
        return Live(
            target=target,
            top=self._asked(lambda: self.objects.thing(inside, top)),
            pods=self._pods(sight),
            autoscalers=self._list(inside, kinds.AUTOSCALER) if scaled else NOT_ASKED,
            scaled_objects=self._list(inside, kinds.SCALED_OBJECT) if scaled else NOT_ASKED,
            pools=self._with(target.pool, inside, kinds.POOLS)
            if workload.pool_failure_mode
            else NOT_ASKED,
            objectives=self._with(slo.objective, inside, kinds.OBJECTIVES) if slo else NOT_ASKED,
            nodes=self._list("", kinds.NODE) if kind else NOT_ASKED,
        )

    def _pods(self, sight: Sight) -> Things:
        """Return the pods as they are, by the labels that all of them have."""
        leading = {one.name for one in sight.target.members if one.rank in LEADS}
        pods = [pod for pod in sight.pods if pod.name in leading]
        if not pods:
            return ()
        common = set.intersection(*(set(pod.labels.items()) for pod in pods))
        if not common:
            return Unknown(because="its pods have no label in common")
        selector = ",".join(f"{key}={value}" for key, value in sorted(common))
        found = self._list(sight.target.namespace, kinds.POD, selector)
        if isinstance(found, Unknown):
            return found
        return tuple(one for one in found if one.itself.name in leading)

    def _with(self, name: str, namespace: str, versions: Sequence[Kind]) -> Things:
        """Return the objects of the first version that has one of this name, or is hidden."""
        found: Things = ()
        for each in versions:
            found = self._list(namespace, each)
            if isinstance(found, Unknown) or first(found, name):
                break
        return found

    def _list(self, namespace: str, kind: Kind, selector: str = "") -> Things:
        key = (namespace, kind, selector)
        if key not in self._lists:
            self._lists[key] = self._asked(
                lambda: tuple(self.objects.things(namespace, kind, selector=selector))
            )
        return self._lists[key]

    def _asked(self, ask: Callable[[], Found]) -> Found | Unknown:
        try:
            return ask()
        except Rejected as error:
            return Unknown(because=str(error))
        except Unavailable as error:
            self.away.append(str(error))
            return Unknown(because=str(error))
