"""A silence made at the Alertmanagers for an incident: its state, and what may follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any  # the dispatch tables hold functions of many types

from incidents import matchers
from incidents.commands import silence as commands
from incidents.commands.silence import SilenceCommand
from incidents.decision import Decision
from incidents.errors import Conflict, Rejected
from incidents.events import silence as events
from incidents.events.silence import SilenceEvent
from incidents.incident_rules import minutes
from incidents.policy import Policy
from incidents.reasons import say_why

Answer = Decision[SilenceEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A silence as it stands; `asked` is None before its first event.

    `stands` holds the ids by address, `failed` why an address does not have it for certain,
    `doubtful` why nobody can tell.
    """

    id: str
    version: int = 0
    asked: events.SilenceAsked | None = None
    end_asked: events.SilenceEndAsked | None = None
    stands: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    doubtful: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    opened_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Return whether any Alertmanager has it, or may have it."""
        return bool(self.stands or self.doubtful)

    @property
    def state(self) -> str:
        """Return one word: `in doubt`, `standing`, `ended` or `failed`."""
        if self.doubtful:
            return "in doubt"
        if self.stands:
            return "standing"
        return "ended" if self.gone else "failed"


def silence_stream(incident: int, number: int) -> str:
    """Return the name of a silence's stream; `number` counts those of the incident."""
    return f"silence-{incident}-{number}"


def title(state: Silence) -> str:
    """Return what is silenced, as in `alertname="KVCacheFull"`."""
    return ", ".join(state.asked.matchers) if state.asked else state.id


def evolve(state: Silence, event: SilenceEvent, at: datetime) -> Silence:
    """Return the state after the event; never raises for an event that was recorded."""
    grown = replace(
        state, version=state.version + 1, opened_at=state.opened_at or at, updated_at=at
    )
    return _EVOLVE[type(event)](grown, event)


def decide(state: Silence, command: SilenceCommand, now: datetime, policy: Policy) -> Answer:
    """Return what follows; raises Rejected, with the reason, when the command does not fit."""
    if isinstance(command, commands.AskSilence):
        return _ask(state, command, now, policy)
    if state.asked is None:
        message = f"there is no {state.id}"
        raise Rejected(message)
    return _DECIDE[type(command)](state, command)


def _ask(state: Silence, command: commands.AskSilence, now: datetime, policy: Policy) -> Answer:
    if state.asked is not None:
        message = f"{state.id} exists already"
        raise Conflict(message)
    matchers.checked(command.matchers)
    say_why(command.because)
    longest = policy.gathering.snoozing.longest
    if not now < command.until <= now + longest:
        message = f"a silence ends in the future, and within {minutes(longest)}"
        raise Rejected(message)
    asked = events.SilenceAsked(
        incident=command.incident,
        matchers=tuple(map(str, command.matchers)),
        until=command.until,
        by=command.by,
        because=command.because,
        at=command.at,
    )
    return Decision(events=(asked,))


def _note(state: Silence, command: commands.NoteSilence) -> Answer:
    known = state.stands.get(command.address) == command.silence
    stands = events.SilenceStands(address=command.address, silence=command.silence)
    return Decision() if known else Decision(events=(stands,))


def _fail(state: Silence, command: commands.NoteFailure) -> Answer:
    known = state.failed if command.certain else state.doubtful
    failed = events.SilenceFailed(
        address=command.address, because=command.because, certain=command.certain
    )
    # Whoever asks again and gets the same answer adds nothing.
    same = known.get(command.address) == command.because
    return Decision() if same else Decision(events=(failed,))


def _end(state: Silence, command: commands.AskEnd) -> Answer:
    if not state.open:
        message = f"{state.id} has {state.state} already: no Alertmanager has it"
        raise Rejected(message)
    say_why(command.because)
    asked = events.SilenceEndAsked(by=command.by, because=command.because)
    return Decision() if state.end_asked == asked else Decision(events=(asked,))


def _gone(state: Silence, command: commands.NoteGone) -> Answer:
    had = command.address in state.stands or command.address in state.doubtful
    gone = events.SilenceGone(address=command.address)
    return Decision(events=(gone,)) if had else Decision()


def _asked(state: Silence, event: events.SilenceAsked) -> Silence:
    doubtful = dict.fromkeys(event.at, "asked, and its answer is not known")
    return replace(state, asked=event, doubtful=doubtful)


def _stands(state: Silence, event: events.SilenceStands) -> Silence:
    grown = _forget(state, event.address)
    return replace(grown, stands={**grown.stands, event.address: event.silence})


def _failed(state: Silence, event: events.SilenceFailed) -> Silence:
    if not event.certain:
        return replace(state, doubtful={**state.doubtful, event.address: event.because})
    if event.address in state.stands:
        # It could not be ended: it stands as before.
        return state
    grown = _forget(state, event.address)
    return replace(grown, failed={**grown.failed, event.address: event.because})


def _went(state: Silence, event: events.SilenceGone) -> Silence:
    grown = _forget(state, event.address)
    return replace(grown, gone=grown.gone | {event.address})


def _forget(state: Silence, address: str) -> Silence:
    """Return the state without what was known of that Alertmanager."""
    return replace(
        state,
        stands=_without(state.stands, address),
        failed=_without(state.failed, address),
        doubtful=_without(state.doubtful, address),
    )


def _without(known: Mapping[str, str], address: str) -> Mapping[str, str]:
    return {name: value for name, value in known.items() if name != address}


_EVOLVE: Mapping[type, Callable[[Silence, Any], Silence]] = {  # each takes its own event
    events.SilenceAsked: _asked,
    events.SilenceStands: _stands,
    events.SilenceFailed: _failed,
    events.SilenceEndAsked: lambda s, e: replace(s, end_asked=e),
    events.SilenceGone: _went,
}
_DECIDE: Mapping[type, Callable[[Silence, Any], Answer]] = {  # each takes its own command
    commands.NoteSilence: _note,
    commands.NoteFailure: _fail,
    commands.AskEnd: _end,
    commands.NoteGone: _gone,
}
