"""What the views look at: an incident with its runs and approvals, and who people are."""

from dataclasses import dataclass

from incidents.approval import Approval
from incidents.events.run import CheckFinished, EffectVerified
from incidents.incident import Incident
from incidents.people import People
from incidents.policy import Policy
from incidents.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One incident as it stands; `checks` and `results` are told events, by run and step."""

    incident: Incident
    runs: tuple[Run, ...]
    approvals: tuple[Approval, ...]
    checks: tuple[tuple[str, CheckFinished], ...]
    results: tuple[tuple[str, EffectVerified], ...]
    policy: Policy
    people: People
    page: str

    def approval(self, name: str | None) -> Approval | None:
        """Return the approval of that name."""
        return next((one for one in self.approvals if one.id == name), None)

    def run_of(self, approval: Approval) -> Run | None:
        """Return the run that asked for it."""
        asked = approval.asked
        return next((one for one in self.runs if asked and one.id == asked.run), None)
