"""What each severity demands, and how an alert is judged; every number is configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from incidents.conditions import Condition, at_most
from incidents.gathering import Gathering
from incidents.guardrails import Guardrails
from incidents.ownership import OwnershipMap

EVERY = "*"
"""Stands for every runbook where runbooks are named."""


class Severity(Enum):
    """How bad it is; P0 is the worst."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a severity demands of people."""

    severity: Severity
    description: str
    respond_within: timedelta
    escalate_after: timedelta
    roles: tuple[str, ...]
    channel: str
    update_every: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A catalogue entry: an alert of this name is so bad, and names this failure mode.

    `also` are further modes that it may turn out to be (`RB-18`).
    """

    severity: Severity
    because: str
    mode: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """It is at least so bad."""

    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """What the catalogue or a label says is too much: before anything raises it, at most so bad."""

    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """It is so many levels worse than it would be."""

    levels: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lower:
    """It is so many levels less bad than it would be."""

    levels: int = 1


Effect = Bound | Cap | Raise | Lower


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRule:
    """What live facts, or labels, change about a severity.

    It concerns the `alerts` of these names (all where there is none) whose labels are each like
    one of the patterns (`*` stands for any text). It takes effect when everything in `when`
    holds and nothing in `unless` does. To raise, an unknown fact in `unless` is no obstacle; to
    lower, every fact must be known. `firm` lets nothing lower it again.
    """

    name: str
    because: str
    effect: Effect
    alerts: frozenset[str] = frozenset()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    firm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """How far live facts may lower a severity by themselves.

    `levels` is the most that all rules together take off, 0 never; `lowest` is where they end;
    `when` must hold whatever a rule says.
    """

    levels: int = 1
    lowest: Severity = Severity.P3
    when: tuple[Condition, ...] = (at_most("approvals_pending", 0),)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRules:
    """How often people are reminded of what is left to be done, from its due time on.

    `remind_every` is for changes that were left on purpose, `review_every` for what runbooks leave
    to do.
    """

    remind_every: timedelta = timedelta(days=1)
    review_every: timedelta = timedelta(days=7)

    def every(self, *, left: bool) -> timedelta:
        """Return the time between two reminders; `left` is a change that was left on purpose."""
        return self.remind_every if left else self.review_every


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """When an API server counts as degraded, so that nothing is written to it; in real time.

    Of at least `fewest` of our own requests of the last `window`, a share of `failing` went wrong
    or took longer than `slow`. Kubernetes promises answers about single objects within 1 s at the
    99th percentile, and reads of a namespace within 5 s. Source: sig-scalability, API call latency
    SLO.
    """

    window: timedelta = timedelta(minutes=1)
    fewest: int = 10
    failing: float = 0.3
    slow: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The desk's policy.

    `hold` is how long all alerts must have ended before an incident resolves by itself,
    `approval_expiry` how long a question to people stands, `archive_after` how long the channel
    stays after it resolved, `changes_per_hour` the budget of one target, `ownership` says whose
    incidents are whose, `gathering` how alerts become incidents, `guardrails` what every change
    must keep to, `irreversible_needs` how many people must approve what cannot be undone, at the
    least. `acting` names the runbooks that act once people have approved, `*` all of them; any
    other is in shadow, and everything is where `shadow` says so; `shadow_watch` is how long it is
    watched what people do instead. `degraded` says when a control plane is not written to.
    """

    demands: Mapping[Severity, Demand]
    catalogue: Mapping[str, Judged]
    live: tuple[LiveRule, ...]
    by_label: Mapping[str, Severity]
    never_open: frozenset[str]
    lowering: Lowering = Lowering()
    approvers: tuple[str, ...] = ()
    approvals_needed: int = 1
    irreversible_needs: int = 1
    requester_may_approve: bool = True
    hold: timedelta = timedelta(minutes=10)
    approval_expiry: timedelta = timedelta(minutes=10)
    archive_after: timedelta = timedelta(minutes=5)
    changes_per_hour: int = 4
    acting: frozenset[str] = frozenset()
    shadow: bool = False
    shadow_watch: timedelta = timedelta(minutes=60)
    digest: str = ""
    ownership: OwnershipMap = field(default_factory=OwnershipMap)
    gathering: Gathering = field(default_factory=Gathering)
    guardrails: Guardrails = field(default_factory=Guardrails)
    follow_ups: FollowUpRules = field(default_factory=FollowUpRules)
    degraded: Degraded = field(default_factory=Degraded)

    def needed(self, *, reversible: bool, people: int = 1) -> int:
        """Return how many must approve a change whose plan asks for so many `people`."""
        return max(self.approvals_needed, people, 1 if reversible else self.irreversible_needs)

    def acts(self, runbook: str) -> bool:
        """Return whether runs of the runbook act; by default none does."""
        return not self.shadow and not self.acting.isdisjoint({runbook, EVERY})
