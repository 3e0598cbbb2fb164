"""What a journal remembers: its incidents, what was known when, and when deliveries took effect."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from bot.app.backtest.hindsight import Hindsight, Seen
from bot.app.backtest.stories import KINDS, OWN, Stories
from bot.app.intake_trouble import Trouble
from bot.app.loops.growth import followed
from incidents.aggregates import incident_number
from incidents.correlation import Place, Placing
from incidents.desk import Entry, entries
from incidents.events.incident import (
    AlertFired,
    ChannelArchived,
    IncidentOpened,
    LookedAgain,
)
from incidents.events.kept import AlertKept
from incidents.events.snooze import Snoozed, SnoozeEnded
from incidents.incident import DESK
from incidents.journal import Recorded
from incidents.ports import Journal

CAUSE: Final = "inbox-"
_BESIDE: Final = (LookedAgain, Snoozed, SnoozeEnded, ChannelArchived)
"""What tells nothing of a story, and matters here."""
_READ: Final = KINDS | {one.__name__ for one in _BESIDE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A second look at an incident: what was seen by which the alert `name` is judged."""

    incident: int
    name: str
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What happened beside deliveries, and can happen again: a second look, or a snooze."""

    at: datetime
    stream: str
    what: Look | Snoozed | SnoozeEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """That the desk told of a delivery which it could not read, or not handle."""

    at: datetime
    trouble: Trouble


class Remembered:
    """Reads a journal once, from its beginning.

    `consumed` says by inbox id when a delivery took effect, by the desk's own clock, of those from
    which anything followed by themselves; `told` when the desk told that it could not read one.
    """

    def __init__(self, journal: Journal, placing: Placing) -> None:
        self.stories = Stories()
        self.hindsight = Hindsight(placing)
        self.consumed: dict[int, datetime] = {}
        self.told: dict[int, Told] = {}
        self.acts: list[Act] = []
        self.archives = False
        self.last: datetime | None = None
        self._places: dict[str, Place] = {}
        for _, found in groupby(followed(journal), key=lambda one: one.append_id):
            self._append(list(found))

    def _append(self, recorded: Sequence[Recorded]) -> None:
        first = recorded[0]
        self.last = max(self.last or first.at, first.at)
        read = tuple(entries(one for one in recorded if one.kind in _READ))
        for entry in read:
            self._hear(entry)
            self.stories.hear(entry)
        if first.cause is not None and first.cause.startswith(CAUSE):
            self._deliver(int(first.cause.removeprefix(CAUSE)), first.at, read)

    def _deliver(self, inbox_id: int, at: datetime, read: Iterable[Entry]) -> None:
        trouble = next(filter(None, map(_trouble, read)), None)
        if trouble is not None:
            self.told.setdefault(inbox_id, Told(at=at, trouble=trouble))
        else:
            self.consumed.setdefault(inbox_id, at)

    def _hear(self, entry: Entry) -> None:
        recorded = entry.recorded
        match entry.event:
            case IncidentOpened() as event:
                self._places[recorded.stream] = Place(
                    cluster=event.cluster,
                    namespace=event.namespace,
                    model=event.model,
                    role=event.role,
                    pool=event.pool,
                )
            case AlertFired() as event:
                self.hindsight.fired(event, recorded.at)
            case AlertKept(fired=fired):
                self.hindsight.fired(fired, recorded.at)
            case LookedAgain() as event:
                self._looked(event, recorded)
            case ChannelArchived():
                self.archives = True
            case Snoozed() as event:
                self.acts.append(Act(at=recorded.at, stream=recorded.stream, what=event))
            case SnoozeEnded(by=by) as event if by != DESK:
                self.acts.append(Act(at=recorded.at, stream=recorded.stream, what=event))
            case _:
                pass

    def _looked(self, event: LookedAgain, recorded: Recorded) -> None:
        number = incident_number(recorded.stream)
        look = Look(incident=number, name=event.name, seen=event.facts)
        self.acts.append(Act(at=recorded.at, stream=recorded.stream, what=look))
        if recorded.stream in self._places:
            self.hindsight.seen(self._places[recorded.stream], event.facts, recorded.at)


def _trouble(entry: Entry) -> Trouble | None:
    """Return what the desk told of a delivery, where the event is its own alert."""
    event = entry.event
    fired = event.fired if isinstance(event, AlertKept) else event
    if not isinstance(fired, AlertFired) or fired.rule != OWN:
        return None
    reason = dict(fired.labels).get("reason", "")
    return Trouble(name=fired.name, reason=reason, detail="")
