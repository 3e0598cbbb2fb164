"""What is left to be done of an incident: its state, and what may follow from a command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any  # the dispatch tables hold functions of many types

from incidents.commands import followups as commands
from incidents.commands.followups import FollowUpCommand, ToDo
from incidents.decision import Decision
from incidents.errors import Rejected
from incidents.events import followups as events
from incidents.events.followups import FollowUpEvent, FollowUpMade
from incidents.events.run import WriteRecord
from incidents.incident import DESK
from incidents.incident_rules import minutes
from incidents.policy import Policy
from incidents.reasons import say_why

Answer = Decision[FollowUpEvent]
LONGEST = timedelta(days=90)
"""Nothing is put off for longer at once: who said so is somewhere else by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """One thing that is left to be done, as it stands; `done` is None while it is open.

    `owner` and `due` may have been changed since it was made; `remind_at` is the next reminder.
    """

    made: FollowUpMade
    made_at: datetime
    owner: str
    due: datetime
    remind_at: datetime
    reminders: int = 0
    done: events.FollowUpDone | None = None
    done_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Return whether it is still to be done."""
        return self.done is None

    @property
    def left(self) -> bool:
        """Return whether it is a change that was left on purpose, and no runbook's follow-up."""
        return bool(self.made.run)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUps:
    """All that is, or was, left to be done of one incident, by number."""

    id: str
    version: int = 0
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    all: Mapping[int, FollowUp] = field(default_factory=dict)

    @property
    def incident(self) -> int:
        """Return the number of the incident."""
        return int(self.id.partition("-")[2])

    @property
    def open(self) -> tuple[FollowUp, ...]:
        """Return what is still to be done, in the order in which it was made."""
        return tuple(one for one in self.all.values() if one.open)

    @property
    def keys(self) -> frozenset[str]:
        """Return what has been made, open or not."""
        return frozenset(one.made.key for one in self.all.values())

    def label(self, number: int) -> str:
        """Return the name that people write, as in INC-7/2."""
        return f"INC-{self.incident}/{number}"


def followups_stream(incident: int) -> str:
    """Return the name of the stream of an incident's follow-ups."""
    return f"followups-{incident}"


def due(state: FollowUps) -> datetime | None:
    """Return the moment of the next reminder; None where nothing is open."""
    return min((one.remind_at for one in state.open), default=None)


def standing(state: FollowUps) -> str:
    """Return one word for all of them: whether something stands that was left, or is to be done."""
    if not state.open:
        return "done"
    return "left" if any(one.left for one in state.open) else "open"


def evolve(state: FollowUps, event: FollowUpEvent, at: datetime) -> FollowUps:
    """Return the state after the event."""
    grown = replace(
        state, version=state.version + 1, opened_at=state.opened_at or at, updated_at=at
    )
    one = _EVOLVE[type(event)](state.all.get(event.number), event, at)
    return replace(grown, all={**state.all, event.number: one})


def decide(state: FollowUps, command: FollowUpCommand, now: datetime, policy: Policy) -> Answer:
    """Return what follows; raises Rejected, with the reason, when the command does not fit."""
    if isinstance(command, commands.MakeFollowUps):
        return _make(state, command)
    if isinstance(command, commands.Remind):
        return _remind(state, now, policy)
    found = state.all.get(command.number)
    if found is None:
        message = f"there is no follow-up {state.label(command.number)}"
        raise Rejected(message)
    if command.by == DESK and not found.open:
        return Decision()
    refuse_done(state, found)
    return _DECIDE[type(command)](found, command, now)


def overlap(one: WriteRecord | None, other: WriteRecord | None) -> bool:
    """Return whether two writes are about the same field of the same object."""
    if one is None or other is None or (one.uid, one.subresource) != (other.uid, other.subresource):
        return False
    return not {name for name, _ in one.fields}.isdisjoint({name for name, _ in other.fields})


def newest(state: FollowUps, one: FollowUp) -> bool:
    """Return whether no later one is of the same step: an undo takes back its last change only."""
    return not any(
        (other.made.run, other.made.step) == (one.made.run, one.made.step)
        for number, other in state.all.items()
        if number > one.made.number
    )


def refuse_done(state: FollowUps, found: FollowUp) -> None:
    """Raise Rejected, with who did it and why, for what is done."""
    if found.done is not None:
        name = state.label(found.made.number)
        message = f"{name} was done by {found.done.by}: {found.done.because}"
        raise Rejected(message)


