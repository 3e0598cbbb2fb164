"""What guards see of one plan: the plan, the cluster around it, its signals, and the limits.

Each object, each list and each signal is read once, and no more than a guard asks for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from cluster.actions.plan import Plan
from cluster.clients import kinds, parse
from cluster.clients.kinds import Kind
from cluster.clients.objects import OwnerReference, Pod
from cluster.clients.parse import Malformed
from cluster.clients.reads import Objects
from cluster.clients.refusals import Missing
from cluster.clients.things import Thing
from cluster.drift.intended import LOCAL, NOTHING, Environments, Place
from cluster.owners import workload
from cluster.owners.sight import Hidden
from cluster.owners.workload import Workload
from cluster.rights import lists
from cluster.signals.reading import NoData, NotApplicable, Observation, PerPod
from cluster.signals.signals import DEADLINE, Signals
from cluster.signals.together import Reads
from cluster.targets import marks
from cluster.targets.target import Target
from incidents.errors import TriagedError
from incidents.events.run import PlanRecord
from incidents.guardrails import Guardrails, Limits

RIGHTS: Final = (*workload.RIGHTS, *lists(kinds.POD))
"""What `work`, `pods` and the effect of a plan need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A plan that was carried out, and when; None where the journal does not say."""

    plan: PlanRecord
    at: datetime | None


Past = Callable[[str], Change | None]
"""Returns the change that was made with a key (`run-1-1/step/1`), None where nobody knows."""
PREFILL: Final = "prefill"
DECODE: Final = "decode"
OTHER: Final[Mapping[str, str]] = {PREFILL: DECODE, DECODE: PREFILL}
SAME_MODEL: Final = (
    marks.MODEL,
    "llm-d.ai/guide",
    "disaggregatedset.x-k8s.io/name",
    "app.kubernetes.io/name",
)
"""Labels in which pods that serve together agree, as far as both have them."""


def no_past(_: str) -> None:
    """Return that nobody knows what was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What scenes are made of: how to look, at which moment, and what is configured.

    `own` is what the cluster at hand is called; `past` knows what was written before.
    """

    objects: Objects
    signals: Signals
    at: datetime
    rules: Guardrails = field(default_factory=Guardrails)
    environments: Environments = NOTHING
    own: str = LOCAL
    past: Past = no_past
    deadline: timedelta = DEADLINE


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePod:
    """A pod as it is, and as far as we know it."""

    thing: Thing
    pod: Pod

    @property
    def name(self) -> str:
        """Return its name."""
        return self.pod.name

    @property
    def ready(self) -> bool:
        """Tell whether it serves: ready, and not asked to go."""
        return self.pod.ready_since is not None and not (self.pod.leaving or self.pod.finished)


class Scene:
    """One plan and what is around it; it implements the port `Sight` of owners, too.

    What cannot be seen is Hidden and never raised: whether that matters is the guard's to say.
    """

    def __init__(self, plan: Plan, world: World) -> None:
        self.plan = plan
        self.target: Target = plan.target
        self.at, self.rules, self.past = world.at, world.rules, world.past
        self._world = world
        self._lists: dict[Kind, tuple[Thing, ...] | Hidden] = {}
        self._things: dict[tuple[str, str, str, str], Thing | Hidden | None] = {}
        self._by_pod: dict[tuple[str, str], PerPod] = {}
        self._totals: dict[str, Observation] = {}

    @cached_property
    def place(self) -> Place | None:
        """Return what is intended for the target, None where nothing is said."""
        target = self.target
        return self._world.environments.of(
            cluster=target.cluster,
            namespace=target.namespace,
            role=target.role,
            model=target.model,
            pool=target.pool,
            own=self._world.own,
        )

    @cached_property
    def environment(self) -> str:
        """Return the environment that holds the target's namespace, empty for none."""
        own, cluster = {"", LOCAL, self._world.own}, self.target.cluster
        for one in self._world.environments.environments:
            here = any(each == cluster or {each, cluster} <= own for each in one.clusters)
            if here and self.target.namespace in one.namespaces:
                return one.name
        return ""

    @cached_property
    def limits(self) -> Limits:
        """Return the thresholds for this plan."""
        return self.rules.of(
            action=self.plan.action,
            environment=self.environment,
            namespace=self.target.namespace,
        )

    @cached_property
    def work(self) -> Workload | Hidden:
        """Return what makes the target's pods, and where it has its size."""
        try:
            return workload.of(self.target, self)
        except (TriagedError, Malformed) as error:
            return Hidden(because=str(error))

    @cached_property
    def around(self) -> tuple[OnePod, ...] | Hidden:
        """Return all pods of the namespace."""
        listed = self.things(kinds.POD)
        if isinstance(listed, Hidden):
            return listed
        try:
            return tuple(OnePod(thing=each, pod=parse.pod(each.body)) for each in listed)
        except (Malformed, ValueError) as error:
            return Hidden(
                because=f"a pod of {self.target.namespace} is not as its API says: {error}"
            )

    @cached_property
    def pods(self) -> tuple[OnePod, ...] | Hidden:
        """Return the target's pods that have not finished, those that wait or go as well."""
        names = {*self.target.pods, *(each.name for each in self.target.members)}
        found = self.around
        if isinstance(found, Hidden):
            return found
        return tuple(each for each in found if each.name in names and not each.pod.finished)

    @cached_property
    def serving(self) -> tuple[OnePod, ...] | Hidden:
        """Return the target's pods that take requests and are ready."""
        found = self.pods
        if isinstance(found, Hidden):
            return found
        return tuple(each for each in found if each.ready and each.name in self.target.pods)

    @cached_property
    def peers(self) -> tuple[OnePod, ...] | Hidden:
        """Return the ready ones of `others`."""
        found = self.others
        return found if isinstance(found, Hidden) else tuple(each for each in found if each.ready)

    @cached_property
    def others(self) -> tuple[OnePod, ...] | Hidden:
        """Return the pods of the other role that exchange KV blocks with the target's, or will.

        None where prefill and decode are not apart. Pods that say of another model are left out.
        """
        other = OTHER.get(self.target.role, "")
        if other not in self.target.roles:
            return ()
        found, own = self.around, self.pods
        if isinstance(found, Hidden) or isinstance(own, Hidden):
            return found if isinstance(found, Hidden) else Hidden(because="")
        mine = own[0].thing.labels if own else {}
        return tuple(
            each
            for each in found
            if not (each.pod.leaving or each.pod.finished)
            and role(each) == other
            and _together(mine, each.thing.labels)
        )

    def things(self, kind: Kind) -> tuple[Thing, ...] | Hidden:
        """Return all objects of a kind, in the target's namespace where it has namespaces."""
        if kind not in self._lists:
            self._lists[kind] = self._list(kind)
        return self._lists[kind]

    def thing(self, reference: OwnerReference, *, namespace: str = "") -> Thing | Hidden | None:
        """Return an object, None where there is none."""
        known = kinds.BY_NAME.get((reference.group, reference.kind))
        place = "" if known and not known.namespaced else namespace or self.target.namespace
        key = (place, reference.api_version, reference.kind, reference.name)
        if key not in self._things:
            self._things[key] = self._read(place, reference)
        return self._things[key]

    def written(self) -> Thing | Hidden | None:
        """Return the object that the plan writes, as it is now."""
        write = self.plan.write
        named = OwnerReference(
            kind=write.kind, name=write.name, uid=write.uid, api_version=write.api_version
        )
        return self.thing(named, namespace=write.namespace)

    def by_pod(self, name: str, *, of_peers: bool = False) -> PerPod:
        """Return a signal for each pod that reports it."""
        target = self._peers_target() if of_peers else self.target
        if not target.pods:
            return NotApplicable(signal=name, because="no pod takes requests")
        key, signals, at = (name, target.role), self._world.signals, self.at
        if key not in self._by_pod:
            self._by_pod[key] = self._reads.start(
                name, lambda: signals.read_by_pod(name, target, at=at)
            )()
        return self._by_pod[key]

    def total(self, name: str) -> Observation:
        """Return a signal for the whole target."""
        target, signals, at = self.target, self._world.signals, self.at
        if not target.pods:
            return NotApplicable(signal=name, because="no pod takes requests")
        if name not in self._totals:
            self._totals[name] = self._reads.start(
                name, lambda: signals.read(name, target, at=at)
            )()
        return self._totals[name]

    @cached_property
    def _reads(self) -> Reads:
        return Reads(deadline=self._world.deadline)

    def _peers_target(self) -> Target:
        peers = self.peers
        names = () if isinstance(peers, Hidden) else tuple(each.name for each in peers)
        return replace(self.target, role=OTHER.get(self.target.role, ""), pods=names)

    def _list(self, kind: Kind) -> tuple[Thing, ...] | Hidden:
        try:
            where = self.target.namespace if kind.namespaced else ""
            return tuple(self._world.objects.things(where, kind))
        except TriagedError as error:
            return Hidden(because=str(error))

    def _read(self, namespace: str, reference: OwnerReference) -> Thing | Hidden | None:
        try:
            return self._world.objects.thing(namespace, reference)
        except Missing:
            return None
        except TriagedError as error:
            return Hidden(because=str(error))


def role(one: OnePod) -> str:
    """Return the role that a pod's own labels say, empty for none."""
    return one.pod.labels.get(marks.ROLE) or one.pod.labels.get(marks.SET_ROLE, "")


def known(found: PerPod, pods: Sequence[OnePod]) -> tuple[Mapping[str, float], tuple[str, ...]]:
    """Return the values of these pods, and the names of those of which nothing is known."""
    if isinstance(found, (NoData, NotApplicable)):
        return {}, tuple(each.name for each in pods)
    values = {each.name: found[each.name].value for each in pods if each.name in found}
    return values, tuple(each.name for each in pods if each.name not in found)


def why(found: PerPod | Observation) -> str:
    """Return in words why nothing was read; empty where something was."""
    match found:
        case NoData():
            return f"{found.signal}: {found.detail or found.why.value}"
        case NotApplicable():
            return f"{found.signal}: {found.because}"
        case _:
            return ""


def _together(mine: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    return all(mine[key] == theirs[key] for key in SAME_MODEL if key in mine and key in theirs)
