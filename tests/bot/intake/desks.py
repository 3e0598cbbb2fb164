"""A desk with its intake and its inbox loop, over any store, with a clock that stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alert_webhooks.registry import sources
from bot.app.intake import Intake
from bot.app.loops.inbox import Handler, InboxLoop
from incidents.alert import Alert
from incidents.commands.incident import Resolve, Tick
from incidents.default_policy import default_policy
from incidents.desk import Desk
from incidents.errors import Unavailable
from incidents.incident import Incident
from incidents.policy import Policy
from incidents.ports import Store

NOON = datetime(2026, 1, 10, 12, 30, tzinfo=UTC)
SOURCE = "alertmanager:prod"


def choose(alert: Alert) -> tuple[str, str]:
    """Choose one runbook for alerts about preemption, and triage for all others."""
    if "Preemptions" in alert.name:
        return "cache-evictions", "its name matches"
    return "triage", "nothing else matches"


@dataclass(kw_only=True)
class Office:
    """What the tests of intake work with; `now` moves by hand."""

    store: Store
    now: datetime = NOON
    policy: Policy = field(default_factory=default_policy)
    more: Mapping[str, Handler] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything that only memory holds, as a new process does."""
        self.desk = Desk(journal=self.store.journal, policy=self.policy, clock=lambda: self.now)
        self.intake = Intake(
            desk=self.desk,
            inbox=self.store.inbox,
            texts=self.store.texts,
            sources=sources(),
            choose=choose,
        )
        self.loop = InboxLoop(
            inbox=self.store.inbox,
            handlers={**self.intake.handlers(), **self.more},
            unhandled=self.intake.unhandled,
        )

    def keep(self, *bodies: bytes, source: str = SOURCE, key: str | None = None) -> None:
        """Keep bodies as the door does."""
        for body in bodies:
            self.store.inbox.submit(source=source, body=body, key=key).result(10)

    def deliver(self, *bodies: bytes, source: str = SOURCE) -> None:
        """Keep bodies and handle them all."""
        self.keep(*bodies, source=source)
        self.work()

    def work(self) -> None:
        """Turn until nothing is pending."""
        while self.loop.once():
            pass

    def calm(self) -> None:
        """Let the hold time pass and the clock tick."""
        self.now += self.policy.hold + timedelta(seconds=1)
        for row in self.store.journal.due(self.now):
            self.desk.tell(row.stream, Tick())

    def resolve(self, number: int) -> None:
        """Let a person end an incident."""
        command = Resolve(by="ada", because="looked at it")
        self.desk.tell(f"incident-{number}", command)

    @property
    def incidents(self) -> Sequence[Incident]:
        """Return all incidents as they stand."""
        last = self.store.journal.last_incident()
        return [self.desk.incident(number) for number in range(1, last + 1)]

    @property
    def aside(self) -> Sequence[tuple[int, str | None]]:
        """Return what was set aside, and why."""
        return [(one.inbox_id, one.set_aside) for one in self.store.inbox.aside()]


class Opened:
    """A desk that notes which incidents are read, unless its store is `away`."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.read: list[int] = []
        self.away = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def incident(self, number: int) -> Any:
        if self.away:
            message = "the store is away"
            raise Unavailable(message)
        self.read.append(number)
        return self._inner.incident(number)


def essence(incident: Incident) -> Incident:
    """Return the incident without its number and what depends on how deliveries were cut."""
    return replace(incident, id="", version=0, opened=None, opened_at=None, updated_at=None)
