"""Replay: the desk's own rules over deliveries of the past, with a clock that jumps.

The journal is in memory; nobody acknowledges, nothing runs, nothing is said anywhere.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from alert_webhooks.notification import Source
from alert_webhooks.registry import sources
from bot.app.backtest.grouping import Notice, body
from bot.app.intake import Intake, Judging
from bot.app.intake_trouble import Trouble
from bot.app.intake_units import Choose
from bot.app.keeping import AGAIN
from bot.app.loops.due import DueLoop
from bot.app.loops.growth import grown
from bot.app.loops.pause import Pause
from incidents.aggregates import incident_stream
from incidents.commands.incident import NoteChannel, NotePostmortem
from incidents.desk import Desk
from incidents.incident_rules import archives_at
from incidents.journal import Aggregate, Delivery, Summary
from incidents.policy import Policy
from storage.memory import MemoryStore

SOURCE = "alertmanager:backtest"
LOOK_EVERY = timedelta(minutes=1)
"""How often what waits for something else than its moment is looked at."""
TURN = timedelta(milliseconds=5)
"""How long the clock's loop rests at most while deliveries keep coming."""
LONG = timedelta(hours=1)
"""After so long a parent is looked at as seldom as everything else."""
ROUNDS = 20

See = Callable[[Desk], Judging]
"""Returns what judges alerts by the facts that were known then."""


class Replay:
    """A desk of its own; afterwards its journal tells what there would have been.

    `archives` is whether channels of what is over are archived: then it is not reopened.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        choose: Choose,
        start: datetime,
        parsers: Mapping[str, Source] | None = None,
        see: See | None = None,
        archives: bool = True,
    ) -> None:
        self._now = start
        self._store = MemoryStore(clock=self.clock)
        self.desk = Desk(journal=self._store.journal, policy=policy, clock=self.clock)
        self._intake = Intake(
            desk=self.desk,
            inbox=_Nowhere(),
            texts=_Nothing(),
            sources=parsers or sources(),
            choose=choose,
            sight=see(self.desk) if see is not None else None,
        )
        pause = Pause(journal=self._store.journal, seconds=0.0)
        self._due = DueLoop(
            desk=self.desk,
            write_postmortem=self._written,
            pause=pause,
            # A document of what was reopened is written again by the clock that is replayed.
            seconds=self._seconds,
        )
        self._archives = archives
        self._posted = 0
        self._followed = 0
        self._turned = start - TURN
        self._wakes = dict[str, datetime]()
        self._line = list[tuple[datetime, str]]()

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
        self._posted += 1
        self.take([Delivery(inbox_id=self._posted, source=SOURCE, body=sent, received_at=at)], at)

    def take(self, deliveries: Sequence[Delivery], at: datetime) -> None:
        """Take deliveries together, as the desk did that found them all in its inbox."""
        self.until(at)
        self._intake.alerts(deliveries)
        self._happened()

    def report(self, delivery: Delivery, trouble: Trouble, at: datetime) -> None:
        """Let the desk tell of a delivery that it could not read."""
        self.until(at)
        # Whoever replays lists what was set aside: it is not set aside, and logged, once more.
        self._intake.count(delivery, trouble)
        self._happened()

    def tell(self, stream: str, command: object, at: datetime) -> None:
        """Let something else happen; raises what the rules raise."""
        self.until(at)
        self.desk.tell(stream, command)
        self._happened()

    def finish(self, *, at: datetime) -> None:
        """Let time pass up to the end."""
        self.until(at)
        self._settle()

    def until(self, at: datetime) -> None:
        """Let time pass, from one moment at which something is due to the next."""
        while self._line and self._line[0][0] < at:
            moment, stream = heapq.heappop(self._line)
            if self._wakes.get(stream) == moment:
                del self._wakes[stream]
                self._now = max(self._now, moment)
                self._settle(stream)
        self._now = max(self._now, at)

    def _seconds(self) -> float:
        return self._now.timestamp()

    def _happened(self) -> None:
        """Let the clock's loop turn now, or soon where it has just turned."""
        if self._now - self._turned >= TURN:
            self._settle()
        else:
            self._wake("", self._turned + TURN)

    def _settle(self, woken: str = "") -> None:
        """Do what is due now, until nothing is."""
        self._turned = self._now
        for _ in range(ROUNDS):
            if not self._due.once():
                break
        streams, self._followed = grown(self.desk.journal, after=self._followed)
        for stream in sorted(streams | ({woken} if woken else set())):
            self._plan(stream)
        if streams and self._keeps():
            # What something keeps back is looked at again only after a while.
            self._wake("", self._now + AGAIN)

    def _keeps(self) -> bool:
        rows = self.desk.journal.summaries(aggregate=Aggregate.KEPT, open_only=True, limit=1)
        return bool(rows)

    def _plan(self, stream: str) -> None:
        """Note when anything can next happen to a stream by itself."""
        row = self.desk.journal.summary(stream)
        moment = None if row is None else self._next(row)
        if moment is None:
            self._wakes.pop(stream, None)
        else:
            self._wake(stream, moment)

    def _next(self, row: Summary) -> datetime | None:
        if row.aggregate is Aggregate.KEPT:
            return self._next_look(row)
        if row.next_due is not None:
            return row.next_due if row.next_due > self._now else self._now + LOOK_EVERY
        if row.aggregate is Aggregate.INCIDENT and row.incident is not None and self._archives:
            return self._archive(row.incident)
        return None

    def _next_look(self, row: Summary) -> datetime | None:
        """Return when what is kept back is looked at again; None where time changes nothing."""
        whys = [one.why for one in self.desk.kept(row.stream).alerts.values()]
        ends = [one.until for one in whys if one.until is not None]
        later = [end if end > self._now else self._now + AGAIN for end in ends]
        # As the desk does: a parent that ends and fires again in between ends unseen.
        soon = AGAIN if self._now - row.updated_at < LONG else LOOK_EVERY
        looks = [self._now + soon] if any(one.under is not None for one in whys) else []
        return min([*later, *looks], default=None)

    def _wake(self, stream: str, at: datetime) -> None:
        if self._wakes.get(stream) != at:
            self._wakes[stream] = at
            heapq.heappush(self._line, (at, stream))

    def _archive(self, number: int) -> datetime | None:
        """Archive the channel of what is over as the outbox would, or say when that will be."""
        incident = self.desk.incident(number)
        at = archives_at(incident, self.desk.policy)
        if at is None or incident.archived or at > self._now:
            return None if incident.archived else at
        name = f"inc-{number}"
        archived = NoteChannel(platform="none", channel=name, name=name, archived=True)
        self.desk.tell(incident_stream(number), archived)
        return None

    def _written(self, number: int) -> bool:
        note = NotePostmortem(name=f"INC-{number}", digest="")
        return bool(self.desk.tell(incident_stream(number), note).events)


class _Nowhere:
    """An inbox that need not remember: whoever replays has what was kept."""

    def done(self, inbox_ids: Sequence[int]) -> None:
        """Forget it."""

    def set_aside(self, inbox_id: int, *, because: str) -> None:
        """Forget it."""


class _Nothing:
    """Texts that nobody will read."""

    def keep(self, texts: Sequence[str]) -> Sequence[str]:
        """Return no digest."""
        return ["" for _ in texts]
