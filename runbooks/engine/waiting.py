"""Why an approved change may not be claimed yet, in words for people."""

from incidents.errors import HoldConflict, RequirementConflict
from incidents.freeze import ALL
from incidents.incident_rules import OPEN_INCIDENT
from incidents.journal import BUDGET
from incidents.run_rules import CLAIM, FROZEN


def because(error: HoldConflict | RequirementConflict) -> str:
    """Return what stands in the way of the claim, and what ends it where a person can."""
    if isinstance(error, RequirementConflict):
        return _spent(error) if error.kind == BUDGET else str(error)
    if error.kind == FROZEN:
        where = "anywhere" if error.key == ALL else f"in {error.key}"
        return f"nothing may be changed {where} until somebody thaws it"
    if error.kind == CLAIM:
        return f"{error.holder} is changing the same workload, or waits for a person in doubt"
    if error.kind == OPEN_INCIDENT:
        return "its incident is over: only an undo may still change anything"
    return str(error)


def _spent(error: RequirementConflict) -> str:
    return f"its workload was changed as often as it may be: {error}"
