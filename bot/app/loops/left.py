"""The loop that looks whether what was left on purpose still stands, as long as it is owed."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog

from bot.app.loops.pause import Pause
from incidents.commands.followups import FinishFollowUp
from incidents.desk import Desk
from incidents.errors import Conflict, Rejected
from incidents.events.followups import FollowUpMade
from incidents.followups import FollowUps
from incidents.incident import DESK
from incidents.journal import Aggregate

log = structlog.get_logger()

LOOK = timedelta(minutes=1)
"""How often each is looked at: nobody is reminded of what has been gone for longer."""
LEFT = "left"

Gone = Callable[[FollowUpMade], str]
"""Looks at the live object; returns why it no longer stands, empty unless that is known."""


class LeftLoop:
    """Closes follow-ups whose change somebody has taken back, whoever it was; it only reads."""

    name = "left"

    def __init__(self, *, desk: Desk, gone: Gone, pause: Pause) -> None:
        self._desk = desk
        self._gone = gone
        self._pause = pause
        self._again: datetime | None = None

    def once(self) -> bool:
        """Look at everything that was left, when it is time; return whether something is gone."""
        now = self._desk.clock()
        if self._again is not None and now < self._again:
            return False
        self._again = now + LOOK
        closed = [self._close(one, because) for one, because in list(self._found())]
        return any(closed)

    def wait(self) -> None:
        """Wait for a turn of the clock."""
        self._pause.turn()

    def _found(self) -> Iterator[tuple["_Left", str]]:
        """Yield what no longer stands, and why."""
        rows = self._desk.journal.summaries(aggregate=Aggregate.FOLLOW_UPS, open_only=True)
        for row in rows:
            # What only runbooks leave to be done stands in no cluster.
            if row.state != LEFT or row.incident is None:
                continue
            known = self._desk.follow_ups(row.incident)
            for one in known.open:
                because = self._gone(one.made) if one.made.write else ""
                if because:
                    yield (known, one.made), because

    def _close(self, left: "_Left", because: str) -> bool:
        known, made = left
        command = FinishFollowUp(number=made.number, by=DESK, because=f"seen undone: {because}")
        try:
            return bool(self._desk.tell(known.id, command).events)
        except (Conflict, Rejected) as error:
            log.info("closed later", follow_up=known.label(made.number), because=str(error))
            return False


_Left = tuple[FollowUps, FollowUpMade]
