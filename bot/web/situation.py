"""What a page looks at: an incident with its runs, approvals and history, read once."""

from dataclasses import dataclass

from incidents.approval import Approval
from incidents.desk import Desk, Entry
from incidents.incident import Incident
from incidents.run import Run

RUN = "run-"
APPROVAL = "approval-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One incident as it stands, with everything that happened in it."""

    incident: Incident
    runs: tuple[Run, ...]
    approvals: tuple[Approval, ...]
    history: tuple[Entry, ...]


def look(desk: Desk, number: int) -> Situation | None:
    """Return the incident of that number; None where there is none."""
    incident = desk.incident(number)
    if incident.opened is None:
        return None
    streams = desk.streams(number)
    return Situation(
        incident=incident,
        runs=tuple(desk.run(one) for one in streams if one.startswith(RUN)),
        approvals=tuple(desk.approval(one) for one in streams if one.startswith(APPROVAL)),
        history=desk.history(number),
    )
