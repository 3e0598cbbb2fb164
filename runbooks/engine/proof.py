"""How a change is proven: what its runbook says, and for an undo that it came about at all."""

from datetime import timedelta

from incidents.run import UNDO
from runbooks.language.model import Action, Runbook, Verify, came_about

SETTLE = timedelta(minutes=15)
"""How long a change may take to settle when its runbook does not say: models load for minutes."""


def proof(runbook: Runbook, step: str) -> Verify:
    """Return how the step is proven.

    An undo goes back to what was not good enough, so no signal is expected to improve by it.
    """
    named = runbook.step(step.removeprefix(UNDO))
    if not isinstance(named, Action):
        return came_about(SETTLE)
    return came_about(named.verify.settle) if step.startswith(UNDO) else named.verify
