"""The word that people see for an incident's status."""

from collections.abc import Iterable

from incidents.incident import Incident, Status
from incidents.run import Run, StepStatus


def status_word(incident: Incident, runs: Iterable[Run]) -> str:
    """Return the status, or `mitigating` while a change took place and is not verified yet.

    A run that has ended verifies nothing any more.
    """
    steps = (step for run in runs if run.outcome is None for step in run.steps.values())
    applied = any(step.status is StepStatus.APPLIED for step in steps)
    if applied and incident.status is Status.INVESTIGATING:
        return "mitigating"
    return incident.status.value
