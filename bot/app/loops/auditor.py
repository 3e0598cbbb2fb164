"""The auditor's loop: logs every event, notes the chain's head, and says what stands still."""

from datetime import datetime, timedelta

import structlog

from bot.app.loops.pause import Pause
from bot.app.metrics import Metrics
from incidents.journal import Aggregate
from incidents.policy import Severity
from incidents.ports import Store

log = structlog.get_logger()

EVERY = timedelta(minutes=1)


class AuditorLoop:
    """Looks at the desk from outside: at its events at once, at the rest once a minute."""

    name = "auditor"

    def __init__(self, *, store: Store, metrics: Metrics, pause: Pause) -> None:
        self._store = store
        self._metrics = metrics
        self._pause = pause
        self._looked: datetime | None = None
        self._seen: int | None = None

    def once(self) -> bool:
        """Log what happened since the last time, and look around if a minute has passed."""
        self._log_events()
        now = self._store.now()
        if self._looked is not None and now - self._looked < EVERY:
            return False
        self._looked = now
        self._note_head()
        self._count_open()
        self._count_aside()
        return False

    def wait(self) -> None:
        """Wait for a turn."""
        self._pause.turn()

    def _log_events(self) -> None:
        """Log one line an event, without its texts; what happened before this loop began is old."""
        journal = self._store.journal
        if self._seen is None:
            self._seen = journal.head().position
        for one in journal.follow(after=self._seen):
            log.info("event", kind=one.kind, stream=one.stream, version=one.version, at=one.at)
            self._seen = one.position

    def _note_head(self) -> None:
        # Shipped with the logs, so that a tail that is cut off from the database shows.
        head = self._store.journal.head()
        log.info(
            "journal head",
            position=head.position,
            events=head.events,
            # As `triaged verify-journal --head` takes it.
            head=f"{head.position}:{head.events}:{head.mac}:{head.key_id}",
        )

    def _count_open(self) -> None:
        rows = self._store.journal.summaries(aggregate=Aggregate.INCIDENT, open_only=True)
        for severity in Severity:
            count = sum(row.severity == severity.value for row in rows)
            self._metrics.open_incidents.labels(severity.value).set(count)
        for row in rows:
            if row.next_due is None:
                log.error("open incident without a next action", stream=row.stream)

    def _count_aside(self) -> None:
        self._metrics.set_aside.labels("delivery").set(self._store.inbox.count_aside())
        self._metrics.set_aside.labels("message").set(self._store.outbox.count_dead())
