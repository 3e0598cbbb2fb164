"""What is there of a workload: values alone, read once."""

from dataclasses import dataclass, field
from typing import Final

from cluster.clients.things import Thing
from cluster.drift.findings import Unknown
from cluster.targets.target import Target

Things = tuple[Thing, ...] | Unknown
"""Objects of one kind, or why they could not be seen."""

NOT_ASKED: Final = Unknown(because="nobody looked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A workload that was found, and the objects around it, as the API server told them.

    `pods` lead their groups where there are groups: the others of a group run no engine's command
    line. What the intention does not speak of is not asked.
    """

    target: Target
    top: Thing | Unknown
    pods: Things = field(default=NOT_ASKED)
    autoscalers: Things = field(default=NOT_ASKED)
    scaled_objects: Things = field(default=NOT_ASKED)
    pools: Things = field(default=NOT_ASKED)
    objectives: Things = field(default=NOT_ASKED)
    nodes: Things = field(default=NOT_ASKED)

    @property
    def name(self) -> str:
        """Return the workload for people: `Deployment llm-d/decode`."""
        return str(self.target)


def first(things: tuple[Thing, ...], name: str) -> Thing | None:
    """Return the object of that name."""
    return next((one for one in things if one.itself.name == name), None)
