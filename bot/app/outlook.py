"""What keeps alerts back at this moment: the policy, the snoozes, what explains others."""

from incidents.desk import Desk
from incidents.events.snooze import Snoozed
from incidents.hiding import parents
from incidents.incident import Incident
from incidents.journal import Aggregate
from incidents.keeping import Parent, Rules


class Outlook:
    """Reads what keeps alerts back; used by one thread at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._parents: dict[int, tuple[int, tuple[Parent, ...]]] = {}

    def rules(self) -> Rules:
        """Return what stands now."""
        policy = self._desk.policy
        return Rules(
            gathering=policy.gathering,
            snoozes=self._snoozes(),
            parents=self._explaining(),
            hold=policy.hold,
        )

    def incidents(self) -> tuple[Incident, ...]:
        """Return the open incidents, the oldest first."""
        rows = self._desk.journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True)
        numbers = sorted(row.incident for row in rows if row.incident is not None)
        return tuple(self._desk.incident(number) for number in numbers)

    def _snoozes(self) -> tuple[Snoozed, ...]:
        rows = self._desk.journal.summaries(aggregate=Aggregate.SNOOZE, open_only=True)
        states = (self._desk.snooze(row.stream) for row in reversed(rows))
        return tuple(one.began for one in states if one.began is not None)

    def _explaining(self) -> tuple[Parent, ...]:
        if not self._desk.policy.gathering.inhibitions:
            return ()
        rows = self._desk.journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True)
        found = dict[int, tuple[int, tuple[Parent, ...]]]()
        for row in rows:
            if row.incident is not None:
                found[row.incident] = self._of(row.incident, row.version)
        self._parents = found
        return tuple(one for number in sorted(found) for one in found[number][1])

    def _of(self, number: int, version: int) -> tuple[int, tuple[Parent, ...]]:
        known = self._parents.get(number)
        if known is not None and known[0] == version:
            return known
        state = self._desk.incident(number)
        return state.version, parents(state, self._desk.policy.gathering)
