"""What writes postmortems, made from what a command opened."""

from bot.app.beginning import Beginning
from bot.app.opening import Opened
from bot.postmortem.writing import Writer
from runbooks.language.loader import LIBRARY
from runbooks.language.loader import load as load_runbooks


def beginning(desk: Opened) -> Beginning:
    """Return what begins runs; raises Rejected for a runbook that is wrong."""
    return Beginning(
        runbooks=load_runbooks((LIBRARY, *desk.configuration.runbooks)),
        policy_digest=desk.configuration.policy.digest,
        policy_text=desk.configuration.policy_text,
        texts=desk.store.texts,
    )


def writer(desk: Opened, begins: Beginning) -> Writer:
    """Return what writes postmortems, with the follow-ups of the runbooks."""
    return Writer(
        desk=desk.desk,
        texts=desk.store.texts,
        people=desk.configuration.people,
        folder=desk.settings.postmortems,
        follow_ups=begins.follow_ups,
    )
