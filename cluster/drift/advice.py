"""Plans that leave what a team intends say so: a warning, no refusal, and what is to go back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from cluster.actions import left, scale
from cluster.actions.plan import Applied, Done, Plan, Settled, Verb
from cluster.drift.intended import Environments, Place, outside
from cluster.targets.target import Target
from cluster.tools import Tools
from incidents.events.run import LeavesRecord

Intended = Callable[[], Environments]
"""Returns what is intended at this moment: a changed file counts for the next plan."""

SIZE: Final = left.NORMAL
SIZES: Final = (SIZE, "minReplicas", "minReplicaCount")
"""What a plan writes of a size: the size itself, or the floor below which no autoscaler goes."""


class Advised:
    """An action that does what another one does, and whose plans are compared with the intended."""

    def __init__(self, verb: Verb, *, intended: Intended, own: str) -> None:
        self.name = verb.name
        self._verb, self._intended, self._own = verb, intended, own

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Return the other's plan, with a warning where the size after it is none that is meant."""
        plan = self._verb.plan(target, parameters)
        place = _place(plan, self._intended(), self._own)
        return replace(
            plan, warnings=(*plan.warnings, *_outside(plan, place)), leaves=_leaves(plan, place)
        )

    def apply(self, plan: Plan, *, key: str) -> Applied:
        """Write once, as the other does."""
        return self._verb.apply(plan, key=key)

    def already_done(self, plan: Plan, *, key: str) -> Done:
        """Ask the world, as the other does."""
        return self._verb.already_done(plan, key=key)

    def settled(self, plan: Plan) -> Settled:
        """Say how far it has come, as the other does."""
        return self._verb.settled(plan)


def advised(tools: Tools, *, intended: Intended, own: str) -> Tools:
    """Return the tools with every action advised; `own` is what the cluster at hand is called."""
    verbs = {name: Advised(verb, intended=intended, own=own) for name, verb in tools.verbs.items()}
    return replace(tools, verbs=verbs)


def _place(plan: Plan, environments: Environments, own: str) -> Place | None:
    target = plan.target
    return environments.of(
        cluster=target.cluster,
        namespace=target.namespace,
        role=target.role,
        model=target.model,
        pool=target.pool,
        own=own,
    )


def _outside(plan: Plan, place: Place | None) -> tuple[str, ...]:
    sizes = [int(value) for name, value in plan.after if name in SIZES and value.isdecimal()]
    return tuple(filter(None, (outside(place, size) for size in sizes[:1])))


def _leaves(plan: Plan, place: Place | None) -> LeavesRecord | None:
    """Return what the plan leaves behind: nothing where all that it writes is as intended."""
    meant = _meant(place)
    if all(meant.get(name) == value for name, value in plan.after):
        return None
    normal = meant.get(SIZE)
    if plan.action != scale.SCALE or SIZE not in dict(plan.after) or normal is None:
        return plan.leaves
    return LeavesRecord(
        what=f"{plan.target} has {dict(plan.after)[SIZE]} replicas, normally {normal}",
        within=left.DAY,
        back=(("action", scale.SCALE), (SIZE, normal)),
    )


def _meant(place: Place | None) -> Mapping[str, str]:
    """Return what a plan may write and a team intends, by the names that plans have for it."""
    if place is None:
        return {}
    work = place.workload
    bounds = work.autoscaler
    meant = {
        SIZE: work.replicas.normal if work.replicas else None,
        "minReplicas": bounds.least if bounds else None,
        "minReplicaCount": bounds.least if bounds else None,
        "maxReplicas": bounds.most if bounds else None,
        "maxReplicaCount": bounds.most if bounds else None,
        "failure mode": work.pool_failure_mode or None,
    }
    return {name: str(value) for name, value in meant.items() if value is not None}
