"""Measures of an incident: how long each stage took, and what was done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.desk import Entry
from incidents.events.approval import ApprovalGiven, ApprovalRequested
from incidents.events.run import DoubtSettled, EffectVerified, StepFinished
from incidents.incident import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Spans from the first alert's start; None where the stage was not reached.

    `approval_wait` is the longest time from a question to its yes.
    """

    to_detect: timedelta | None
    to_acknowledge: timedelta | None
    to_mitigate: timedelta | None
    to_resolve: timedelta | None
    approval_wait: timedelta | None
    alerts: int
    changes: int
    verified: int


def measure(incident: Incident, history: Iterable[Entry]) -> Measures:
    """Return the measures; a stage that was not reached is None, never zero."""
    told = tuple(history)
    start = min((one.fired.starts_at for one in incident.alerts.values()), default=None)
    return Measures(
        to_detect=_span(start, incident.opened_at),
        to_acknowledge=_span(start, incident.acknowledged_at),
        to_mitigate=_span(start, incident.mitigated_at),
        to_resolve=_span(start, incident.resolved_at),
        approval_wait=_longest_wait(told),
        alerts=len(incident.alerts),
        changes=sum(_applied(one) for one in told),
        verified=sum(_verified(one) for one in told),
    )


def _span(start: datetime | None, end: datetime | None) -> timedelta | None:
    return None if start is None or end is None else end - start


def _applied(entry: Entry) -> bool:
    event = entry.event
    return isinstance(event, StepFinished) or (isinstance(event, DoubtSettled) and event.applied)


def _verified(entry: Entry) -> bool:
    return isinstance(entry.event, EffectVerified) and entry.event.verdict == "verified"


def _longest_wait(history: tuple[Entry, ...]) -> timedelta | None:
    asked = dict[str, datetime]()
    waits = list[timedelta]()
    for entry in history:
        stream, at = entry.recorded.stream, entry.recorded.at
        if isinstance(entry.event, ApprovalRequested):
            asked[stream] = at
        if isinstance(entry.event, ApprovalGiven) and stream in asked:
            waits.append(at - asked[stream])
    return max(waits, default=None)
