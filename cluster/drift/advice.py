"""Plans that leave what a team intends say so: a warning, and no refusal."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from cluster.actions.plan import Applied, Done, Plan, Settled, Verb
from cluster.drift.intended import Environments, outside
from cluster.targets.target import Target
from cluster.tools import Tools

Intended = Callable[[], Environments]
"""Returns what is intended at this moment: a changed file counts for the next plan."""

SIZES: Final = ("replicas", "minReplicas", "minReplicaCount")
"""What a plan writes of a size: the size itself, or the floor below which no autoscaler goes."""


class Advised:
    """An action that does what another one does, and whose plans are compared with the intended."""

    def __init__(self, verb: Verb, *, intended: Intended, own: str) -> None:
        self.name = verb.name
        self._verb, self._intended, self._own = verb, intended, own

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Return the other's plan, with a warning where the size after it is none that is meant."""
        plan = self._verb.plan(target, parameters)
        said = _outside(plan, self._intended(), self._own)
        return replace(plan, warnings=(*plan.warnings, *said))

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


def _outside(plan: Plan, environments: Environments, own: str) -> tuple[str, ...]:
    sizes = [int(value) for name, value in plan.after if name in SIZES and value.isdecimal()]
    target = plan.target
    place = environments.of(
        cluster=target.cluster,
        namespace=target.namespace,
        role=target.role,
        model=target.model,
        pool=target.pool,
        own=own,
    )
    return tuple(filter(None, (outside(place, size) for size in sizes[:1])))
