"""What the engine asks of the desk and of those who keep runbooks."""

from typing import Protocol

from incidents.approval import Approval
from incidents.events.run import RunStarted
from incidents.freeze import FreezeState
from incidents.incident import Incident
from incidents.policy import Policy
from incidents.run import Run
from runbooks.language.model import Runbook


class Desk(Protocol):
    """The one way to read and change a run."""

    @property
    def policy(self) -> Policy:
        """Return the policy that is in force."""

    def run(self, run_id: str) -> Run:
        """Return the run as it stands; `started` is None where there is none."""

    def approval(self, approval_id: str) -> Approval:
        """Return the approval as it stands; `asked` is None where there is none."""

    def incident(self, number: int) -> Incident:
        """Return the incident as it stands; `opened` is None where there is none."""

    def freeze(self) -> FreezeState:
        """Return what is frozen."""

    def tell(self, stream: str, command: object) -> object:
        """Let the command happen.

        Raises Rejected when it does not fit, VersionConflict when somebody was first,
        HoldConflict or RequirementConflict when a rule across streams forbids it, Unavailable
        when it could not be committed.
        """


class Pinned(Protocol):
    """Knows the runbook that a run began with."""

    def pinned(self, started: RunStarted) -> Runbook:
        """Return exactly that runbook, also when the library has moved on.

        Raises Rejected when it cannot be had any more.
        """
