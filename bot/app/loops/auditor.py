"""The auditor's loop: notes the chain's head elsewhere, and says what has stood still too long."""

from datetime import datetime, timedelta

import structlog

from bot.app.loops.pause import Pause
from bot.app.metrics import Metrics
from incidents.journal import Aggregate
from incidents.policy import Severity
from incidents.ports import Store

log = structlog.get_logger()

EVERY = timedelta(minutes=1)
MANY = 1000


class AuditorLoop:
    """Looks at the desk from outside, once a minute of real time."""

    name = "auditor"

    def __init__(self, *, store: Store, metrics: Metrics, pause: Pause) -> None:
        self._store = store
        self._metrics = metrics
        self._pause = pause
        self._looked: datetime | None = None

    def once(self) -> bool:
        """Look, if a minute has passed."""
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
        self._pause.wait()

    def _note_head(self) -> None:
        # Shipped with the logs, so that a tail that is cut off from the database shows.
        head = self._store.journal.head()
        log.info(
            "journal head",
            position=head.position,
            events=head.events,
            mac=head.mac,
            key=head.key_id,
        )

    def _count_open(self) -> None:
        rows = self._store.journal.summaries(
            aggregate=Aggregate.INCIDENT, open_only=True, limit=MANY
        )
        for severity in Severity:
            count = sum(row.severity == severity.value for row in rows)
            self._metrics.open_incidents.labels(severity.value).set(count)
        for row in rows:
            if row.next_due is None:
                log.error("open incident without a next action", stream=row.stream)

    def _count_aside(self) -> None:
        self._metrics.set_aside.labels("delivery").set(len(self._store.inbox.aside(limit=MANY)))
        self._metrics.set_aside.labels("message").set(len(self._store.outbox.dead()))
