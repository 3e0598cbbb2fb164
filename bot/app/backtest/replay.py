"""Replay: the desk's own rules over notices of the past, with a clock that jumps.

The journal is in memory; nobody acknowledges, nothing runs, nothing is said anywhere.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from alert_webhooks.registry import sources
from bot.app.backtest.grouping import Notice, body
from bot.app.intake import Intake
from bot.app.intake_units import Choose
from bot.app.loops.due import DueLoop
from bot.app.loops.pause import Pause
from incidents.aggregates import incident_stream
from incidents.commands.incident import NoteChannel, NotePostmortem
from incidents.desk import Desk
from incidents.incident_rules import archives_at
from incidents.journal import Aggregate, Summary
from incidents.policy import Policy
from storage.memory import MemoryStore

SOURCE = "alertmanager:backtest"
LOOK_EVERY = timedelta(minutes=1)
"""How often what waits for something else than its moment is looked at."""
ROUNDS = 20
WATCHED = (Aggregate.INCIDENT, Aggregate.KEPT)


class Replay:
    """A desk of its own; afterwards its journal tells what there would have been."""

    def __init__(self, *, policy: Policy, choose: Choose, start: datetime) -> None:
        self._now = start
        self._store = MemoryStore(clock=self.clock)
        self.desk = Desk(journal=self._store.journal, policy=policy, clock=self.clock)
        self._intake = Intake(
            desk=self.desk,
            inbox=self._store.inbox,
            texts=self._store.texts,
            sources=sources(),
            choose=choose,
        )
        pause = Pause(journal=self._store.journal, seconds=0.0)
        self._due = DueLoop(desk=self.desk, write_postmortem=self._written, pause=pause)
        self._ended: set[int] = set()

    def clock(self) -> datetime:
        """Return the moment that is replayed."""
        return self._now

    def run(self, notices: Sequence[Notice], *, end: datetime) -> None:
        """Let everything happen up to `end`, each thing at its moment."""
        for notice in notices:
            if notice.at <= end:
                self.post(body(notice), at=notice.at)
        self.finish(at=end)

    def post(self, sent: bytes, *, at: datetime) -> None:
        """Take the body of a webhook at a moment that is not before the last one."""
        self._pass(until=at)
        self._now = max(self._now, at)
        self._store.inbox.submit(source=SOURCE, body=sent).result()
        self._intake.alerts(self._store.inbox.pending())
        self._settle()

    def finish(self, *, at: datetime) -> None:
        """Let time pass up to the end."""
        self._pass(until=at)
        self._now = max(self._now, at)
        self._settle()

    def _pass(self, *, until: datetime) -> None:
        """Let time pass, from one moment at which something is due to the next."""
        while True:
            moment = self._next()
            if moment is None or moment >= until:
                return
            self._now = moment
            self._settle()

    def _settle(self) -> None:
        """Do what is due now, until nothing is."""
        for _ in range(ROUNDS):
            if not self._due.once():
                break
        for row in self._rows():
            if row.incident is not None and row.incident not in self._ended:
                self._archive(row.incident)

    def _next(self) -> datetime | None:
        """Return the next moment at which anything can happen by itself."""
        moments = list[datetime]()
        for row in self._rows():
            if row.next_due is not None:
                later = row.next_due > self._now
                moments.append(row.next_due if later else self._now + LOOK_EVERY)
            elif row.incident is not None and row.incident not in self._ended:
                moments.append(self._now + LOOK_EVERY)
        return min(moments, default=None)

    def _rows(self) -> list[Summary]:
        found = (self.desk.journal.summaries(aggregate=one) for one in WATCHED)
        return [row for rows in found for row in rows]

    def _archive(self, number: int) -> None:
        """Archive the channel of what is over as the outbox would: then it is not reopened."""
        incident = self.desk.incident(number)
        at = archives_at(incident, self.desk.policy)
        if at is None or at > self._now:
            return
        name = f"inc-{number}"
        archived = NoteChannel(platform="none", channel=name, name=name, archived=True)
        self.desk.tell(incident_stream(number), archived)
        self._ended.add(number)

    def _written(self, number: int) -> bool:
        note = NotePostmortem(name=f"INC-{number}", digest="")
        return bool(self.desk.tell(incident_stream(number), note).events)
