"""An approval: who may say yes to exactly which plan, once, and until when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any  # the dispatch tables hold functions of many types

from incidents.commands import approval as commands
from incidents.commands.approval import ApprovalCommand
from incidents.decision import Decision
from incidents.errors import Rejected
from incidents.events import approval as events
from incidents.events.approval import ApprovalEvent

Answer = Decision[ApprovalEvent]


class ApprovalState(Enum):
    """Where an approval stands; `granted` is the one word that an append may require."""

    REQUESTED = "requested"
    GRANTED = "granted"
    REFUSED = "refused"
    EXPIRED = "expired"
    VOIDED = "voided"
    CONSUMED = "consumed"


OPEN = frozenset({ApprovalState.REQUESTED, ApprovalState.GRANTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approval as it stands; `asked` is None before its first event.

    `decided_by` names in words all who decided, `decider` is the id of the last of them.
    """

    id: str
    version: int = 0
    asked: events.ApprovalRequested | None = None
    state: ApprovalState = ApprovalState.REQUESTED
    votes: tuple[str, ...] = ()
    denied: frozenset[str] = frozenset()
    decided_by: str | None = None
    decider: str | None = None
    because: str = ""
    opened_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def digest(self) -> str:
        """Return the digest of the plan that is asked about."""
        return self.asked.digest if self.asked else ""

    @property
    def expires_at(self) -> datetime | None:
        """Return the moment after which nothing can be claimed with it."""
        return self.asked.expires_at if self.asked else None


def evolve(approval: Approval, event: ApprovalEvent, at: datetime) -> Approval:
    """Return the approval after the event."""
    grown = replace(approval, version=approval.version + 1, updated_at=at)
    return _EVOLVE[type(event)](grown, event)


def decide(approval: Approval, command: ApprovalCommand, now: datetime) -> Answer:
    """Return what follows; raises Rejected, with who was first, when it is too late."""
    if isinstance(command, commands.RequestApproval):
        return _request(approval, command)
    if approval.asked is None:
        message = f"there is no {approval.id}"
        raise Rejected(message)
    return _DECIDE[type(command)](approval, command, now)


def due(approval: Approval) -> datetime | None:
    """Return when it expires; None once it is decided for good."""
    return approval.expires_at if approval.state in OPEN else None


def fate(approval: Approval) -> str:
    """Return in words what became of it, for whoever comes too late."""
    words = {
        ApprovalState.REQUESTED: "is still open",
        ApprovalState.GRANTED: f"was approved by {approval.decided_by}",
        ApprovalState.REFUSED: f"was refused by {approval.decided_by}: {approval.because}",
        ApprovalState.EXPIRED: "has expired",
        ApprovalState.VOIDED: f"no longer stands: {approval.because}",
        ApprovalState.CONSUMED: f"was approved by {approval.decided_by} and carried out",
    }
    return words[approval.state]


def barred(approval: Approval, person: str) -> str | None:
    """Return why this person may not decide, or None when they may."""
    asked = approval.asked
    if asked is None or person not in asked.approvers:
        named = ", ".join(asked.approvers) if asked else ""
        return f"{person} is not among the approvers: {named or 'nobody'}"
    if asked.requester_may_approve:
        return None
    if person == asked.requested_by:
        return f"{person} asked for it, so somebody else must approve it"
    if person in asked.edited_by_all:
        return f"{person} edited it, so somebody else must approve it"
    return None


def _request(approval: Approval, command: commands.RequestApproval) -> Answer:
    if approval.asked is not None:
        message = f"{approval.id} was asked already"
        raise Rejected(message)
    return Decision(events=(command.requested,))


def _approve(approval: Approval, command: commands.Approve, now: datetime) -> Answer:
    denied = _denied(approval, command, now)
    if denied is not None:
        return denied
    asked = approval.asked
    if command.by in approval.votes:
        return Decision()
    if asked is not None and len(approval.votes) + 1 < asked.needed:
        return Decision(events=(events.ApprovalVoted(by=command.by, via=command.via),))
    given = events.ApprovalGiven(by=command.by, via=command.via, together_with=approval.votes)
    return Decision(events=(given,))


def _refuse(approval: Approval, command: commands.Refuse, now: datetime) -> Answer:
    denied = _denied(approval, command, now)
    if denied is not None:
        return denied
    refused = events.ApprovalRefused(by=command.by, via=command.via, reason=command.reason)
    return Decision(events=(refused,))


def _denied(
    approval: Approval, command: commands.Approve | commands.Refuse, now: datetime
) -> Answer | None:
    """Return what a denial records, once a person; raises Rejected when nobody may any more."""
    if approval.state is not ApprovalState.REQUESTED:
        message = f"{approval.id} {fate(approval)}"
        raise Rejected(message)
    asked = approval.asked
    if asked is None or command.digest != asked.digest:
        message = f"{approval.id} is for another plan: the card you see is out of date"
        raise Rejected(message)
    if now >= asked.expires_at:
        message = f"{approval.id} has expired"
        raise Rejected(message)
    because = barred(approval, command.by)
    if because is None:
        return None
    if command.by in approval.denied:
        return Decision()
    return Decision(
        events=(events.ApprovalDenied(by=command.by, via=command.via, because=because),)
    )


def _expire(approval: Approval, _: commands.ExpireApproval, now: datetime) -> Answer:
    moment = due(approval)
    if moment is None or now < moment:
        return Decision()
    return Decision(events=(events.ApprovalExpired(),))


def _void(approval: Approval, command: commands.VoidApproval, _: datetime) -> Answer:
    if approval.state not in OPEN:
        return Decision()
    return Decision(events=(events.ApprovalVoided(because=command.because),))


def _consume(approval: Approval, command: commands.ConsumeApproval, _: datetime) -> Answer:
    # The claim stands in the run's stream: what is noted here follows it, whatever the clock says.
    if approval.state is ApprovalState.CONSUMED:
        return Decision()
    return Decision(events=(events.ApprovalConsumed(step=command.step),))


_DECIDE: Mapping[type, Callable[[Approval, Any, datetime], Answer]] = {  # each takes its command
    commands.Approve: _approve,
    commands.Refuse: _refuse,
    commands.ExpireApproval: _expire,
    commands.VoidApproval: _void,
    commands.ConsumeApproval: _consume,
}

_EVOLVE: Mapping[type, Callable[[Approval, Any], Approval]] = {  # each takes its own event
    events.ApprovalRequested: lambda a, e: replace(a, asked=e, opened_at=a.updated_at),
    events.ApprovalVoted: lambda a, e: replace(a, votes=(*a.votes, e.by)),
    events.ApprovalGiven: lambda a, e: replace(
        a,
        state=ApprovalState.GRANTED,
        decided_by=" and ".join((*e.together_with, e.by)),
        decider=e.by,
    ),
    events.ApprovalRefused: lambda a, e: replace(
        a, state=ApprovalState.REFUSED, decided_by=e.by, decider=e.by, because=e.reason
    ),
    events.ApprovalExpired: lambda a, _: replace(a, state=ApprovalState.EXPIRED),
    events.ApprovalVoided: lambda a, e: replace(a, state=ApprovalState.VOIDED, because=e.because),
    events.ApprovalConsumed: lambda a, _: replace(a, state=ApprovalState.CONSUMED),
    events.ApprovalDenied: lambda a, e: replace(a, denied=a.denied | {e.by}),
}
