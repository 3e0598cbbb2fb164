"""Commands to an approval."""

from dataclasses import dataclass

from incidents.events.approval import ApprovalRequested


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestApproval:
    """Ask people; refused when this approval exists."""

    requested: ApprovalRequested


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """A person says yes to the plan with this digest; `via` is the way in (slack, cli)."""

    by: str
    via: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """A person says no."""

    by: str
    via: str
    digest: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireApproval:
    """The clock: end it if its moment has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidApproval:
    """The question no longer stands."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumeApproval:
    """The plan was claimed with it."""

    step: str


ApprovalCommand = (
    RequestApproval | Approve | Refuse | ExpireApproval | VoidApproval | ConsumeApproval
)
