"""Commands to a watch over what people do while a runbook is in shadow."""

from dataclasses import dataclass

from incidents.events.run import Comparison
from incidents.events.shadow import Better, Did, PeopleActed, ShadowBegan


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginWatch:
    """Watch what people do from here on."""

    began: ShadowBegan


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAct:
    """People changed something."""

    act: PeopleActed


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeAct:
    """Verification says this of what people did."""

    verdict: str
    because: str
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWatch:
    """Nothing more is watched; `did` counts where no act of people was noted."""

    did: Did
    because: str
    better: Better | None = None


WatchCommand = BeginWatch | NoteAct | JudgeAct | EndWatch
