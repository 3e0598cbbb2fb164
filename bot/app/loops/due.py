"""The clock's loop: whatever a row says is due now."""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import structlog

from bot.app.keeping import Keeping
from bot.app.loops.pause import Pause
from incidents.commands.approval import ExpireApproval
from incidents.commands.followups import Remind
from incidents.commands.incident import Mitigate, Tick
from incidents.commands.snooze import ExpireSnooze
from incidents.desk import Desk
from incidents.errors import Conflict, Rejected
from incidents.incident import Status
from incidents.journal import Aggregate, Summary
from incidents.linking import owed
from incidents.run import Run

log = structlog.get_logger()

# Runs are due all the time and are not this loop's: they must not hide the others.
MOST = 2000
WRITE_AGAIN_SECONDS = 30.0
CANNOT_TELL = "cannot tell"
CLAIMED = frozenset({"started", "in doubt", "applied", "watched"})

_CLOCK: Mapping[Aggregate, object] = {
    Aggregate.APPROVAL: ExpireApproval(),
    Aggregate.SNOOZE: ExpireSnooze(),
    Aggregate.FOLLOW_UPS: Remind(),
}
"""What streams are told whose moment has come, where that is all."""

WritePostmortem = Callable[[int], bool]
"""Writes a postmortem; returns whether it is there, and says itself why not."""


class DueLoop:
    """Tells incidents and approvals that their moment has come.

    By `seconds` it waits between two attempts to write a document.
    """

    name = "due"

    def __init__(
        self,
        *,
        desk: Desk,
        write_postmortem: WritePostmortem,
        pause: Pause,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._write_postmortem = write_postmortem
        self._pause = pause
        self._keeping = Keeping(desk)
        self._seconds = seconds
        self._write_again: dict[int, float] = {}

    def once(self) -> bool:
        """Handle every row that is due; return whether one of them changed."""
        rows = self._desk.journal.due(self._desk.clock(), limit=MOST)
        handled = [self._handle(row) for row in rows]
        return self._keeping.hide() or any(handled)

    def wait(self) -> None:
        """Wait for a turn of the clock."""
        self._pause.turn()

    def _handle(self, row: Summary) -> bool:
        try:
            return self._tell(row)
        except (Conflict, Rejected) as error:
            log.info("not due any more", stream=row.stream, because=str(error))
            return False

    def _tell(self, row: Summary) -> bool:
        if row.aggregate in _CLOCK:
            return bool(self._desk.tell(row.stream, _CLOCK[row.aggregate]).events)
        if row.aggregate is Aggregate.KEPT:
            return self._keeping.due(row.stream, row.version)
        if row.aggregate is not Aggregate.INCIDENT or row.incident is None:
            return False
        busy = self._busy(row.incident)
        if self._desk.incident(row.incident).status is Status.RESOLVED:
            # Resolved by hand during a change: what became of it belongs into the postmortem.
            return busy is None and self._write(row.incident)
        return bool(self._desk.tell(row.stream, Tick(busy=busy)).events)

    def _write(self, number: int) -> bool:
        if self._seconds() < self._write_again.get(number, 0.0):
            return False
        # Set before the attempt: a document that fails, or takes long, must not be tried at once.
        self._write_again[number] = self._seconds() + WRITE_AGAIN_SECONDS
        return self._write_postmortem(number)

    def _busy(self, number: int) -> str | None:
        """Return why the incident must not end yet: a change is under way, or not yet counted."""
        incident = self._desk.incident(number)
        rows = self._desk.journal.summaries(aggregate=Aggregate.RUN, incident=number)
        for row in rows:
            if row.state in CLAIMED:
                return f"{row.stream} is {row.state}"
        runs = [self._desk.run(row.stream) for row in rows]
        if incident.status is not Status.RESOLVED:
            doubt = self._doubt(number, runs)
            if doubt is not None:
                return doubt
        debts = owed(incident, runs, {}, self._desk.policy, self._desk.clock())
        counts = any(isinstance(debt.command, Mitigate) for debt in debts)
        return "a verified change is not noted yet" if counts else None

    def _doubt(self, number: int, runs: Sequence[Run]) -> str | None:
        """Return what about the incident is open, so that it cannot be said to be over."""
        asked = self._desk.journal.summaries(
            aggregate=Aggregate.APPROVAL, incident=number, open_only=True
        )
        going = (f"{run.id} is not over" for run in runs if run.outcome is None)
        unsure = (
            f"nobody can tell what {step.id} of {run.id} did"
            for run in runs
            for step in run.steps.values()
            if step.verdict == CANNOT_TELL and step.applied_at is not None
        )
        open_ = (f"{row.stream} waits for an answer" for row in asked)
        return next(chain(going, open_, unsure), None)