def _make(state: FollowUps, command: commands.MakeFollowUps) -> Answer:
    told, known, number = list[FollowUpEvent](), set(state.keys), len(state.all)
    for todo in command.todo:
        if todo.key in known:
            continue
        known.add(todo.key)
        number += 1
        told += [_again(one, todo, state.label(number)) for one in _same(state, todo)]
        told.append(FollowUpMade(number=number, **_fields(todo)))
    return Decision(events=tuple(told))


def _fields(todo: ToDo) -> dict[str, Any]:  # the fields of both are the same
    return {each.name: getattr(todo, each.name) for each in fields(todo)}


def _same(state: FollowUps, todo: ToDo) -> tuple[FollowUp, ...]:
    """Return what the new one takes the place of: from another value the way back is another."""
    return tuple(
        one
        for one in state.open
        if one.made.before == todo.before and overlap(one.made.write, todo.write)
    )


def _again(one: FollowUp, todo: ToDo, label: str) -> events.FollowUpDone:
    because = f"{todo.step} of {todo.run} wrote it again: see {label}"
    return _done(one, by=DESK, because=because)


def _remind(state: FollowUps, now: datetime, policy: Policy) -> Answer:
    rules = policy.follow_ups
    told = (
        events.FollowUpReminded(
            number=one.made.number,
            what=one.made.what,
            owner=one.owner,
            again=_next(one.remind_at, rules.every(left=one.left), now),
        )
        for one in state.open
        if one.remind_at <= now
    )
    return Decision(events=tuple(told))


def _next(moment: datetime, every: timedelta, now: datetime) -> datetime:
    """Return the first moment after now, so many spans later: what was slept through is one."""
    return moment + ((now - moment) // every + 1) * every


def _put_off(found: FollowUp, command: commands.PutOffFollowUp, now: datetime) -> Answer:
    say_why(command.because)
    if not now < command.until <= now + LONGEST:
        message = f"later is in the future, and within {minutes(LONGEST)}"
        raise Rejected(message)
    put_off = events.FollowUpPutOff(
        number=found.made.number,
        what=found.made.what,
        until=command.until,
        by=command.by,
        because=command.because,
    )
    return Decision(events=(put_off,))


def _give(found: FollowUp, command: commands.GiveFollowUp, _: datetime) -> Answer:
    if found.owner == command.owner:
        return Decision()
    given = events.FollowUpGiven(
        number=found.made.number,
        what=found.made.what,
        owner=command.owner,
        by=command.by,
        because=command.because,
    )
    return Decision(events=(given,))


def _finish(found: FollowUp, command: commands.FinishFollowUp, _: datetime) -> Answer:
    say_why(command.because)
    return Decision(events=(_done(found, by=command.by, because=command.because),))


def _done(found: FollowUp, *, by: str, because: str) -> events.FollowUpDone:
    return events.FollowUpDone(
        number=found.made.number, what=found.made.what, by=by, because=because
    )


def _made(_: FollowUp | None, event: FollowUpMade, at: datetime) -> FollowUp:
    return FollowUp(made=event, made_at=at, owner=event.owner, due=event.due, remind_at=event.due)


def _reminded(one: FollowUp, event: events.FollowUpReminded, _: datetime) -> FollowUp:
    return replace(one, remind_at=event.again, reminders=one.reminders + 1)


def _later(one: FollowUp, event: events.FollowUpPutOff, _: datetime) -> FollowUp:
    return replace(one, due=event.until, remind_at=event.until)


def _anothers(one: FollowUp, event: events.FollowUpGiven, _: datetime) -> FollowUp:
    return replace(one, owner=event.owner)


def _over(one: FollowUp, event: events.FollowUpDone, at: datetime) -> FollowUp:
    return replace(one, done=event, done_at=at)


_DECIDE: Mapping[type, Callable[[FollowUp, Any, datetime], Answer]] = {  # each takes its command
    commands.PutOffFollowUp: _put_off,
    commands.GiveFollowUp: _give,
    commands.FinishFollowUp: _finish,
}

_EVOLVE: Mapping[type, Callable[[Any, Any, datetime], FollowUp]] = {  # each takes its own event
    FollowUpMade: _made,
    events.FollowUpReminded: _reminded,
    events.FollowUpPutOff: _later,
    events.FollowUpGiven: _anothers,
    events.FollowUpDone: _over,
}
