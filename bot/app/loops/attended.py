"""Which open incidents are worth a look now, so that a turn costs what has changed."""

from datetime import datetime, timedelta

from bot.app.loops.growth import grown
from incidents.desk import Desk
from incidents.journal import Aggregate

AGAIN = timedelta(seconds=30)
"""How long anything may rest: as often as a run's escalation criteria are looked at, and soon
enough for whatever no event and no moment tells of."""

DESK = Aggregate.DESK.value


class Attended:
    """The incidents that may have something open; `awake` are those whose turn it is.

    The journal is followed and not remembered: what another process did while it had the lead
    is found too. Used by one thread at a time.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._woken = set[int]()
        self._again: dict[int, datetime] = {}
        self.seen: int | None = None
        """The position up to which the journal was followed; None before the first time."""

    def catch_up(self) -> None:
        """Wake every incident that something has happened to since the last time."""
        if self.seen is None:
            self._begin()
            return
        streams, seen = grown(self._desk.journal, after=self.seen)
        for stream in streams:
            self._wake(stream)
        self.seen = seen

    def awake(self, now: datetime) -> frozenset[int]:
        """Return the incidents that have grown, and those whose moment has come."""
        due = {number for number, again in self._again.items() if again <= now}
        return frozenset(self._woken | due)

    def rest(self, number: int, *, now: datetime, until: datetime) -> None:
        """Look at the incident again at that moment, or after AGAIN, or when something happens.

        A moment that was set before stands: what happens often must not put it off for ever.
        """
        self._woken.discard(number)
        before = self._again.get(number, now)
        moments = (until, now + AGAIN, *((before,) if before > now else ()))
        self._again[number] = min(moments)

    def forget(self, number: int) -> None:
        """Look at the incident no more, until something happens to it."""
        self._woken.discard(number)
        self._again.pop(number, None)

    def _begin(self) -> None:
        # Asked for first: what is appended meanwhile is found twice and not missed.
        position = self._desk.journal.head().position
        for aggregate in (Aggregate.INCIDENT, Aggregate.RUN, Aggregate.APPROVAL):
            rows = self._desk.journal.summaries(aggregate=aggregate, open_only=True)
            self._woken.update(row.incident for row in rows if row.incident is not None)
        self.seen = position

    def _wake(self, stream: str) -> None:
        if stream == DESK:
            # What is frozen, or is not any more, concerns every run.
            self._woken.update(self._again)
            return
        row = self._desk.journal.summary(stream)
        if row is not None and row.incident is not None:
            self._woken.add(row.incident)
