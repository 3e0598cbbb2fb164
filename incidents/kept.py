"""The alerts of one key that are kept back: their state, and what may follow from a command."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any  # the dispatch tables hold functions of many types

from incidents.alert import occurrence
from incidents.commands import kept as commands
from incidents.commands.incident import Judgement
from incidents.commands.kept import KeptCommand, ToKeep, Why
from incidents.correlation import Place
from incidents.decision import Decision
from incidents.errors import Conflict
from incidents.events import kept as events
from incidents.events.incident import AlertFired
from incidents.events.kept import KeptEvent
from incidents.incident_rules import OCCURRENCE, fired
from incidents.journal import HoldAbsent, Release, Take
from incidents.keeping import THRESHOLD, Rules
from incidents.policy import Severity

OVER = 500
"""So many ends of one key are remembered: reports overtake each other by minutes, not by days."""

LATELY = 100
"""So many that have ended are remembered with what they said: no threshold is so high."""

KEPT = "kept"
"""The kind of the hold on an occurrence that is kept back."""

Answer = Decision[KeptEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAlert:
    """An occurrence that is kept back, since `kept_at`; it fires unless it has `ended`.

    `over_at` is when its end was heard of.
    """

    fired: AlertFired
    mode: str
    why: Why
    kept_at: datetime
    ended: datetime | None = None
    over_at: datetime | None = None

    @property
    def occurrence(self) -> str:
        """Return the key of the occurrence."""
        return occurrence(self.fired.fingerprint, self.fired.starts_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept back under one key; `began` is None before its first event.

    `over` are the last of those that ended, of `ended` in all, so that a late report that they fire
    brings none back; `lately` are the last of them with what they said, where they were kept back
    before they ended. `released` counts those that an incident is about now.
    """

    id: str
    version: int = 0
    began: events.KeepingBegan | None = None
    alerts: Mapping[str, KeptAlert] = field(default_factory=dict)
    over: tuple[str, ...] = ()
    ended: int = 0
    lately: Mapping[str, KeptAlert] = field(default_factory=dict)
    released: int = 0
    opened_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def key(self) -> str:
        """Return the key that the alerts share."""
        return self.began.key if self.began else ""

    @property
    def place(self) -> Place:
        """Return the place of the alerts."""
        began = self.began
        if began is None:
            return Place(cluster="", namespace="", model="", role="")
        return Place(
            cluster=began.cluster,
            namespace=began.namespace,
            model=began.model,
            role=began.role,
            pool=began.pool,
        )


def kept_stream(key: str) -> str:
    """Return the name of the stream in which the alerts of a key are kept."""
    return f"kept-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def due(state: Kept) -> datetime | None:
    """Return when it is to be looked at: at once, since what keeps them back may end any time."""
    return state.updated_at if state.alerts else None


def recent(state: Kept, rules: Rules, now: datetime) -> tuple[KeptAlert, ...]:
    """Return those that have ended and still count: as long as an incident of theirs would stand.

    Below a threshold that is its time; below a parent it is the time for which one must be calm.
    """
    spans = {f"{THRESHOLD}{rule.name}": rule.within for rule in rules.gathering.thresholds}

    def counts(one: KeptAlert) -> bool:
        if one.why.under is not None and one.over_at is not None:
            return now - one.over_at < rules.hold
        return now - one.kept_at < spans.get(one.why.rule, timedelta())

    return tuple(one for one in state.lately.values() if counts(one))


def judged(alert: KeptAlert) -> Judgement:
    """Return the alert as it was judged, for the incident that takes it."""
    told = alert.fired
    return Judgement(
        fingerprint=told.fingerprint,
        starts_at=told.starts_at,
        ends_at=alert.ended,
        name=told.name,
        title=told.title,
        labels=told.labels,
        text=told.text,
        source=told.source,
        url=told.url,
        severity=Severity[told.severity],
        because=told.because,
        rule=told.rule,
        mode=alert.mode,
        runbook=told.runbook,
        runbook_because=told.runbook_because,
        facts=told.facts,
    )


def evolve(state: Kept, event: KeptEvent, at: datetime) -> Kept:
    """Return the state after the event; never raises for an event that was recorded."""
    grown = replace(
        state, version=state.version + 1, opened_at=state.opened_at or at, updated_at=at
    )
    if isinstance(event, events.AlertKept):
        return _kept(grown, event, at)
    return _EVOLVE[type(event)](grown, event)


def decide(state: Kept, command: KeptCommand, now: datetime) -> Answer:
    """Return what follows; raises Conflict when the stream is of another key."""
    return _DECIDE[type(command)](state, command, now)


def _keep(state: Kept, command: commands.KeepAlerts, now: datetime) -> Answer:
    if state.began is not None and state.began.key != command.key:
        message = f"{state.id} keeps {state.began.key}, not {command.key}"
        raise Conflict(message)
    told = list[KeptEvent]()
    after = state
    for one in command.alerts:
        for event in _one(after, one):
            told.append(event)
            after = evolve(after, event, now)
    if told and state.began is None:
        told.insert(0, _beginning(command))
    return _decision(told)


