"""The runs' loop: begins runs, moves them on, and keeps an incident's streams in step."""

from collections.abc import Callable
from typing import Protocol

import structlog

from bot.app.loops.pause import Pause
from incidents.approval import Approval
from incidents.commands.run import StartRun
from incidents.desk import Desk
from incidents.errors import Conflict, Rejected
from incidents.events.run import RunStarted
from incidents.incident import Incident, Status
from incidents.journal import Aggregate, Summary
from incidents.linking import owed, wants_run
from incidents.run import Run

log = structlog.get_logger()


class Moves(Protocol):
    """What moves a run on."""

    def advance(self, run_id: str) -> bool:
        """Do one move; return whether something happened."""

    def watch(self, run_id: str) -> bool:
        """Look at the criteria of a run that is over; return whether one is met."""


Begin = Callable[[Incident], RunStarted]


class RunsLoop:
    """Looks at every open incident, and at those whose runs are still open."""

    name = "runs"

    def __init__(self, *, desk: Desk, moves: Moves, begin: Begin, pause: Pause) -> None:
        self._desk = desk
        self._moves = moves
        self._begin = begin
        self._pause = pause

    def once(self) -> bool:
        """Bring every incident one step on; return whether anything happened."""
        attended = [self._attend(number) for number in self._open()]
        return any(attended)

    def wait(self) -> None:
        """Wait until the journal grows, or for a turn of the clock."""
        self._pause.wait()

    def _open(self) -> list[int]:
        """Return the incidents that need attention, the worst first."""
        journal = self._desk.journal
        incidents = journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True)
        runs = journal.summaries(aggregate=Aggregate.RUN, open_only=True)
        approvals = journal.summaries(aggregate=Aggregate.APPROVAL, open_only=True)
        severity = {row.incident: row.severity or "" for row in incidents}
        numbers = {row.incident for row in (*incidents, *runs, *approvals) if row.incident}
        return sorted(numbers, key=lambda number: (severity.get(number, "P9"), number))

    def _attend(self, number: int) -> bool:
        try:
            return self._step(number)
        except (Conflict, Rejected) as error:
            # Somebody was first, or the state moved on: the next turn sees it as it is.
            log.info("attended later", incident=number, because=str(error))
            return False

    def _step(self, number: int) -> bool:
        incident = self._desk.incident(number)
        runs = [self._desk.run(row.stream) for row in self._rows(Aggregate.RUN, number)]
        if wants_run(incident) and not runs:
            self._start(incident)
            return True
        changed = self._settle(incident, runs)
        moved = [self._move(incident, run) for run in runs]
        return changed or any(moved)

    def _move(self, incident: Incident, run: Run) -> bool:
        if run.outcome is None:
            return self._moves.advance(run.id)
        # Its escalation criteria count as long as users suffer, whatever became of the run.
        return incident.status is Status.INVESTIGATING and self._moves.watch(run.id)

    def _start(self, incident: Incident) -> None:
        run_id = f"run-{incident.number}-1"
        self._desk.tell(run_id, StartRun(started=self._begin(incident)))

    def _settle(self, incident: Incident, runs: list[Run]) -> bool:
        approvals = self._approvals(incident.number)
        debts = owed(incident, runs, approvals, self._desk.policy, self._desk.clock())
        told = [self._desk.tell(one.stream, one.command) for one in debts]
        return any(one.events for one in told)

    def _approvals(self, number: int) -> dict[str, Approval]:
        rows = self._rows(Aggregate.APPROVAL, number)
        return {row.stream: self._desk.approval(row.stream) for row in rows}

    def _rows(self, aggregate: Aggregate, number: int) -> list[Summary]:
        rows = self._desk.journal.summaries(aggregate=aggregate, incident=number)
        return sorted(rows, key=lambda row: row.opened_at)
