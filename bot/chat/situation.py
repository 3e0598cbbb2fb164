"""What the views look at: an incident with its runs and approvals, and who people are."""

from dataclasses import dataclass

from incidents.approval import Approval
from incidents.desk import Desk
from incidents.events.desk import Frozen
from incidents.events.run import CheckFinished, EffectVerified
from incidents.freeze import ALL
from incidents.incident import Incident
from incidents.people import People
from incidents.policy import Policy
from incidents.run import Run

RUN, APPROVAL = "run-", "approval-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One incident as it stands.

    `checks` and `results` are what was found, in order, each with its run; `frozen` is what keeps
    this incident from changing anything; `page` is the address of its page, empty for none.
    """

    incident: Incident
    runs: tuple[Run, ...]
    approvals: tuple[Approval, ...]
    checks: tuple[tuple[str, CheckFinished], ...]
    results: tuple[tuple[str, EffectVerified], ...]
    policy: Policy
    people: People
    page: str = ""
    frozen: tuple[Frozen, ...] = ()

    def run_of(self, approval: Approval) -> Run | None:
        """Return the run that asked for it."""
        asked = approval.asked
        return next((one for one in self.runs if asked and one.id == asked.run), None)


def look(desk: Desk, number: int, *, people: People, page: str = "") -> Situation:
    """Return what the views look at for one incident, as the journal has it now."""
    told = [(entry.recorded.stream, entry.event) for entry in desk.history(number)]
    streams, incident = desk.streams(number), desk.incident(number)
    return Situation(
        incident=incident,
        runs=tuple(desk.run(one) for one in streams if one.startswith(RUN)),
        approvals=tuple(desk.approval(one) for one in streams if one.startswith(APPROVAL)),
        checks=tuple((run, event) for run, event in told if isinstance(event, CheckFinished)),
        results=tuple((run, event) for run, event in told if isinstance(event, EffectVerified)),
        policy=desk.policy,
        people=people,
        page=page,
        frozen=_frozen(desk, incident),
    )


def _frozen(desk: Desk, incident: Incident) -> tuple[Frozen, ...]:
    standing = desk.freeze().frozen
    scopes = (ALL, incident.opened.namespace if incident.opened else "")
    return tuple(standing[scope] for scope in scopes if scope in standing)
