"""Which incidents' channels may still have to change, as the journal grows under any process."""

from bot.app.loops.growth import grown
from incidents.desk import Desk
from incidents.journal import Aggregate

PREFIX = f"{Aggregate.INCIDENT.value}-"


class Watched:
    """The incidents that are not archived; `awake` are those worth a look at every turn.

    The journal is followed and not remembered: what another process did while it had the lead
    is found too.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.seen: int | None = None
        """The position up to which the journal was followed; None before the first time."""
        self._all = set[int]()
        self._awake = set[int]()

    def everything(self) -> frozenset[int]:
        """Return all incidents that are watched."""
        return frozenset(self._all)

    def awake(self) -> tuple[int, ...]:
        """Return the incidents that have grown since they were let sleep, in order."""
        return tuple(sorted(self._awake))

    def catch_up(self) -> None:
        """Watch every incident that something has happened to since the last time."""
        if self.seen is None:
            self._begin()
            return
        streams, seen = grown(self._desk.journal, after=self.seen)
        for stream in streams:
            if stream.startswith(PREFIX):
                self._watch(int(stream.removeprefix(PREFIX)))
        self.seen = seen

    def sleep(self, number: int) -> None:
        """Look at the incident again only after its next event."""
        self._awake.discard(number)

    def forget(self, number: int) -> None:
        """Watch the incident no more, until something happens to it."""
        self._awake.discard(number)
        self._all.discard(number)

    def _begin(self) -> None:
        # Asked for first: what is appended meanwhile is found twice and not missed.
        position = self._desk.journal.head().position
        for row in self._desk.journal.summaries(aggregate=Aggregate.INCIDENT):
            if row.incident is not None and not self._desk.incident(row.incident).archived:
                self._watch(row.incident)
        self.seen = position

    def _watch(self, number: int) -> None:
        self._all.add(number)
        self._awake.add(number)
