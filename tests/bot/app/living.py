"""A desk that lives through a past: deliveries come in, and the clock's loop turns in between."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from alert_webhooks.fingerprint import fingerprint
from alert_webhooks.notification import Source
from alert_webhooks.registry import sources
from bot.app.backtest.again import Again, again
from bot.app.backtest.comparing import Compared, compared
from bot.app.facts import Asked, NoSource
from bot.app.intake import Intake
from bot.app.intake_sight import Sight
from bot.app.loops.inbox import InboxLoop
from bot.app.loops.pause import Pause
from bot.app.loops.sight import SightLoop
from incidents.facts import Known, Unknown
from incidents.journal import Aggregate
from incidents.policy import Policy
from storage.memory import MemoryStore
from tests.alert_webhooks.bodies import alert, body, resolved
from tests.bot.intake.desks import NOON, choose
from tests.bot.intake.gathering import Desk, moment

SLOT = timedelta(seconds=30)
APART = timedelta(milliseconds=10)
"""No two things happen at one moment; spans of rules are no multiple of a slot."""
LAG = timedelta(milliseconds=1)
LOOK = timedelta(seconds=5)
REAL = datetime(2026, 7, 1, tzinfo=UTC)


class Facts:
    """A source that sees an error ratio of each model, by the minute, and now and then nothing."""

    def __init__(self, ratios: Sequence[float | None]) -> None:
        self._ratios = ratios

    def gather(
        self, asked: Sequence[Asked], at: datetime, *, again: bool = False
    ) -> Sequence[Mapping[str, Known | Unknown]]:
        """Return what can be seen at that minute."""
        del again
        minute = int((at - NOON).total_seconds() // 60)
        return [
            {name: self._one(name, minute + len(one.place.model)) for name in one.names}
            for one in asked
        ]

    def _one(self, name: str, minute: int) -> Known | Unknown:
        ratio = self._ratios[minute % len(self._ratios)] if self._ratios else None
        if name != "error_ratio" or ratio is None:
            return Unknown(why="timeout", lasting=False)
        return Known(value=ratio, unit="ratio", source="picker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fires:
    """An alert that fires from a slot to another; `ends` is None where it still does."""

    name: str
    model: str
    pod: str
    begins: int
    ends: int | None


class Life(Desk):
    """An office whose clock's loop turns all the time; its clock is `fast` times the store's."""

    def __init__(
        self,
        policy: Policy,
        *,
        fast: float = 1.0,
        source: Facts | None = None,
        parsers: Mapping[str, Source] | None = None,
    ) -> None:
        self.source = source
        self.parsers = parsers or sources()
        super().__init__(store=MemoryStore(clock=self.real), policy=policy)
        self._fast = fast

    def real(self) -> datetime:
        """Return the store's time; where the desk's is a rehearsal's, it is another day."""
        if self._fast == 1.0:
            return self.now
        return REAL + (self.now - NOON) / self._fast

    def restart(self) -> None:
        """Forget everything that only memory holds; with a source, alerts are looked at."""
        super().restart()
        self.intake = Intake(
            desk=self.desk,
            inbox=self.store.inbox,
            texts=self.store.texts,
            sources=self.parsers,
            choose=choose,
            sight=Sight(self.desk, self.source) if self.source is not None else None,
        )
        self.loop = InboxLoop(
            inbox=self.store.inbox,
            handlers=self.intake.handlers(),
            unhandled=self.intake.unhandled,
        )
        pause = Pause(journal=self.store.journal, seconds=0)
        source = self.source if self.source is not None else NoSource()
        self.sight = SightLoop(desk=self.desk, source=source, pause=pause)

    def turn(self, **span: float) -> None:
        """Let the clock's loop turn, and that which looks again."""
        super().turn(**span)
        if self.source is not None and self.sight.once():
            super().turn()

    def until(self, at: datetime) -> None:
        """Let time pass, and the clock's loop turn at each moment at which anything is due."""
        while (due := self._next()) is not None and due + LAG < at:
            self.now = due + LAG
            self.turn()
        self.now = max(self.now, at)
        self.turn()

    def _next(self) -> datetime | None:
        rows = [
            row
            for one in (Aggregate.INCIDENT, Aggregate.KEPT, Aggregate.SNOOZE)
            for row in self.store.journal.summaries(aggregate=one, open_only=True)
        ]
        timed = [row.next_due for row in rows if row.next_due is not None]
        later = [one for one in timed if one > self.now]
        looks = len(timed) > len(later) or self.source is not None
        again = [self.now + LOOK] if rows and looks else []
        return min([*later, *again], default=None)

    def arrive(self, bodies: Sequence[bytes], at: datetime) -> None:
        """Let bodies come in together, and the desk take them up together."""
        self.until(at)
        self.deliver(*bodies)
        self.turn()

    def lives(self, found: Iterable[Fires], *, end: int, together: bool = False) -> None:
        """Live through these alerts, up to a slot."""
        slots = dict[int, list[bytes]]()
        for one in found:
            slots.setdefault(one.begins, []).append(begun(one))
            if one.ends is not None:
                slots.setdefault(one.ends, []).append(ended(one))
        number = 0
        for slot, bodies in sorted(slots.items()):
            for batch in [bodies] if together else [[one] for one in bodies]:
                number += 1
                self.arrive(batch, NOON + slot * SLOT + number * APART)
        self.until(NOON + end * SLOT + number * APART)

    def again(self, policy: Policy) -> Again:
        """Replay what came in by a policy."""
        return again(self.desk, self.store.inbox, policy=policy, choose=choose, tell=lambda _: None)

    def compared(self, policy: Policy) -> Compared:
        """Return what a policy would have made of it."""
        return compared(self.again(policy))


def begun(one: Fires) -> bytes:
    """Return the delivery of its beginning."""
    return body(_alert(one))


def ended(one: Fires) -> bytes:
    """Return the delivery of its end."""
    ends = moment(NOON + (one.ends or 0) * SLOT)
    return body(resolved(**{**_alert(one), "endsAt": ends}))


def _alert(one: Fires) -> dict[str, Any]:
    labels = {"alertname": one.name, "model_name": one.model, "pod": one.pod, "severity": "warning"}
    return alert(
        labels=labels,
        fingerprint=fingerprint(labels),
        startsAt=moment(NOON + one.begins * SLOT),
    )
