"""A snooze: for a while some alerts open nothing; they are kept and listed."""

from dataclasses import dataclass, replace
from datetime import datetime

from incidents.commands.snooze import ExpireSnooze, Snooze, SnoozeCommand
from incidents.decision import Decision
from incidents.errors import Rejected
from incidents.events.snooze import Snoozed, SnoozeEnded, SnoozeEvent
from incidents.incident import DESK
from incidents.incident_rules import minutes
from incidents.patterns import Which
from incidents.policy import Policy
from incidents.reasons import say_why

Answer = Decision[SnoozeEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeState:
    """A snooze as it stands; `began` is None before its first event, `ended` while it stands."""

    id: str
    version: int = 0
    began: Snoozed | None = None
    ended: SnoozeEnded | None = None
    opened_at: datetime | None = None
    updated_at: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Tell whether it stands at that moment, whether or not the clock has ended it yet."""
        return self.began is not None and self.ended is None and moment < self.began.until


def snooze_stream(number: int) -> str:
    """Return the name of a snooze's stream."""
    return f"snooze-{number}"


def due(state: SnoozeState) -> datetime | None:
    """Return when it ends by itself; None when it is over."""
    return state.began.until if state.began is not None and state.ended is None else None


def evolve(state: SnoozeState, event: SnoozeEvent, at: datetime) -> SnoozeState:
    """Return the state after the event."""
    grown = replace(
        state, version=state.version + 1, opened_at=state.opened_at or at, updated_at=at
    )
    if isinstance(event, Snoozed):
        return replace(grown, began=event)
    return replace(grown, ended=event)


def decide(state: SnoozeState, command: SnoozeCommand, now: datetime, policy: Policy) -> Answer:
    """Return what follows; raises Rejected, with the reason, when the command does not fit."""
    if isinstance(command, Snooze):
        return _begin(state, command, now, policy)
    if state.began is None:
        message = f"there is no {state.id}"
        raise Rejected(message)
    if isinstance(command, ExpireSnooze):
        over = state.ended is None and now >= state.began.until
        ended = SnoozeEnded(by=DESK, because="its time is over")
        return Decision(events=(ended,)) if over else Decision()
    if state.ended is not None:
        message = f"{state.id} was ended by {state.ended.by}: {state.ended.because}"
        raise Rejected(message)
    say_why(command.because)
    return Decision(events=(SnoozeEnded(by=command.by, because=command.because),))


def _begin(state: SnoozeState, command: Snooze, now: datetime, policy: Policy) -> Answer:
    longest = policy.gathering.snoozing.longest
    if state.began is not None:
        message = f"{state.id} exists already"
        raise Rejected(message)
    if command.which == Which():
        # A desk that says nothing of anything would look like calm.
        message = "say which alerts: a name, a label or a key"
        raise Rejected(message)
    if not command.which.narrows:
        message = f"{command.which}: this snoozes nearly everything; say which alerts"
        raise Rejected(message)
    say_why(command.reason)
    if not now < command.until <= now + longest:
        message = f"a snooze ends in the future, and within {minutes(longest)}"
        raise Rejected(message)
    snoozed = Snoozed(
        number=command.number,
        which=command.which,
        until=command.until,
        by=command.by,
        reason=command.reason,
    )
    return Decision(events=(snoozed,))
