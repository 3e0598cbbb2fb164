"""What may follow from a command to an incident."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any  # the dispatch table holds functions of many command types

from incidents import looking, targeting
from incidents.alert import occurrence
from incidents.commands import incident as commands
from incidents.commands.incident import IncidentCommand, Judgement
from incidents.decision import Decision
from incidents.errors import Conflict, Rejected
from incidents.events import incident as events
from incidents.events.incident import IncidentEvent
from incidents.flapping import flaps
from incidents.incident import DESK, Incident, Status, evolve
from incidents.journal import Release, Take
from incidents.policy import Policy, Severity
from incidents.severity import worse

Answer = Decision[IncidentEvent]
OPEN_INCIDENT = "open_incident"
OCCURRENCE = "occurrence"
BY_PERSON = "person"
_HOUR = 60


def decide(incident: Incident, command: IncidentCommand, now: datetime, policy: Policy) -> Answer:
    """Return what follows; raises Rejected, with the reason, when the command does not fit."""
    if isinstance(command, commands.ReportAlerts):
        return _report(incident, command, now, policy)
    if isinstance(command, commands.Tick):
        return _tick(incident, command, now, policy)
    if incident.opened is None:
        message = f"there is no {incident.id}"
        raise Rejected(message)
    return _DECIDE[type(command)](incident, command)


def due(incident: Incident, policy: Policy) -> datetime | None:
    """Return when the incident next wants attention; an open one always does."""
    if incident.opened_at is None:
        return None
    if incident.status is Status.RESOLVED:
        return incident.resolved_at if incident.postmortem is None else None
    # One that is hidden is looked at all the time: its parent may end at any moment.
    return incident.calm_until or incident.hidden_at or _escalates_at(incident, policy)


def archives_at(incident: Incident, policy: Policy) -> datetime | None:
    """Return when the channel may be archived; None while it must stay."""
    if incident.resolved_at is None or incident.postmortem is None:
        return None
    return incident.resolved_at + policy.archive_after


def _report(
    incident: Incident, command: commands.ReportAlerts, now: datetime, policy: Policy
) -> Answer:
    if incident.opened is not None and incident.opened.key != command.key:
        # Two processes counted alike: without this, one problem would swallow the other.
        message = f"{incident.id} was opened for {incident.opened.key}, not for {command.key}"
        raise Conflict(message)
    told = _Told(incident, now)
    if incident.opened is None:
        told.tell(_opening(command))
    if command.reopen and incident.status is Status.RESOLVED:
        told.tell(events.Reopened(because=command.reopen))
    for judgement in command.alerts:
        was = told.state.severity
        told.tell(*_judge(told.state, judgement))
        if incident.opened is not None:
            told.tell(*_worse(was, told.state))
    told.tell(*_gathered(told.events, command))
    if command.truncated:
        told.tell(events.AlertsTruncated(count=command.truncated))
    told.tell(*_flapping(told, command, policy))
    told.tell(*_calm(told.state, command, now, policy))
    return Decision(events=tuple(told.events), take=_takes(told.events, command.key))


class _Told:
    """What has been told so far in one decision, and the state after it."""

    def __init__(self, state: Incident, now: datetime) -> None:
        self.state = state
        self.events: list[IncidentEvent] = []
        self._now = now

    def tell(self, *told: IncidentEvent) -> None:
        """Add events, and go on from the state after them."""
        for event in told:
            self.events.append(event)
            self.state = evolve(self.state, event, self._now)


def _opening(command: commands.ReportAlerts) -> events.IncidentOpened:
    mode = min((one.mode for one in command.alerts if one.mode), default="")
    return events.IncidentOpened(
        number=command.number,
        key=command.key,
        cluster=command.place.cluster,
        namespace=command.place.namespace,
        model=command.place.model,
        role=command.place.role,
        mode=mode,
        pool=command.place.pool,
        because=command.place_because,
        follows=command.follows,
    )


def _gathered(
    told: Sequence[IncidentEvent], command: commands.ReportAlerts
) -> tuple[IncidentEvent, ...]:
    """Return why alerts come only now; where none of them is new, nothing came."""
    if not any(isinstance(one, events.AlertFired) for one in told):
        return ()
    return tuple(events.Gathered(rule=rule, because=why) for rule, why in command.gathered)


def _flapping(
    told: "_Told", command: commands.ReportAlerts, policy: Policy
) -> tuple[IncidentEvent, ...]:
    state = told.state
    if state.flapping or not any(isinstance(one, events.AlertFired) for one in told.events):
        return ()
    rule = policy.gathering.flapping
    # Of a storm of ten thousand pods nearly none fired often: only then all are looked at.
    often = {
        one.fingerprint
        for one in command.alerts
        if state.times.get(one.fingerprint, 0) > rule.times
    }
    found = flaps(state.alerts.values(), often, rule) if often else None
    return (events.FlappingBegan(name=found[0], because=found[1]),) if found else ()


def _judge(state: Incident, one: Judgement) -> tuple[IncidentEvent, ...]:
    known = state.alerts.get(occurrence(one.fingerprint, one.starts_at))
    ended = _ended(one, seen_firing=one.seen_firing or known is not None)
    if known is not None:
        # A repeated report changes nothing, a late "firing" does not undo an end, and the latest
        # of several ends wins, as in Alertmanager.
        news = one.ends_at is not None and (known.ends_at is None or known.ends_at < one.ends_at)
        return ended if news else ()
    if state.status is Status.RESOLVED:
        message = f"{state.id} was resolved before {one.name} fired"
        raise Conflict(message)
    return (fired(one), *_stirred(state, one), *ended)


def fired(one: Judgement) -> events.AlertFired:
    """Return the event of a judged alert's occurrence."""
    return events.AlertFired(
        fingerprint=one.fingerprint,
        starts_at=one.starts_at,
        name=one.name,
        title=one.title,
        severity=one.severity.value,
        because=one.because,
        rule=one.rule,
        runbook=one.runbook,
        runbook_because=one.runbook_because,
        labels=one.labels,
        text=one.text,
        source=one.source,
        url=one.url,
        facts=one.facts,
    )


