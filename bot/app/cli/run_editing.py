"""What `triaged run edit` tells the desk: arguments of a plan, within the runbook's bounds."""

from collections.abc import Mapping, Sequence

from incidents.commands.run import EditPlan
from incidents.errors import Rejected
from incidents.run import Run, StepStatus
from runbooks.language.editing import edit
from runbooks.language.model import Runbook


def command(
    run: Run, runbook: Runbook, step: str, *, given: Sequence[str], by: str, because: str
) -> EditPlan:
    """Return the command; `given` are texts such as `replicas=+1`.

    Raises Rejected, naming the bound, for what cannot be edited so.
    """
    named, state = runbook.step(step), run.step(step)
    if run.started is None or named is None:
        message = f"{run.id}: only steps of {runbook.name} can be edited, and {step} is none"
        raise Rejected(message)
    if state.status is not StepStatus.PLANNED:
        message = f"{run.id} {step} is {state.status.value}: only a plan that waits can be edited"
        raise Rejected(message)
    made = edit(named, runbook, run.started.parameters, state.edited, pairs(given))
    if not made.instead_of:
        message = f"{run.id} {step} is planned so already"
        raise Rejected(message)
    return EditPlan(
        step=step,
        by=by,
        because=because,
        approval=state.approval,
        before=state.edited,
        parameters=made.parameters,
        instead_of=made.instead_of,
    )


def pairs(given: Sequence[str]) -> Mapping[str, str]:
    """Return what stands before and behind each first `=`; raises Rejected for any other text."""
    found: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name.strip():
            message = f"--set {one}: not NAME=VALUE, such as replicas=+1"
            raise Rejected(message)
        if name in found:
            message = f"--set {name} stands there twice"
            raise Rejected(message)
        found[name.strip()] = value.strip()
    return found
