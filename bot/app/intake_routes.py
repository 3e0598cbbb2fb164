"""Where alerts go: to the incident that has the occurrence, to the open one, or to a new one."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.app.intake_units import Candidate, Unit
from incidents.aggregates import incident_stream
from incidents.correlation import Place
from incidents.desk import Desk
from incidents.errors import Conflict
from incidents.incident_rules import OCCURRENCE, OPEN_INCIDENT

KNOWN = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where alerts of a unit go: a stream, what it is about, and what it knows already."""

    stream: str
    number: int
    key: str
    place: Place
    truncated: int
    candidates: tuple[Candidate, ...]


class Routes:
    """Finds routes; remembers where occurrences are, and is used by one thread at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._streams: dict[str, str] = {}

    def to(self, unit: Unit) -> Sequence[Route]:
        """Return where the unit's alerts go; what is new comes last."""
        grouped = dict[str | None, list[Candidate]]()
        for one in unit.candidates:
            grouped.setdefault(self.holder(one.alert.occurrence), []).append(one)
        new = tuple(grouped.pop(None, ()))
        if new:
            stream = self._open_stream(unit.key)
            new = (*grouped.pop(stream, ()), *new)
        routes = [self._known(stream, tuple(found)) for stream, found in grouped.items() if stream]
        if new:
            routes.append(self._known(stream, new) if stream else self._opening(unit, new))
        return routes

    def holder(self, occurrence: str) -> str | None:
        """Return the stream that has the occurrence."""
        known = self._streams.get(occurrence)
        if known is not None:
            return known
        hold = self._desk.journal.hold(OCCURRENCE, occurrence)
        if hold is None:
            return None
        self.remember(occurrence, hold.stream)
        return hold.stream

    def remember(self, occurrence: str, stream: str) -> None:
        """Note what an append has just shown: an occurrence never leaves its incident."""
        if len(self._streams) >= KNOWN:
            self._streams.clear()
        self._streams[occurrence] = stream

    def _open_stream(self, key: str) -> str | None:
        hold = self._desk.journal.hold(OPEN_INCIDENT, key)
        return hold.stream if hold else None

    def _known(self, stream: str, candidates: tuple[Candidate, ...]) -> Route:
        state = self._desk.incident(int(stream.partition("-")[2]))
        opened = state.opened
        if opened is None:
            message = f"{stream} holds alerts and has no beginning"
            raise Conflict(message)
        return Route(
            stream=stream,
            number=opened.number,
            key=opened.key,
            place=Place(
                cluster=opened.cluster,
                namespace=opened.namespace,
                model=opened.model,
                role=opened.role,
            ),
            truncated=state.truncated,
            candidates=candidates,
        )

    def _opening(self, unit: Unit, candidates: tuple[Candidate, ...]) -> Route:
        number = self._desk.journal.last_incident() + 1
        return Route(
            stream=incident_stream(number),
            number=number,
            key=unit.key,
            place=unit.place,
            truncated=0,
            candidates=candidates,
        )
