"""The loop of sight: what could not be seen when an incident opened is asked for again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.app.facts import Asked, FactsSource
from bot.app.intake_sight import own, worth_saying
from bot.app.loops.pause import Pause
from incidents.aggregates import incident_stream
from incidents.alert import Alert
from incidents.commands.incident import AskTarget, NoteFacts
from incidents.correlation import Place
from incidents.desk import Desk
from incidents.errors import Conflict, Rejected
from incidents.events.incident import AlertFired
from incidents.facts import Facts, Unknown
from incidents.facts_seen import seen
from incidents.incident import Incident, Status
from incidents.journal import Aggregate
from incidents.severity import Verdict, judge, needed

log = structlog.get_logger()

EVERY: Final = timedelta(seconds=5)
SOON: Final = timedelta(seconds=5)
LATEST: Final = timedelta(minutes=1)
"""After each look that saw nothing more it takes twice as long until the next, up to this."""
SELDOM: Final = timedelta(minutes=5)
"""How often what is not there at all is looked for."""
AT_ONCE: Final = 8
"""So many incidents are looked at in one turn, and so many kinds of alerts of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wait:
    """When an incident is looked at again, and how long it took until then.

    `chosen` is what a person had chosen at the last look: for another workload it is looked at once
    more. `version` is the incident's up to which nobody has chosen another.
    """

    at: datetime
    pause: timedelta
    version: int
    chosen: str


class SightLoop:
    """Asks again for facts that were missing, and raises incidents by them; it lowers none."""

    name = "sight"

    def __init__(self, *, desk: Desk, source: FactsSource, pause: Pause) -> None:
        self._desk, self._source, self._pause = desk, source, pause
        self._waits: dict[int, _Wait] = {}
        self._sees: dict[int, int] = {}
        self._next: datetime | None = None

    def once(self) -> bool:
        """Look again where it is time; return whether anything was seen."""
        now = self._desk.clock()
        if self._next is not None and now < self._next:
            return False
        self._next = now + EVERY
        due = self._due(now)
        looked = [self._tell(one, now) for one in due[:AT_ONCE]]
        return any(looked)

    def wait(self) -> None:
        """Wait for a turn of the clock."""
        self._pause.turn()

    def _due(self, now: datetime) -> Sequence[Incident]:
        """Return the incidents whose turn it is, the worst first."""
        rows = self._desk.journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True)
        versions = {row.incident: row.version for row in rows if row.incident is not None}
        self._waits = {number: one for number, one in self._waits.items() if number in versions}
        waiting = {
            number
            for number, one in list(self._waits.items())
            if one.at > now and not self._chosen_since(number, one, versions[number])
        }
        # Of what sees everything nothing is read again until something happens to it.
        awake = [
            number
            for number, version in versions.items()
            if number not in waiting and self._sees.get(number) != version
        ]
        found = [self._desk.incident(number) for number in awake]
        kept = {number: seen for number, seen in self._sees.items() if number in versions}
        self._sees = {**kept, **{one.number: one.version for one in found if not _blind(one)}}
        blind = [one for one in found if _blind(one)]
        return sorted(blind, key=lambda one: (one.severity.value, one.number))

    def _chosen_since(self, number: int, wait: _Wait, version: int) -> bool:
        """Return whether a person said which workload is meant since it was looked at."""
        if version == wait.version:
            return False
        incident = self._desk.incident(number)
        if incident.target_chosen != wait.chosen:
            return True
        # What else happened to it, our own look too, is not read a second time.
        self._waits[number] = replace(wait, version=incident.version)
        return False

    def _tell(self, incident: Incident, now: datetime) -> bool:
        wait = self._waits.get(incident.number)
        if wait is None:
            # It was asked for a moment ago, when the incident opened.
            self._waits[incident.number] = _wait(incident, now, SOON)
            return False
        alerts = [alert_of(one) for one in _firing(incident)]
        names = [needed(one, self._desk.policy) for one in alerts]
        chosen = incident.target_chosen
        asked = [Asked(place=_place(incident), names=one, chosen=chosen) for one in names]
        gathered = self._source.gather(asked, now, again=True)
        self._waits[incident.number] = _wait(incident, now, _pause(wait, gathered))
        self._ask(incident, gathered)
        # No approval counts: what does not lower because of one must not look like a raise.
        mine = own(is_open=True, pending=0)
        verdicts = [
            (one.name, judge(one, {**worth_saying(facts), **mine}, self._desk.policy))
            for one, facts in zip(alerts, gathered, strict=True)
        ]
        noted = [self._note(incident, name, verdict) for name, verdict in verdicts]
        return any(noted)

    def _ask(self, incident: Incident, gathered: Sequence[Facts]) -> None:
        """Ask people which workload is meant, where several fit; a runbook may never look."""
        found = (one.candidates for one in _unknown(gathered) if one.candidates)
        candidates = next(found, ())
        # Whoever has the parent has this one, too: its own question would be noise.
        if candidates and incident.under is None:
            self._told(incident, AskTarget(candidates=candidates))

    def _note(self, incident: Incident, name: str, verdict: Verdict) -> bool:
        command = NoteFacts(
            name=name,
            severity=verdict.severity,
            because=verdict.because,
            rule=verdict.rule,
            facts=seen(verdict),
        )
        return self._told(incident, command)

    def _told(self, incident: Incident, command: AskTarget | NoteFacts) -> bool:
        """Tell it; return whether anything followed."""
        try:
            return bool(self._desk.tell(incident_stream(incident.number), command).events)
        except (Conflict, Rejected) as error:
            log.info("looked at later", incident=incident.number, because=str(error))
            return False


def alert_of(fired: AlertFired) -> Alert:
    """Return the alert of which an event tells."""
    return Alert(
        name=fired.name,
        fingerprint=fired.fingerprint,
        labels=dict(fired.labels),
        annotations={},
        starts_at=fired.starts_at,
        ends_at=None,
        url=fired.url,
        source=fired.source,
    )


def _blind(incident: Incident) -> bool:
    missing = any(one.value is None for one in incident.seen)
    return missing and incident.status is not Status.RESOLVED


def _firing(incident: Incident) -> Sequence[AlertFired]:
    """Return what still fires: of each name the first, the worst name first."""
    still = [one.fired for one in incident.alerts.values() if one.ends_at is None]
    by_name = {one.name: one for one in reversed(still)}
    return sorted(by_name.values(), key=lambda one: (one.severity, one.name))[:AT_ONCE]


def _place(incident: Incident) -> Place:
    opened = incident.opened
    return Place(
        cluster=opened.cluster if opened else "",
        namespace=opened.namespace if opened else "",
        model=opened.model if opened else "",
        role=opened.role if opened else "",
        pool=opened.pool if opened else "",
    )


def _wait(incident: Incident, now: datetime, pause: timedelta) -> _Wait:
    return _Wait(
        at=now + pause, pause=pause, version=incident.version, chosen=incident.target_chosen
    )


def _pause(wait: _Wait, gathered: Sequence[Facts]) -> timedelta:
    """Return how long not to look again: what is not there at all is looked for seldom."""
    passing = [one for one in _unknown(gathered) if not one.lasting]
    return min(wait.pause * 2, LATEST) if passing else SELDOM


def _unknown(gathered: Sequence[Facts]) -> Iterator[Unknown]:
    for facts in gathered:
        yield from (one for one in facts.values() if isinstance(one, Unknown))
