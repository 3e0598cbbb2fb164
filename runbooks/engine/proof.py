"""How a change is proven: what its runbook says, and for an undo that it came about at all."""

from datetime import timedelta

from incidents.run import UNDO
from runbooks.language.model import Action, Runbook, Verify, came_about

SETTLE = timedelta(minutes=15)
"""How long a change may take to settle when its runbook does not say: models load for minutes."""


def patience(proven: Verify, loads: timedelta | None) -> timedelta:
    """Return how long pods may take to become ready; `loads` is how long one takes, if known.

    What the runbook says counts. Else it is twice what nine of ten pods of the workload needed, as
    they all load at once now.
    """
    if proven.settle is not None:
        return proven.settle
    return max(SETTLE, 2 * loads) if loads is not None else SETTLE


def proof(runbook: Runbook, step: str) -> Verify:
    """Return how the step is proven.

    An undo goes back to what was not good enough, so no signal is expected to improve by it.
    """
    named = runbook.step(step.removeprefix(UNDO))
    if not isinstance(named, Action):
        return came_about(None)
    return came_about(named.verify.settle) if step.startswith(UNDO) else named.verify