def _ended(one: Judgement, *, seen_firing: bool) -> tuple[IncidentEvent, ...]:
    if one.ends_at is None:
        return ()
    ended = events.AlertResolved(
        fingerprint=one.fingerprint,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        name=one.name,
        seen_firing=seen_firing,
    )
    return (ended,)


def _stirred(state: Incident, one: Judgement) -> tuple[IncidentEvent, ...]:
    """Return what a new occurrence undoes: the calm, and the mitigation.

    It does so even when it has ended by now: reports may come in any order.
    """
    told: tuple[IncidentEvent, ...] = ()
    if state.calm_until is not None:
        told += (events.CalmBroken(),)
    if state.status is Status.MITIGATED:
        told += (events.Relapsed(because=f"{one.name} fired again"),)
    return told


def _worse(was: Severity, state: Incident) -> tuple[IncidentEvent, ...]:
    """Return the change of severity that an alert brings which joins an open incident."""
    if not worse(state.severity, was):
        return ()
    changed = events.SeverityChanged(
        was=was.value,
        now=state.severity.value,
        because=state.severity_because,
        rule=state.severity_rule,
        by=DESK,
    )
    return (changed,)


def _calm(
    state: Incident, command: commands.ReportAlerts, now: datetime, policy: Policy
) -> tuple[IncidentEvent, ...]:
    if state.status is Status.RESOLVED or state.firing or state.calm_until is not None:
        return ()
    quiet = policy.gathering.flapping.quiet if state.flapping else command.hold
    return (events.CalmBegan(until=now + max(quiet, command.hold)),)