def _one(state: Kept, one: ToKeep) -> Iterator[KeptEvent]:
    alert = one.alert
    name = occurrence(alert.fingerprint, alert.starts_at)
    if name in state.over:
        return
    # What has ended already is kept first, where there is a reason: it may count.
    if name not in state.alerts and (alert.ends_at is None or one.why.rule):
        yield events.AlertKept(
            fired=fired(alert),
            mode=alert.mode,
            rule=one.why.rule,
            because=one.why.because,
            until=one.why.until,
            under=one.why.under,
        )
    if alert.ends_at is not None:
        yield events.KeptEnded(
            fingerprint=alert.fingerprint,
            starts_at=alert.starts_at,
            ends_at=alert.ends_at,
            name=alert.name,
        )


def _beginning(command: commands.KeepAlerts) -> events.KeepingBegan:
    place = command.place
    return events.KeepingBegan(
        key=command.key,
        cluster=place.cluster,
        namespace=place.namespace,
        model=place.model,
        role=place.role,
        pool=place.pool,
    )


def _otherwise(state: Kept, command: commands.KeepOtherwise, _: datetime) -> Answer:
    told = list[KeptEvent]()
    for name, why in command.whys:
        known = state.alerts.get(name)
        if known is not None and known.why != why:
            told.append(
                events.KeptOtherwise(
                    fingerprint=known.fired.fingerprint,
                    starts_at=known.fired.starts_at,
                    name=known.fired.name,
                    rule=why.rule,
                    because=why.because,
                    until=why.until,
                    under=why.under,
                )
            )
    return _decision(told)


def _release(state: Kept, command: commands.ReleaseAlerts, _: datetime) -> Answer:
    there = {**state.lately, **state.alerts}
    known = [there[name] for name in command.occurrences if name in there]
    return _decision(
        [
            events.KeptReleased(
                fingerprint=one.fired.fingerprint,
                starts_at=one.fired.starts_at,
                name=one.fired.name,
                incident=command.incident,
            )
            for one in known
        ]
    )


def _decision(told: list[KeptEvent]) -> Answer:
    """Return the decision with the holds: an occurrence is in one list at most."""
    take, release, require = list[Take](), list[Release](), list[HoldAbsent]()
    for event in told:
        match event:
            case events.AlertKept():
                name = occurrence(event.fired.fingerprint, event.fired.starts_at)
                take.append(Take(kind=KEPT, key=name))
                require.append(HoldAbsent(kind=OCCURRENCE, key=name))
            case events.KeptEnded() | events.KeptReleased():
                name = occurrence(event.fingerprint, event.starts_at)
                # Kept and ended at once: releases come first, so that it would stay taken.
                take = [one for one in take if one.key != name]
                release.append(Release(kind=KEPT, key=name))
            case events.KeepingBegan() | events.KeptOtherwise():
                pass
    return Decision(
        events=tuple(told), take=tuple(take), release=tuple(release), require=tuple(require)
    )


def _kept(state: Kept, event: events.AlertKept, at: datetime) -> Kept:
    why = Why(rule=event.rule, because=event.because, until=event.until, under=event.under)
    alert = KeptAlert(fired=event.fired, mode=event.mode, why=why, kept_at=at)
    return replace(state, alerts={**state.alerts, alert.occurrence: alert})


def _reasoned(state: Kept, event: events.KeptOtherwise) -> Kept:
    name = occurrence(event.fingerprint, event.starts_at)
    why = Why(rule=event.rule, because=event.because, until=event.until, under=event.under)
    return replace(state, alerts={**state.alerts, name: replace(state.alerts[name], why=why)})


def _over(state: Kept, event: events.KeptEnded) -> Kept:
    name = occurrence(event.fingerprint, event.starts_at)
    over = (*state.over, name)[-OVER:]
    return replace(
        state,
        alerts=_without(state.alerts, event),
        over=over,
        ended=state.ended + 1,
        lately=_lately(state, event),
    )


def _lately(state: Kept, event: events.KeptEnded) -> Mapping[str, KeptAlert]:
    known = state.alerts.get(occurrence(event.fingerprint, event.starts_at))
    if known is None:
        return state.lately
    gone = replace(known, ended=event.ends_at, over_at=state.updated_at)
    found = {**state.lately, known.occurrence: gone}
    return dict(list(found.items())[-LATELY:])


def _released(state: Kept, event: events.KeptReleased) -> Kept:
    return replace(
        state,
        alerts=_without(state.alerts, event),
        lately=_without(state.lately, event),
        released=state.released + 1,
    )


def _without(
    alerts: Mapping[str, KeptAlert], event: events.KeptEnded | events.KeptReleased
) -> Mapping[str, KeptAlert]:
    gone = occurrence(event.fingerprint, event.starts_at)
    return {name: one for name, one in alerts.items() if name != gone}


_EVOLVE: Mapping[type, Callable[[Kept, Any], Kept]] = {  # each takes its own event
    events.KeepingBegan: lambda s, e: replace(s, began=e),
    events.KeptOtherwise: _reasoned,
    events.KeptEnded: _over,
    events.KeptReleased: _released,
}
_DECIDE: Mapping[type, Callable[[Kept, Any, datetime], Answer]] = {  # each takes its own command
    commands.KeepAlerts: _keep,
    commands.KeepOtherwise: _otherwise,
    commands.ReleaseAlerts: _release,
}
