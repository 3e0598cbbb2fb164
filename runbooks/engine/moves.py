"""What a run can do next: a closed set of moves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

COMPLETED = "completed"
STOPPED = "stopped"
UNDONE = "undone"
"""How a run ends: through all steps, at one that did not work out, or taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Read and decide."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePlan:
    """Plan an action, so that people can be asked."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitApproval:
    """People are asked; nothing to do until they decide or the approval expires."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    """The plan no longer stands; what follows is another plan."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """The step could not be done."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Plan once more, claim, and apply."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBack:
    """The step was claimed and nobody wrote what became of it: ask the world."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe:
    """Watch pods become ready, or somebody change it back."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Compare before with the window from `start` to `end`, which is over."""

    step: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Look once in `every`, until a moment, whether somebody changes back what is verified."""

    step: str
    until: datetime
    every: timedelta

    def after(self, looked: datetime) -> datetime:
        """Return when it is to be looked again: the last look is not before the end."""
        again = looked + self.every
        return min(again, self.until) if looked < self.until else again


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Ask a person."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginWait:
    """Let time pass."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWait:
    """Enough time has passed."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Leave the step out."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Only a person can go on: settle a doubt, skip, or let the run go on from a step."""

    step: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The run is over."""

    outcome: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """Nothing until a moment; None where nothing will ever come by itself."""

    until: datetime | None


Move = (
    Check
    | MakePlan
    | AwaitApproval
    | Void
    | Fail
    | Claim
    | LookBack
    | Observe
    | Verify
    | Watch
    | Pose
    | BeginWait
    | EndWait
    | Skip
    | Blocked
    | Finish
    | Nothing
)
