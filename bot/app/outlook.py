"""What keeps alerts back at this moment: the policy, the snoozes, what explains others."""

from collections.abc import Iterable

from bot.app.loops.growth import grown
from incidents.desk import Desk
from incidents.events.snooze import Snoozed
from incidents.gathering import Gathering
from incidents.hiding import parents
from incidents.journal import Aggregate, Summary
from incidents.keeping import Parent, Rules


class Outlook:
    """Reads what keeps alerts back; used by one thread at a time.

    Of the open incidents only those are read again in which something has happened.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open = set[int]()
        self._parents: dict[int, tuple[Parent, ...]] = {}
        self._seen: int | None = None
        self._by: Gathering | None = None

    def rules(self) -> Rules:
        """Return what stands now."""
        policy = self._desk.policy
        return Rules(
            gathering=policy.gathering,
            snoozes=self._snoozes(),
            parents=self._explaining(),
            hold=policy.hold,
        )

    def among(self, numbers: Iterable[int] | None = None) -> tuple[int, ...]:
        """Return which of these, or of all, were open when the rules were last asked for."""
        if self._seen is None:
            # Where nothing explains others nobody has read which are open.
            rows = self._desk.journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True)
            self._open = {row.incident for row in rows if row.incident is not None}
        found = self._open if numbers is None else self._open.intersection(numbers)
        return tuple(sorted(found))

    def _snoozes(self) -> tuple[Snoozed, ...]:
        rows = self._desk.journal.summaries(aggregate=Aggregate.SNOOZE, open_only=True)
        states = (self._desk.snooze(row.stream) for row in reversed(rows))
        return tuple(one.began for one in states if one.began is not None)

    def _explaining(self) -> tuple[Parent, ...]:
        gathering = self._desk.policy.gathering
        if not gathering.inhibitions:
            self._seen = None
            return ()
        rows, seen = self._news(gathering)
        # Where reading breaks off, all of them are read the next time.
        self._seen = None
        for row in rows:
            self._read(row, gathering)
        self._seen, self._by = seen, gathering
        return tuple(one for number in sorted(self._parents) for one in self._parents[number])

    def _news(self, gathering: Gathering) -> tuple[Iterable[Summary], int]:
        """Return what has changed, and up to where; all that is open where nothing is known yet."""
        journal = self._desk.journal
        if self._seen is None or self._by is not gathering:
            # Before the list: what happens in between is read twice, and not missed.
            seen = journal.head().position
            rows = journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True)
            self._open, self._parents = set(), {}
            return rows, seen
        streams, seen = grown(journal, after=self._seen)
        found = (journal.summary(one) for one in sorted(streams) if one.startswith("incident-"))
        return [row for row in found if row is not None], seen

    def _read(self, row: Summary, gathering: Gathering) -> None:
        number = row.incident
        if number is None:
            return
        self._open.discard(number)
        self._parents.pop(number, None)
        if row.closed_at is None:
            self._open.add(number)
            explains = parents(self._desk.incident(number), gathering)
            if explains:
                self._parents[number] = explains
