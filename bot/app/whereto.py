"""Where alerts of a key go that no incident has: the open one, one that is reopened, a new one."""

from dataclasses import dataclass
from datetime import timedelta

from incidents.aggregates import incident_number, incident_stream
from incidents.desk import Desk
from incidents.incident import Incident, Status
from incidents.incident_rules import OPEN_INCIDENT, minutes
from incidents.journal import Aggregate

LOOKED_AT = 1000
"""So many of the newest incidents are looked at when a process begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where alerts go.

    `known` is whether the incident is there; `reopen` says why one that is over is open again,
    `follows` which one a new one follows.
    """

    stream: str
    number: int
    known: bool
    reopen: str = ""
    follows: int | None = None

    @property
    def open(self) -> bool:
        """Return whether an incident is open there already."""
        return self.known and not self.reopen


class Whereto:
    """Finds destinations; remembers the last incident of each key. Used by one thread at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._last: dict[str, int] = {}
        self._seen = 0

    def find(self, key: str) -> Destination:
        """Return where alerts of the key go now."""
        hold = self._desk.journal.hold(OPEN_INCIDENT, key)
        if hold is not None:
            number = incident_number(hold.stream)
            return Destination(stream=hold.stream, number=number, known=True)
        self._catch_up()
        number = self._seen + 1
        new = Destination(stream=incident_stream(number), number=number, known=False)
        last = self._last.get(key)
        return new if last is None else self._after(self._desk.incident(last), new)

    def _after(self, last: Incident, new: Destination) -> Destination:
        if last.status is not Status.RESOLVED or last.resolved_at is None:
            return new
        gathering, over = self._desk.policy.gathering, self._desk.clock() - last.resolved_at
        # An archived channel cannot be written to, and what was no problem is not one again.
        if over < gathering.reopen and not last.archived and not last.false_positive:
            because = f"it came back {_span(over)} after its end"
            number = last.number
            return Destination(stream=last.id, number=number, known=True, reopen=because)
        follows = last.number if over < gathering.follow else None
        return Destination(stream=new.stream, number=new.number, known=False, follows=follows)

    def _catch_up(self) -> None:
        """Learn of the incidents that were opened since, by any process."""
        last = self._desk.journal.last_incident()
        if last == self._seen:
            return
        rows = self._desk.journal.summaries(
            aggregate=Aggregate.INCIDENT, limit=min(last - self._seen, LOOKED_AT)
        )
        for row in reversed(rows):
            if row.key is not None and row.incident is not None:
                self._last[row.key] = row.incident
        self._seen = last


def _span(over: timedelta) -> str:
    return minutes(over) if over >= timedelta(minutes=1) else f"{over.total_seconds():.0f} s"
