"""Plans of the stand-in's cluster, and the guards that look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cluster.actions.plan import Plan
from cluster.actions.registry import verbs
from cluster.clients.reads import ReadOnly
from cluster.guardrails import registry
from cluster.guardrails.guard import Answer
from cluster.guardrails.guarded import guarded
from cluster.guardrails.scene import Scene, World
from cluster.signals.reading import NoData, Observation, PerPod, Reading, Why
from cluster.signals.signals import DEADLINE, Samples
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector, Target
from cluster.tools import Tools
from incidents.guardrails import Guardrails, Limits
from tests.cluster.conftest import NAMESPACE, NOW, StandInKubernetes

MODEL = "llama-3-70b"
DECODE, PREFILL = "decode", "prefill"


@dataclass
class Told:
    """Signals as a test says them: by pod, or for the whole; nothing else is known."""

    pods: dict[str, dict[str, float]] = field(default_factory=dict)
    whole: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def read(self, name: str, target: Target, *, at: datetime) -> Observation:
        self.asked.append(name)
        if name not in self.whole:
            return absent(name)
        return reading(name, self.whole[name], at)

    def read_by_pod(self, name: str, target: Target, *, at: datetime) -> PerPod:
        self.asked.append(name)
        found = {
            pod: reading(name, value, at)
            for pod, value in self.pods.get(name, {}).items()
            if pod in target.pods
        }
        return found or absent(name)

    def read_by_rank(self, name: str, target: Target, *, at: datetime) -> NoData:
        return absent(name)

    def read_parts(self, name: str, target: Target, *, at: datetime) -> NoData:
        return absent(name)

    def read_range(
        self, name: str, target: Target, *, start: datetime, end: datetime, step: timedelta
    ) -> Samples | NoData:
        return absent(name)

    def read_many(
        self, names: Sequence[str], target: Target, *, at: datetime, deadline: timedelta = DEADLINE
    ) -> Mapping[str, Observation]:
        return {name: self.read(name, target, at=at) for name in names}

    def resolved(self, target: Target, *, at: datetime) -> Mapping[str, NoData]:
        return {}


def absent(name: str) -> NoData:
    return NoData(signal=name, why=Why.NOT_SCRAPED, detail="no series of any era")


def reading(name: str, value: float, at: datetime) -> Reading:
    return Reading(signal=name, value=value, unit="", at=at, query=name)


@dataclass
class Guarding:
    """The stand-in's cluster, what its signals say, and what is configured."""

    kubernetes: StandInKubernetes
    told: Told
    rules: Guardrails = field(default_factory=Guardrails)
    more: dict[str, object] = field(default_factory=dict)

    def find(self, role: str = DECODE) -> Target:
        wanted = Selector(namespace=NAMESPACE, model=MODEL, role=role)
        return LabelTargets(self.kubernetes).find(wanted)

    def now(self) -> World:
        world = World(
            objects=ReadOnly(self.kubernetes), signals=self.told, at=NOW, rules=self.rules
        )
        return replace(world, **self.more)  # type: ignore[arg-type]  # a test names real fields

    def limit(self, **limits: object) -> None:
        self.rules = replace(self.rules, limits=Limits(**limits))  # type: ignore[arg-type]  # as above

    def planned(self, action: str, asked: Mapping[str, object], role: str = DECODE) -> Plan:
        """Return the plan that no guard has looked at."""
        return verbs(self.kubernetes)[action].plan(self.find(role), asked)

    def scaled(self, size: int, role: str = DECODE) -> Plan:
        return self.planned("scale", {"replicas": str(size), "at_most": 1000}, role)

    def scene(self, plan: Plan) -> Scene:
        return Scene(plan, self.now())

    def ask(self, guard: str, plan: Plan) -> tuple[Answer, ...]:
        """Return what one guard says."""
        return tuple(registry.guards()[guard].judge(self.scene(plan)))

    def guarded(self, action: str, asked: Mapping[str, object], role: str = DECODE) -> Plan:
        """Return the plan that all guards have looked at; raises as it does."""
        tools = Tools(
            signals=self.told,
            targets=LabelTargets(self.kubernetes),
            verbs=verbs(self.kubernetes),
            objects=ReadOnly(self.kubernetes),
        )
        return guarded(tools, now=self.now).verbs[action].plan(self.find(role), asked)

    def every(self, name: str, value: float, role: str = DECODE) -> None:
        """Let each pod of a role say the same."""
        self.told.pods.setdefault(name, {}).update(dict.fromkeys(self.find(role).pods, value))

    def calm(self, role: str = DECODE, *, kv: float = 0.2) -> None:
        """Let the pods of a role be in use, and not much."""
        for name, value in (
            ("kv_usage", kv),
            ("waiting", 0.0),
            ("running", 8.0),
            ("generation_tokens", 100.0),
            ("prompt_tokens", 100.0),
        ):
            self.every(name, value, role)
