"""Keeps evidence of the pods that a claimed change is about to touch: before they die."""

from cluster.actions.plan import Plan
from incidents.commands import run as commands
from incidents.errors import Conflict, Rejected, Unavailable
from runbooks.engine.turn import Turn


def keep(turn: Turn, claimed: commands.ClaimStep, made: Plan) -> None:
    """Collect, keep and record a bundle; whatever goes wrong with it never stops the change.

    What cannot be kept because the journal is away stops the change all the same, at the permit
    that it is asked for next.
    """
    if turn.texts is None:
        return
    bundle = turn.tools.evidence.collect(made)
    if not bundle.parts and not bundle.missing:
        return
    try:
        digest = turn.texts.keep((bundle.text(),))[0] if bundle.parts else ""
        kept = bundle.record(digest)
        turn.tell(commands.KeepEvidence(step=claimed.step, approval=claimed.approval, bundle=kept))
    except (Conflict, Rejected, Unavailable):
        # Somebody has settled the claim, or the journal is away: the permit will say so.
        return
