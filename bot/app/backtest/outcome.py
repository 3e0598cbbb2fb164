"""Outcome: the incidents, channels and pages that there would have been, counted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.app.backtest.occurrences import Occurrence, noisiest
from bot.chat.wanted import channel_name
from incidents.aggregates import incident_stream
from incidents.desk import Desk, entries
from incidents.events.incident import Escalated, IncidentOpened, Reopened, SeverityChanged
from incidents.incident import Incident
from incidents.journal import Aggregate
from incidents.kept import Kept
from incidents.policy import Policy, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """People that would have been called, by the names of their roles."""

    at: datetime
    incident: int
    severity: Severity
    roles: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """An incident that there would have been; `reminders` count those that nobody's answer stops.

    `channel` is its own, `announced_in` where the policy has it announced.
    """

    number: int
    key: str
    title: str
    severity: Severity
    because: str
    rule: str
    opened_at: datetime
    resolved_at: datetime | None
    alerts: tuple[str, ...]
    occurrences: int
    reopened: int
    follows: int | None
    hidden_under: int | None
    channel: str
    announced_in: str
    reminders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week by the ISO calendar, as in `2026-W09`."""

    name: str
    incidents: Mapping[Severity, int]
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noisy:
    """An alert, how often it fired, and how many incidents it was part of."""

    name: str
    occurrences: int
    incidents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What there would have been; `kept` counts occurrences that never reached an incident."""

    incidents: tuple[Foreseen, ...]
    pages: tuple[Page, ...]
    weeks: tuple[Week, ...]
    noisy: tuple[Noisy, ...]
    kept: int


def outcome(desk: Desk, occurrences: Sequence[Occurrence]) -> Outcome:
    """Return what the desk's journal tells of the time that was replayed."""
    rows = desk.journal.summaries(aggregate=Aggregate.INCIDENT)
    numbers = sorted(row.incident for row in rows if row.incident is not None)
    incidents = tuple(_foreseen(desk, desk.incident(number)) for number in numbers)
    pages = tuple(page for number in numbers for page in _pages(desk, number))
    return Outcome(
        incidents=incidents,
        pages=tuple(sorted(pages, key=lambda one: (one.at, one.incident))),
        weeks=tuple(_weeks(incidents, pages)),
        noisy=tuple(_noisy(incidents, occurrences)),
        kept=sum(_kept(desk)),
    )


def _foreseen(desk: Desk, incident: Incident) -> Foreseen:
    names = sorted({one.fired.name for one in incident.alerts.values()})
    opened = incident.opened
    return Foreseen(
        number=incident.number,
        key=opened.key if opened else "",
        title=incident.title,
        severity=incident.severity,
        because=incident.severity_because,
        rule=incident.severity_rule,
        opened_at=incident.opened_at or desk.clock(),
        resolved_at=incident.resolved_at,
        alerts=tuple(names),
        occurrences=len(incident.alerts),
        reopened=incident.reopenings,
        follows=opened.follows if opened else None,
        hidden_under=incident.under,
        channel=channel_name(incident),
        announced_in=desk.policy.demands[incident.severity].channel,
        reminders=incident.escalations,
    )


def _pages(desk: Desk, number: int) -> Iterator[Page]:
    """Yield a page for the beginning, for each rise, and for each time that it came back.

    Escalations are no pages here: whether somebody would have answered nobody can know.
    """
    severity: Severity | None = None
    state = desk.incident(number)
    for entry in entries(desk.journal.read(incident_stream(number))):
        match entry.event:
            case IncidentOpened():
                severity = _first(desk, number)
                yield _page(desk.policy, entry.recorded.at, state, severity, "it opened")
            case SeverityChanged(now=now):
                severity = Severity[now]
                because = f"it rose to {now}"
                yield _page(desk.policy, entry.recorded.at, state, severity, because)
            case Reopened(because=because):
                found = severity or state.severity
                yield _page(desk.policy, entry.recorded.at, state, found, because)
            case Escalated():
                pass
            case _:
                pass


def _first(desk: Desk, number: int) -> Severity:
    """Return how bad it was when it opened: the worst of what came with the beginning."""
    recorded = desk.journal.read(incident_stream(number))
    told = entries(one for one in recorded if one.append_id == recorded[0].append_id)
    found = [getattr(one.event, "severity", "") for one in told]
    return Severity[min((name for name in found if name), default=Severity.P3.value)]


def _page(
    policy: Policy, at: datetime, incident: Incident, severity: Severity, because: str
) -> Page:
    return Page(
        at=at,
        incident=incident.number,
        severity=severity,
        roles=policy.demands[severity].roles,
        because=because,
    )


def _weeks(incidents: Sequence[Foreseen], pages: Sequence[Page]) -> Iterator[Week]:
    named = {week(one.opened_at) for one in incidents} | {week(one.at) for one in pages}
    for name in sorted(named):
        mine = [one for one in incidents if week(one.opened_at) == name]
        yield Week(
            name=name,
            incidents=by_severity(mine),
            pages=sum(week(one.at) == name for one in pages),
        )


def by_severity(incidents: Iterable[Foreseen]) -> Mapping[Severity, int]:
    """Return how many there are of each severity, also of those of which there are none."""
    found = dict.fromkeys(Severity, 0)
    for one in incidents:
        found[one.severity] += 1
    return found


def week(moment: datetime) -> str:
    """Return the week of a moment by the ISO calendar."""
    year, number, _ = moment.isocalendar()
    return f"{year}-W{number:02}"


def _noisy(incidents: Sequence[Foreseen], occurrences: Sequence[Occurrence]) -> Iterator[Noisy]:
    for name, count in noisiest(occurrences).items():
        mine = sum(name in one.alerts for one in incidents)
        yield Noisy(name=name, occurrences=count, incidents=mine)


def _kept(desk: Desk) -> Iterator[int]:
    """Yield how many of each key were kept back until they ended, or still are."""
    for row in desk.journal.summaries(aggregate=Aggregate.KEPT):
        state: Kept = desk.kept(row.stream)
        yield state.ended + len(state.alerts)
