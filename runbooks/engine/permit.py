"""Whether a claimed write may be made at this moment: asked again before every attempt."""

from incidents.commands.run import ClaimStep
from incidents.incident import Status
from incidents.run import UNDO, StepStatus
from runbooks.engine.turn import Turn


def refusal(turn: Turn, claimed: ClaimStep) -> str | None:
    """Return why the write must not be made any more, None while it may.

    The process may have stood still since its claim, for longer than the approval was good for.
    Raises Unavailable when the journal cannot be asked.
    """
    if not _holds(turn, claimed):
        return "the claim was settled meanwhile"
    if turn.clock() >= claimed.not_after:
        return f"the approval ended at {claimed.not_after:%H:%M:%S}, before the write"
    frozen = turn.desk.freeze().frozen.keys() & set(claimed.scopes)
    if frozen:
        return f"{' and '.join(sorted(frozen))} was frozen before the write"
    return _over(turn, claimed)


def _holds(turn: Turn, claimed: ClaimStep) -> bool:
    """Tell whether the step is still claimed with this approval; raises Unavailable."""
    state = turn.desk.run(turn.run.id).step(claimed.step)
    return state.status is StepStatus.STARTED and state.approval == claimed.approval


def _over(turn: Turn, claimed: ClaimStep) -> str | None:
    resolved = turn.desk.incident(turn.started.incident).status is Status.RESOLVED
    if resolved and not claimed.step.startswith(UNDO):
        return "the incident was resolved before the write"
    return None
