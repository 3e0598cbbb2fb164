"""The runs' loop: begins runs, moves them on, and keeps an incident's streams in step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.app.loops.attended import AGAIN, Attended
from bot.app.loops.pause import Pause
from incidents.approval import Approval
from incidents.commands.run import StartRun
from incidents.desk import Desk
from incidents.errors import Conflict, Rejected
from incidents.events.run import RunStarted
from incidents.incident import Incident, Status
from incidents.journal import Aggregate, Summary
from incidents.leaving import leaves, left
from incidents.linking import Owed, owed, rests, wants_run
from incidents.run import Run
from runbooks.engine import moves as engine

PUT_OFF = timedelta(seconds=5)
"""How long a step that is put off rests, in seconds of the desk's clock: each try reads the owners,
dry-runs the write and lists for the guards, and what is waited for takes seconds to minutes."""

LOOK = timedelta(seconds=2)
"""How long the watch of a change rests, in seconds of the desk's clock: a look is three or four
reads, and pods become ready in seconds at best."""

log = structlog.get_logger()


class Moves(Protocol):
    """What moves a run on."""

    def advance(self, run_id: str) -> bool:
        """Do one move; return whether something happened."""

    def watch(self, run_id: str) -> bool:
        """Look at the criteria of a run that is over; return whether one is met."""

    def next_move(self, run_id: str) -> engine.Move:
        """Return what the run would do next; raises Rejected when nobody can tell."""


Begin = Callable[[Incident], RunStarted]


class RunsLoop:
    """Looks at open incidents, and at those whose runs are still open, when it is their turn."""

    name = "runs"

    def __init__(self, *, desk: Desk, moves: Moves, begin: Begin, pause: Pause) -> None:
        self._desk = desk
        self._moves = moves
        self._begin = begin
        self._pause = pause
        self._attended = Attended(desk)

    def once(self) -> bool:
        """Bring every incident whose turn it is one step on; return whether anything happened."""
        self._attended.catch_up()
        attended = [self._attend(number) for number in self._awake()]
        return any(attended)

    def wait(self) -> None:
        """Wait until the journal grows, or for a turn of the clock."""
        self._pause.wait(after=self._attended.seen)

    def _awake(self) -> Sequence[int]:
        """Return the incidents whose turn it is, the worst first."""
        awake = self._attended.awake(self._desk.clock())
        severity = {number: self._desk.incident(number).severity.value for number in awake}
        return sorted(awake, key=lambda number: (severity[number], number))

    def _attend(self, number: int) -> bool:
        try:
            return self._step(number)
        except (Conflict, Rejected) as error:
            # Somebody was first, or the state moved on: the next turn sees it as it is.
            log.info("attended later", incident=number, because=str(error))
            return False

    def _step(self, number: int) -> bool:
        now, look = self._desk.clock(), self._look(number)
        if not look.open:
            self._attended.forget(number)
            return False
        if wants_run(look.incident, look.runs, look.approvals.values()):
            self._start(look)
            return True
        changed = self._settle(look)
        moved = [self._move(look, run) for run in look.runs if not look.rests(run)]
        if changed or any(moved):
            return True
        self._rest(look, now)
        return False

    def _look(self, number: int) -> "_Look":
        incident = self._desk.incident(number)
        rows = [*self._rows(Aggregate.RUN, number), *self._rows(Aggregate.APPROVAL, number)]
        runs = [row.stream for row in rows if row.aggregate is Aggregate.RUN]
        approvals = [row.stream for row in rows if row.aggregate is Aggregate.APPROVAL]
        unresolved = incident.status is not Status.RESOLVED
        return _Look(
            incident=incident,
            runs=tuple(self._desk.run(name) for name in runs),
            approvals={name: self._desk.approval(name) for name in approvals},
            open=unresolved or any(row.closed_at is None for row in rows),
        )

    def _rest(self, look: "_Look", now: datetime) -> None:
        """Look again when there may be something to do; what waits for the world stays awake."""
        going = [run for run in look.runs if run.outcome is None and not look.rests(run)]
        moments = [self._until(run, now) for run in going]
        until = min(moments, default=now + AGAIN)
        if until > now:
            self._attended.rest(look.incident.number, now=now, until=until)

    def _until(self, run: Run, now: datetime) -> datetime:
        try:
            move = self._moves.next_move(run.id)
            return _waits(move, now, put_off=run.waits is not None)
        except Rejected:
            # Its runbook is gone: the run says so itself, and nothing here brings it back.
            return now + AGAIN

    def _move(self, look: "_Look", run: Run) -> bool:
        if run.outcome is None:
            return self._moves.advance(run.id)
        # Its escalation criteria count as long as users suffer, whatever became of the run; those
        # of an earlier one ask for the same people again.
        suffers = look.incident.status is Status.INVESTIGATING
        return suffers and run is look.runs[-1] and self._moves.watch(run.id)

    def _start(self, look: "_Look") -> None:
        incident = look.incident
        run_id = f"run-{incident.number}-{len(look.runs) + 1}"
        self._desk.tell(run_id, StartRun(started=self._begin(incident)))

    def _settle(self, look: "_Look") -> bool:
        now = self._desk.clock()
        debts = (
            *owed(look.incident, look.runs, look.approvals, self._desk.policy, now),
            *self._left(look),
        )
        told = [self._desk.tell(one.stream, one.command) for one in debts]
        return any(one.events for one in told)

    def _left(self, look: "_Look") -> tuple[Owed, ...]:
        """Return what is owed to the follow-ups, which are read only where something was left."""
        if not leaves(look.runs):
            return ()
        return left(look.runs, look.approvals, self._desk.follow_ups(look.incident.number))

    def _rows(self, aggregate: Aggregate, number: int) -> list[Summary]:
        rows = self._desk.journal.summaries(aggregate=aggregate, incident=number)
        return sorted(rows, key=lambda row: row.opened_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """An incident with its runs and approvals, and whether any of them is still open."""

    incident: Incident
    runs: tuple[Run, ...]
    approvals: Mapping[str, Approval]
    open: bool

    def rests(self, run: Run) -> bool:
        """Return whether the run waits because another incident explains this one."""
        return rests(self.incident, run, self.approvals.values())


def _waits(move: engine.Move, now: datetime, *, put_off: bool) -> datetime:
    """Return until when a run that did nothing waits: for people, or for a moment.

    Everything else waits for the world, which tells nobody when it has changed: it is asked again
    soon, or at the next turn where nothing is known to stand in the way.
    """
    match move:
        case engine.AwaitApproval() | engine.Blocked() | engine.Nothing(until=None):
            return now + AGAIN
        case engine.Nothing(until=datetime() as until):
            return until
        case engine.Watch():
            return move.after(now)
        case engine.Observe():
            return now + LOOK
        case _:
            return now + PUT_OFF if put_off else now
