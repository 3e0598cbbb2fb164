"""Who was asked for what, and who decided, with which parameters, through which way."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.postmortem.document import Asked, Decided
from bot.postmortem.story import Story
from incidents.approval import Approval, fate
from incidents.events.approval import (
    ApprovalDenied,
    ApprovalGiven,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalVoted,
)
from incidents.events.run import ActionPlanned
from incidents.telling import pairs


def asked(story: Story) -> tuple[Asked, ...]:
    """Return every question, in the order in which they were asked."""
    approvals = {one.id: one for one in story.approvals}
    return tuple(
        _asked(story, approvals[stream], event, at)
        for at, stream, event in story.told(ApprovalRequested)
    )


def _asked(story: Story, approval: Approval, requested: ApprovalRequested, at: datetime) -> Asked:
    return Asked(
        approval=approval.id,
        title=requested.title,
        digest=requested.digest,
        parameters=_parameters(story, requested),
        asked_at=at,
        asked_of=", ".join(requested.approvers) or "nobody",
        expires_at=requested.expires_at,
        fate=fate(approval),
        waited=_waited(story, approval.id, at),
        decisions=tuple(_decisions(story, approval.id)),
    )


def _parameters(story: Story, requested: ApprovalRequested) -> str:
    for _, run, event in story.told(ActionPlanned):
        if run == requested.run and event.plan.digest == requested.digest:
            return pairs(event.plan.parameters) or "none"
    return "not recorded"


def _waited(story: Story, approval: str, at: datetime) -> timedelta | None:
    given = (when for when, stream, _ in story.told(ApprovalGiven) if stream == approval)
    moment = next(given, None)
    return None if moment is None else moment - at


def _decisions(story: Story, approval: str) -> Iterator[Decided]:
    for entry in story.history:
        if entry.recorded.stream != approval:
            continue
        match entry.event:
            case ApprovalVoted(by=by, via=via):
                what, note = "approved", "another was needed"
            case ApprovalGiven(by=by, via=via, together_with=others):
                what, note = "approved", f"with {', '.join(others)}" if others else ""
            case ApprovalRefused(by=by, via=via, reason=reason):
                what, note = "refused", reason
            case ApprovalDenied(by=by, via=via, because=because):
                what, note = "tried to decide", because
            case _:
                continue
        yield Decided(at=entry.recorded.at, who=by, what=what, via=via, note=note)
