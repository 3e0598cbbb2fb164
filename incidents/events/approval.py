"""Events of an approval: one question to people about exactly one plan."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested:
    """People are asked; `approvers` are person ids, `needed` how many different ones.

    `edited_by` is who has changed the plan's arguments last, empty where nobody has, and `editors`
    are all who have: it is theirs as much as the requester's.
    """

    incident: int
    run: str
    step: str
    title: str
    digest: str
    requested_by: str
    approvers: tuple[str, ...]
    needed: int
    requester_may_approve: bool
    expires_at: datetime
    edited_by: str = ""
    editors: tuple[str, ...] = ()

    @property
    def edited_by_all(self) -> tuple[str, ...]:
        """Return everybody who has edited it; an earlier release wrote down only the last."""
        return self.editors or ((self.edited_by,) if self.edited_by else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalVoted:
    """One of several needed people said yes."""

    by: str
    via: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven:
    """The last needed person said yes: the plan may be claimed, once, until it expires."""

    by: str
    via: str
    together_with: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRefused:
    """A person said no, and why."""

    by: str
    via: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalExpired:
    """Nobody decided in time, or what was decided was not used in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalVoided:
    """The question no longer stands: the plan changed, or the step was left out."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalConsumed:
    """The plan was claimed with it; it can never be used again."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDenied:
    """Somebody who may not decide tried to; nothing else happened."""

    by: str
    via: str
    because: str


ApprovalEvent = (
    ApprovalRequested
    | ApprovalVoted
    | ApprovalGiven
    | ApprovalRefused
    | ApprovalExpired
    | ApprovalVoided
    | ApprovalConsumed
    | ApprovalDenied
)