def _takes(told: Sequence[IncidentEvent], key: str) -> tuple[Take, ...]:
    takes = list[Take]()
    for event in told:
        if isinstance(event, events.IncidentOpened):
            takes.append(Take(kind=OPEN_INCIDENT, key=event.key))
        if isinstance(event, events.Reopened):
            takes.append(Take(kind=OPEN_INCIDENT, key=key))
        if isinstance(event, events.AlertFired):
            name = occurrence(event.fingerprint, event.starts_at)
            takes.append(Take(kind=OCCURRENCE, key=name))
    return tuple(takes)


def _tick(incident: Incident, command: commands.Tick, now: datetime, policy: Policy) -> Answer:
    if incident.opened_at is None or incident.status is Status.RESOLVED:
        return Decision()
    if incident.calm_until is not None and now < incident.calm_until:
        return Decision()
    busy = command.busy or _unnamed(incident)
    if incident.calm_until is not None and busy is None:
        quiet = policy.gathering.flapping.quiet if incident.flapping else policy.hold
        because = f"every alert has ended and nothing fired for {minutes(quiet)}"
        return _over(incident, by=DESK, because=because, false_positive=False)
    # Whoever has the parent has this one, too.
    if incident.under is not None or now < _escalates_at(incident, policy):
        return Decision()
    # What keeps it from resolving may wait for a person for ever: somebody must be told.
    because = _late(incident, policy) + (f"; {busy}" if busy else "")
    return _one(events.Escalated(because=because, run=None, criterion=None))


def _unnamed(incident: Incident) -> str | None:
    """Return that alerts were left out whose ends nobody will tell."""
    if not incident.truncated:
        return None
    return f"{incident.truncated} alerts were left out: nobody can tell whether they ended"


def _over(incident: Incident, *, by: str, because: str, false_positive: bool) -> Answer:
    key = incident.opened.key if incident.opened else ""
    resolved = events.IncidentResolved(by=by, because=because, false_positive=false_positive)
    return Decision(events=(resolved,), release=(Release(kind=OPEN_INCIDENT, key=key),))


def _escalates_at(incident: Incident, policy: Policy) -> datetime:
    demand = policy.demands[incident.severity]
    since = [moment for moment in (incident.acknowledged_at, incident.escalated_at) if moment]
    if since:
        return max(since) + demand.escalate_after
    began = [moment for moment in (incident.opened_at, incident.reopened_at) if moment]
    return max(began) + demand.respond_within


def _late(incident: Incident, policy: Policy) -> str:
    demand = policy.demands[incident.severity]
    if incident.acknowledged_by is None:
        return f"nobody has acknowledged it within {minutes(demand.respond_within)}"
    return f"it is {incident.status.value}, not resolved, after {minutes(demand.escalate_after)}"


def minutes(span: timedelta) -> str:
    """Return a span in words: minutes, or hours where they are whole."""
    whole = round(span.total_seconds() / 60)
    if whole >= _HOUR and whole % _HOUR == 0:
        return f"{whole // _HOUR} h"
    return f"{whole} min"


def _hide_child(incident: Incident, command: commands.HideChild) -> Answer:
    if incident.status is Status.RESOLVED or command.key in incident.children:
        return Decision()
    return _one(events.ChildHidden(key=command.key, rule=command.rule, because=command.because))


def _hide(incident: Incident, command: commands.Hide) -> Answer:
    if incident.status is Status.RESOLVED or incident.under is not None or incident.forward:
        return Decision()
    return _one(events.Hidden(under=command.under, rule=command.rule, because=command.because))


def _come_forward(incident: Incident, command: commands.ComeForward) -> Answer:
    if incident.under is None:
        if command.by == DESK:
            return Decision()
        message = f"{incident.label} is not hidden"
        raise Rejected(message)
    return _one(events.CameForward(by=command.by, because=command.because))


