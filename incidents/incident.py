"""An incident: its state, folded from its events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any  # the dispatch table holds functions of many event types

from incidents.alert import occurrence
from incidents.correlation import Place
from incidents.events import incident as events
from incidents.events.incident import AlertFired, FactSeen, IncidentEvent
from incidents.facts_seen import merged
from incidents.layers import Layers
from incidents.policy import Severity
from incidents.severity import worse

DESK = "triaged"
"""The name under which the desk itself acts."""

TRIAGE = "triage"
"""The runbook to which every alert falls that no other matches."""


class Status(Enum):
    """How far an incident has come."""

    INVESTIGATING = "investigating"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An occurrence of an alert within the incident; `ends_at` is None while it fires."""

    fired: AlertFired
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An incident as it stands; `opened` is None before its first event.

    `firing` is how many of the `alerts` still fire, `times` how often each alert did, by
    fingerprint; `lead` is the alert that speaks for it: the worst, then the earliest. `severities`
    are those between which it has moved, the first one first; with `override` a person set the last
    one; `calm_until` the moment at which it resolves by itself; `escalated_at` the last time that
    more people were asked for; `relapsed_at` the last relapse: what was verified before it no
    longer counts; `mitigated_by` the verified step (run, step) that the mitigation rests on, None
    where a person said so. `reopened_at` is the last time that it came back, `flapping` why it
    stays open for longer. `under` is the incident that hides this one since `hidden_at`; with
    `forward`, a person said that none may; `children` are the keys that it hides, with the reasons.
    `unchecked` is whether no run has begun since it came back. `seen` are the facts that its
    severity rests on, and those that could not be seen. `candidates` are the workloads that it
    may be about, where several fit, and `unnamed` how many more there are; `choice` is the one that
    a person chose, since `chosen_at`.
    """

    id: str
    version: int = 0
    opened: events.IncidentOpened | None = None
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    alerts: Layers[str, Occurrence] = field(default_factory=Layers)
    firing: int = 0
    times: Layers[str, int] = field(default_factory=Layers)
    lead: AlertFired | None = None
    truncated: int = 0
    status: Status = Status.INVESTIGATING
    severity: Severity = Severity.P3
    severity_because: str = ""
    severity_rule: str = ""
    severities: tuple[Severity, ...] = ()
    override: bool = False
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    mitigated_because: str = ""
    mitigated_by: tuple[str, str] | None = None
    relapsed_at: datetime | None = None
    calm_until: datetime | None = None
    reopened_at: datetime | None = None
    reopenings: int = 0
    unchecked: bool = False
    flapping: str = ""
    under: int | None = None
    hidden_at: datetime | None = None
    hidden_because: str = ""
    forward: bool = False
    children: Mapping[str, str] = field(default_factory=dict)
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolved_because: str = ""
    false_positive: bool = False
    seen: tuple[FactSeen, ...] = ()
    candidates: tuple[events.Workload, ...] = ()
    unnamed: int = 0
    choice: events.TargetChosen | None = None
    chosen_at: datetime | None = None
    escalated_at: datetime | None = None
    escalations: int = 0
    criteria: frozenset[str] = frozenset()
    channel: str | None = None
    channel_name: str | None = None
    archived: bool = False
    postmortem: str | None = None
    runs: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """Return the number that people say."""
        return self.opened.number if self.opened else 0

    @property
    def label(self) -> str:
        """Return the name that people write, as in INC-7."""
        return f"INC-{self.number}"

    @property
    def place(self) -> Place:
        """Return where it is; empty before it was opened."""
        opened = self.opened
        if opened is None:
            return Place(cluster="", namespace="", model="", role="")
        return Place(
            cluster=opened.cluster,
            namespace=opened.namespace,
            model=opened.model,
            role=opened.role,
            pool=opened.pool,
        )

    @property
    def key(self) -> str:
        """Return the key that its alerts share; empty before it was opened."""
        return self.opened.key if self.opened else ""

    @property
    def target_chosen(self) -> str:
        """Return the workload that a person chose, as in `Deployment decode`; empty for none."""
        return self.choice.chosen if self.choice else ""

    @property
    def guide(self) -> AlertFired | None:
        """Return the alert whose runbook runs: the first by rank that has one of its own."""
        fired = [o.fired for o in self.alerts.values()]
        return min(fired, key=lambda one: (one.runbook == TRIAGE, *_rank(one)), default=None)

    @property
    def title(self) -> str:
        """Return the title of the lead alert."""
        return self.lead.title if self.lead else self.id


def evolve(incident: Incident, event: IncidentEvent, at: datetime) -> Incident:
    """Return the incident after the event; never raises for an event that was recorded."""
    grown = replace(incident, version=incident.version + 1, updated_at=at)
    return _EVOLVE[type(event)](grown, event)


def _rank(fired: AlertFired) -> tuple[str, datetime, str, str]:
    return (fired.severity, fired.starts_at, fired.name, fired.fingerprint)


def _opened(state: Incident, event: events.IncidentOpened) -> Incident:
    return replace(state, opened=event, opened_at=state.updated_at)


def _fired(state: Incident, event: AlertFired) -> Incident:
    name = occurrence(event.fingerprint, event.starts_at)
    # Compared with the one that leads so far: a storm of thousands must not look at all of them.
    lead = event if state.lead is None else min(state.lead, event, key=_rank)
    known = state.alerts.get(name)
    grown = replace(
        state,
        alerts=state.alerts.put(name, Occurrence(fired=event)),
        firing=state.firing + (known is None or known.ends_at is not None),
        times=state.times.put(event.fingerprint, state.times.get(event.fingerprint, 0) + 1),
        lead=lead,
        seen=merged(state.seen, event.facts),
    )
    # By facts it may be worse than by any alert.
    if grown.override or worse(grown.severity, Severity[lead.severity]):
        return grown
    return replace(
        grown,
        severity=Severity[lead.severity],
        severity_because=lead.because,
        severity_rule=lead.rule,
    )


def _ended(state: Incident, event: events.AlertResolved) -> Incident:
    name = occurrence(event.fingerprint, event.starts_at)
    known = state.alerts[name]
    return replace(
        state,
        alerts=state.alerts.put(name, replace(known, ends_at=event.ends_at)),
        firing=state.firing - (known.ends_at is None),
    )


def _severity(state: Incident, event: events.SeverityChanged) -> Incident:
    moved = (Severity[event.was], Severity[event.now])
    return replace(
        state,
        severity=Severity[event.now],
        severity_because=event.because,
        severity_rule=event.rule,
        severities=tuple(dict.fromkeys((*state.severities, *moved))),
        override=state.override or event.rule == "person",
    )


def _acknowledged(state: Incident, event: events.Acknowledged) -> Incident:
    return replace(state, acknowledged_by=event.by, acknowledged_at=state.updated_at)


def _mitigated(state: Incident, event: events.Mitigated) -> Incident:
    return replace(
        state,
        status=Status.MITIGATED,
        mitigated_at=state.updated_at,
        mitigated_because=event.because,
        mitigated_by=(event.run, event.step) if event.run and event.step else None,
    )


def _relapsed(state: Incident, _: events.Relapsed) -> Incident:
    return replace(
        state,
        status=Status.INVESTIGATING,
        relapsed_at=state.updated_at,
        mitigated_at=None,
        mitigated_because="",
        mitigated_by=None,
    )


def _resolved(state: Incident, event: events.IncidentResolved) -> Incident:
    return replace(
        state,
        status=Status.RESOLVED,
        resolved_at=state.updated_at,
        resolved_by=event.by,
        resolved_because=event.because,
        false_positive=event.false_positive,
        calm_until=None,
        under=None,
        hidden_at=None,
        hidden_because="",
    )


def _reopened(state: Incident, _: events.Reopened) -> Incident:
    """Return it as it was before its end, with nobody at it: whoever had it may sleep by now."""
    return replace(
        state,
        status=Status.INVESTIGATING,
        reopened_at=state.updated_at,
        reopenings=state.reopenings + 1,
        unchecked=True,
        relapsed_at=state.updated_at,
        acknowledged_by=None,
        acknowledged_at=None,
        mitigated_at=None,
        mitigated_because="",
        mitigated_by=None,
        resolved_at=None,
        resolved_by=None,
        resolved_because="",
        false_positive=False,
        escalated_at=None,
        flapping="",
        postmortem=None,
    )


def _hidden(state: Incident, event: events.Hidden) -> Incident:
    return replace(
        state, under=event.under, hidden_at=state.updated_at, hidden_because=event.because
    )


def _forward(state: Incident, event: events.CameForward) -> Incident:
    return replace(
        state,
        under=None,
        hidden_at=None,
        hidden_because="",
        forward=state.forward or event.by != DESK,
    )


def _escalated(state: Incident, event: events.Escalated) -> Incident:
    named = {f"{event.run}/{event.criterion}"} if event.run else set[str]()
    return replace(
        state,
        escalated_at=state.updated_at,
        escalations=state.escalations + 1,
        criteria=state.criteria | named,
    )


_EVOLVE: Mapping[type, Callable[[Incident, Any], Incident]] = {  # each takes its own event
    events.IncidentOpened: _opened,
    events.AlertFired: _fired,
    events.AlertResolved: _ended,
    events.AlertsTruncated: lambda s, e: replace(s, truncated=s.truncated + e.count),
    events.Gathered: lambda s, _: s,
    events.Reopened: _reopened,
    events.FlappingBegan: lambda s, e: replace(s, flapping=e.because),
    events.ChildHidden: lambda s, e: replace(s, children={**s.children, e.key: e.because}),
    events.Hidden: _hidden,
    events.CameForward: _forward,
    events.SeverityChanged: _severity,
    events.LookedAgain: lambda s, e: replace(s, seen=merged(s.seen, e.facts)),
    events.TargetAsked: lambda s, e: replace(s, candidates=e.candidates, unnamed=e.more),
    events.TargetChosen: lambda s, e: replace(s, choice=e, chosen_at=s.updated_at),
    events.Acknowledged: _acknowledged,
    events.Mitigated: _mitigated,
    events.Relapsed: _relapsed,
    events.CalmBegan: lambda s, e: replace(s, calm_until=e.until),
    events.CalmBroken: lambda s, _: replace(s, calm_until=None),
    events.IncidentResolved: _resolved,
    events.Escalated: _escalated,
    events.ChannelOpened: lambda s, e: replace(s, channel=e.channel, channel_name=e.name),
    events.ChannelArchived: lambda s, _: replace(s, archived=True),
    events.PostmortemWritten: lambda s, e: replace(s, postmortem=e.name),
    events.RunBegan: lambda s, e: replace(s, runs={**s.runs, e.run: None}, unchecked=False),
    events.RunEnded: lambda s, e: replace(s, runs={**s.runs, e.run: e.outcome}),
}
