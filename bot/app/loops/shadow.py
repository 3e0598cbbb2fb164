"""The loop of shadow: watches what people do where a runbook only said what it would do."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.app.loops.growth import followed
from bot.app.loops.pause import Pause
from incidents.desk import Desk, entries
from incidents.errors import Conflict, Rejected
from incidents.events.run import RunStarted, WouldHaveActed
from incidents.events.shadow import ShadowBegan
from incidents.journal import Aggregate, Recorded
from incidents.shadow import Watch, shadow_stream
from runbooks.engine.ports import Pinned
from runbooks.engine.proof import proof
from runbooks.language.model import Verify
from runbooks.shadow.looking import Case, Sights, begin, look

log = structlog.get_logger()

LOOK: Final = timedelta(seconds=30)
"""How often each watch is looked at: as often as a run's escalation criteria are."""
BACK: Final = timedelta(days=1)
"""How far back a process that begins looks for plans that nobody watches yet."""
AT_ONCE: Final = 20
"""So many watches are looked at in one turn: each takes a few requests."""
NEWS: Final = 4
"""So much can follow at once at most: an act, what is nearer, its proof, the end."""
WOULD, BEGAN = WouldHaveActed.__name__, ShadowBegan.__name__


class ShadowLoop:
    """Begins a watch for whatever would have been done, and ends it; it writes to no cluster."""

    name = "shadow"

    def __init__(self, *, desk: Desk, runbooks: Pinned, sights: Sights, pause: Pause) -> None:
        self._desk, self._runbooks, self._sights, self._pause = desk, runbooks, sights, pause
        self._again: dict[str, datetime] = {}
        self._cases: dict[str, Case] = {}
        self._seen: int | None = None

    def once(self) -> bool:
        """Begin what is new and look where it is time; return whether anything was noted."""
        began = [self._begin(one) for one in self._grown()]
        now = self._desk.clock()
        looked = [self._look(stream, now) for stream in self._due(now)]
        return any(began) or any(looked)

    def wait(self) -> None:
        """Wait until the journal grows, or for a turn of the clock."""
        self._pause.wait(after=self._seen)

    def _grown(self) -> Iterator[Recorded]:
        """Yield what would have been done and is new; an event that fails is yielded again."""
        if self._seen is None:
            # Asked for first: what is appended meanwhile is found twice and not missed.
            position = self._desk.journal.head().position
            yield from self._open()
            self._seen = position
        for one in followed(self._desk.journal, after=self._seen):
            if one.kind == WOULD:
                yield one
            elif one.kind == BEGAN:
                # Also of another process, while that had the lead.
                self._again.setdefault(one.stream, one.at)
            self._seen = one.position

    def _open(self) -> Iterator[Recorded]:
        """Remember the watches that are open, and yield what may have none."""
        journal, now = self._desk.journal, self._desk.clock()
        for row in journal.summaries(aggregate=Aggregate.SHADOW, open_only=True):
            self._again.setdefault(row.stream, now)
        for row in journal.summaries(aggregate=Aggregate.RUN):
            if row.updated_at >= now - BACK and self._desk.run(row.stream).shadowed:
                yield from (one for one in journal.read(row.stream) if one.kind == WOULD)

    def _begin(self, recorded: Recorded) -> bool:
        stream = shadow_stream(recorded.stream, recorded.version)
        if self._desk.watch(stream).began is not None:
            return False
        now, lasts = self._desk.clock(), self._desk.policy.shadow_watch
        try:
            command = begin(self._case(recorded), self._sights, lasts=lasts, now=now)
            self._desk.tell(stream, command)
        except (Conflict, Rejected) as error:
            log.info("watched by somebody else", stream=stream, because=str(error))
        return True

    def _due(self, now: datetime) -> Sequence[str]:
        """Return the watches whose turn it is, those that have waited longest first."""
        due = sorted((again, stream) for stream, again in self._again.items() if again <= now)
        return [stream for _, stream in due[:AT_ONCE]]

    def _look(self, stream: str, now: datetime) -> bool:
        happened = False
        # Before the look: one that fails must not keep the others from theirs.
        self._again[stream] = now + LOOK
        try:
            for _ in range(NEWS):
                watch = self._desk.watch(stream)
                if not self._news(watch, now):
                    break
                happened = True
        except (Conflict, Rejected) as error:
            log.info("watched later", stream=stream, because=str(error))
        if self._desk.watch(stream).ended is not None:
            self._again.pop(stream, None)
            self._cases.pop(stream, None)
        return happened

    def _news(self, watch: Watch, now: datetime) -> bool:
        """Look once and note what is new; return whether anything was."""
        if watch.began is None:
            return False
        if watch.id not in self._cases:
            (would, *_) = self._desk.journal.read(watch.began.run, after=watch.began.would - 1)
            self._cases[watch.id] = self._case(would)
        incident = self._desk.incident(watch.began.incident)
        command = look(watch, self._cases[watch.id], incident, self._sights, now)
        return command is not None and bool(self._desk.tell(watch.id, command).events)

    def _case(self, recorded: Recorded) -> Case:
        """Return what an event says that would have been done; raises Rejected for another one."""
        (entry,) = entries([recorded])
        started = self._desk.run(recorded.stream).started
        if not isinstance(entry.event, WouldHaveActed) or started is None:
            message = f"{recorded.stream} {recorded.version} says nothing that would have been done"
            raise Rejected(message)
        return Case(
            would=entry.event,
            version=recorded.version,
            at=recorded.at,
            run=recorded.stream,
            started=started,
            proven=self._proven(started, entry.event.step),
        )

    def _proven(self, started: RunStarted, step: str) -> Verify | None:
        try:
            return proof(self._runbooks.pinned(started), step)
        except Rejected:
            return None