def _acknowledge(incident: Incident, command: commands.Acknowledge) -> Answer:
    _must_be_open(incident)
    if incident.acknowledged_by == command.by:
        return Decision()
    if incident.acknowledged_by is not None:
        message = f"{incident.acknowledged_by} has {incident.label} already"
        raise Rejected(message)
    return _one(events.Acknowledged(by=command.by, via=command.via))


def _set_severity(incident: Incident, command: commands.SetSeverity) -> Answer:
    _must_be_open(incident)
    changed = events.SeverityChanged(
        was=incident.severity.value,
        now=command.severity.value,
        because=command.because,
        rule=BY_PERSON,
        by=command.by,
    )
    return _one(changed)


def _mitigate(incident: Incident, command: commands.Mitigate) -> Answer:
    if incident.status is not Status.INVESTIGATING:
        return Decision()
    mitigated = events.Mitigated(
        by=command.by, because=command.because, run=command.run, step=command.step
    )
    return _one(mitigated)


def _relapse(incident: Incident, command: commands.Relapse) -> Answer:
    if incident.status is not Status.MITIGATED:
        return Decision()
    return _one(events.Relapsed(because=command.because))


def _resolve(incident: Incident, command: commands.Resolve) -> Answer:
    _must_be_open(incident)
    return _over(
        incident,
        by=command.by,
        because=command.because,
        false_positive=command.false_positive,
    )


def _escalate(incident: Incident, command: commands.Escalate) -> Answer:
    known = f"{command.run}/{command.criterion}" in incident.criteria
    if incident.status is Status.RESOLVED or known:
        return Decision()
    escalated = events.Escalated(
        because=command.because, run=command.run, criterion=command.criterion
    )
    return _one(escalated)


def _run(incident: Incident, command: commands.NoteRun) -> Answer:
    going = command.run in incident.runs and incident.runs[command.run] is None
    if command.outcome is not None:
        ended = events.RunEnded(run=command.run, outcome=command.outcome)
        return Decision(events=(ended,) if going else ())
    began = events.RunBegan(run=command.run, runbook=command.runbook, because=command.because)
    return Decision(events=() if going else (began,))


def _channel(incident: Incident, command: commands.NoteChannel) -> Answer:
    if command.archived:
        archived = events.ChannelArchived(channel=command.channel)
        return Decision(events=() if incident.archived else (archived,))
    if incident.channel == command.channel:
        return Decision()
    opened = events.ChannelOpened(
        platform=command.platform, channel=command.channel, name=command.name
    )
    return _one(opened)


def _postmortem(incident: Incident, command: commands.NotePostmortem) -> Answer:
    if incident.status is not Status.RESOLVED:
        message = f"{incident.label} is still {incident.status.value}"
        raise Rejected(message)
    if incident.postmortem == command.name:
        return Decision()
    return _one(events.PostmortemWritten(name=command.name, digest=command.digest))


def _one(event: IncidentEvent) -> Answer:
    return Decision(events=(event,))


def _must_be_open(incident: Incident) -> None:
    if incident.status is Status.RESOLVED:
        message = f"{incident.label} was resolved by {incident.resolved_by}"
        raise Rejected(message)


_DECIDE: Mapping[type, Callable[[Incident, Any], Answer]] = {  # each takes its own command
    commands.HideChild: _hide_child,
    commands.Hide: _hide,
    commands.ComeForward: _come_forward,
    commands.Acknowledge: _acknowledge,
    commands.SetSeverity: _set_severity,
    commands.NoteFacts: looking.note,
    commands.AskTarget: targeting.ask,
    commands.ChooseTarget: targeting.choose,
    commands.Mitigate: _mitigate,
    commands.Relapse: _relapse,
    commands.Resolve: _resolve,
    commands.Escalate: _escalate,
    commands.NoteRun: _run,
    commands.NoteChannel: _channel,
    commands.NotePostmortem: _postmortem,
}
