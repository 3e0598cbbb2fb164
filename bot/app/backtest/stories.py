"""Stories: what became of alerts, as a journal tells it: of the past, or of a replay."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final  # the dispatch table holds functions of many event types

from incidents.aggregates import incident_number
from incidents.alert import occurrence
from incidents.desk import Entry
from incidents.events import incident as events
from incidents.events import kept as kept_events
from incidents.events.incident import AlertFired
from incidents.incident import DESK
from incidents.incident_rules import BY_PERSON
from incidents.policy import Severity
from incidents.severity import worse

OWN: Final = "delivery"
"""The rule of the desk's own alerts, about what it could not read: no policy judges these."""


BRIEF: Final = timedelta(seconds=5)
"""An incident that is hidden for less was not hidden for anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Why something was kept back or hidden; `under` is the incident that explains it."""

    because: str
    under: int | None


@dataclass(slots=True, kw_only=True)
class Story:
    """An incident as its events tell it.

    `alerts` says of each occurrence how often the incident had come back before it fired. The
    severity is what the rules say; `override` what a person said in its place. `ended_by` is the
    last person who ended it by hand.
    """

    number: int
    key: str
    opened_at: datetime
    title: str = ""
    severity: Severity = Severity.P3
    because: str = ""
    lead: AlertFired | None = None
    alerts: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    back: int = 0
    hidden: Back | None = None
    hidden_at: datetime | None = None
    override: str = ""
    ended_by: str = ""
    own: bool = True


class Stories:
    """Folds a journal's events, in the order of their positions."""

    def __init__(self) -> None:
        self.incidents: dict[int, Story] = {}
        self.back: dict[str, Back] = {}

    def hear(self, entry: Entry) -> None:
        """Take the next event; most kinds change nothing here."""
        event, recorded = entry.event, entry.recorded
        if isinstance(event, events.IncidentOpened):
            self.incidents[event.number] = Story(
                number=event.number, key=event.key, opened_at=recorded.at
            )
        elif type(event) in _KEPT:
            _KEPT[type(event)](self.back, event)
        elif type(event) in _TOLD:
            story = self.incidents.get(incident_number(recorded.stream))
            if story is not None:
                _TOLD[type(event)](story, event, recorded.at)


def stories(found: Iterable[Entry]) -> Stories:
    """Return what the events tell."""
    told = Stories()
    for entry in found:
        told.hear(entry)
    return told


def _fired(story: Story, event: AlertFired, __: datetime) -> None:
    name = occurrence(event.fingerprint, event.starts_at)
    story.alerts.setdefault(name, story.back)
    story.names.setdefault(name, event.name)
    story.own = story.own and event.rule == OWN
    if story.lead is None or _rank(event) < _rank(story.lead):
        story.lead, story.title = event, event.title
        severity = Severity[event.severity]
        if story.because == "" or not worse(story.severity, severity):
            story.severity, story.because = severity, f"{event.name}: {event.because}"


def _rank(fired: AlertFired) -> tuple[str, datetime, str, str]:
    return (fired.severity, fired.starts_at, fired.name, fired.fingerprint)


def _changed(story: Story, event: events.SeverityChanged, __: datetime) -> None:
    if event.rule == BY_PERSON:
        story.override = f"{event.by} said {event.now}: {event.because}"
    elif worse(Severity[event.now], story.severity):
        story.severity, story.because = Severity[event.now], event.because


def _back(story: Story, _: events.Reopened, __: datetime) -> None:
    story.back += 1


def _hidden(story: Story, event: events.Hidden, at: datetime) -> None:
    if story.hidden is None:
        story.hidden, story.hidden_at = Back(because=event.because, under=event.under), at


def _forward(story: Story, _: events.CameForward, at: datetime) -> None:
    # Whether it was hidden for a moment depends on when the clock's loop turned.
    if story.hidden_at is not None and at - story.hidden_at < BRIEF:
        story.hidden = None
    story.hidden_at = None


def _resolved(story: Story, event: events.IncidentResolved, __: datetime) -> None:
    if event.by != DESK:
        story.ended_by = event.by


def _kept(back: dict[str, Back], event: kept_events.AlertKept) -> None:
    name = occurrence(event.fired.fingerprint, event.fired.starts_at)
    back[name] = Back(because=event.because, under=event.under)


def _otherwise(back: dict[str, Back], event: kept_events.KeptOtherwise) -> None:
    name = occurrence(event.fingerprint, event.starts_at)
    back[name] = Back(because=event.because, under=event.under)


_TOLD: Mapping[type, Callable[[Story, Any, datetime], None]] = {  # each takes its own event
    AlertFired: _fired,
    events.SeverityChanged: _changed,
    events.Reopened: _back,
    events.Hidden: _hidden,
    events.CameForward: _forward,
    events.IncidentResolved: _resolved,
}
_KEPT: Mapping[type, Callable[[dict[str, Back], Any], None]] = {  # each takes its own event
    kept_events.AlertKept: _kept,
    kept_events.KeptOtherwise: _otherwise,
}
KINDS: Final = frozenset(one.__name__ for one in (events.IncidentOpened, *_TOLD, *_KEPT))
"""The kinds of events that tell something here."""
