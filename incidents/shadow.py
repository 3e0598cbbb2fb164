"""A watch over what people do where a runbook only said what it would have done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any  # the dispatch tables hold functions of many types

from incidents.commands import shadow as commands
from incidents.commands.shadow import WatchCommand
from incidents.decision import Decision
from incidents.errors import Rejected
from incidents.events import shadow as events
from incidents.events.shadow import Did, ShadowEvent

AFTER_END = timedelta(minutes=10)
"""How long after its incident a watch goes on: people tidy up when the pain is over."""

_WEIGHT: Mapping[Did, int] = {Did.OTHERWISE: 1, Did.AMOUNT: 2, Did.SAME: 3}
"""How near an act is to what would have been done; what is nearer counts instead."""
DONE = frozenset({Did.SAME, Did.AMOUNT})
"""What verification can say something about: the change itself was made, if by so much."""
OPEN = frozenset({Did.NOTHING, Did.CANNOT_TELL})
"""How a watch ends in which no act was noted."""
WITHOUT = frozenset({Did.NOTHING, Did.OTHERWISE})
"""Where people left the change out, so that it got better without it, or did not."""

Answer = Decision[ShadowEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A watch as it stands; `began` is None before its first event.

    `act` is the nearest thing that people did, noted at `noted_at`; `proof` is about that act.
    """

    id: str
    version: int = 0
    began: events.ShadowBegan | None = None
    act: events.PeopleActed | None = None
    noted_at: datetime | None = None
    proof: events.ActJudged | None = None
    ended: events.ShadowEnded | None = None
    opened_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def acted_at(self) -> datetime | None:
        """Return when people acted: as the API server says, else when it was seen."""
        return (self.act.at if self.act else None) or self.noted_at

    @property
    def told(self) -> tuple[ShadowEvent, ...]:
        """Return what people are told of it, each thing once; nothing while nothing was seen."""
        found = tuple(one for one in (self.act, self.proof) if one is not None)
        over = self.ended
        return (*found, over) if over and (not found or over.better is not None) else found

    @property
    def unproven(self) -> bool:
        """Return whether people made the change, and nobody has said what became of it."""
        return self.act is not None and self.act.did in DONE and self.proof is None

    def nearer(self, did: Did) -> bool:
        """Return whether this is nearer to what would have been done than what was noted."""
        known = _WEIGHT[self.act.did] if self.act else 0
        return _WEIGHT.get(did, 0) > known

    @property
    def did(self) -> Did | None:
        """Return what people did; None while nothing was seen and the watch goes on."""
        if self.ended is not None:
            return self.ended.did
        return self.act.did if self.act else None


def shadow_stream(run: str, would: int) -> str:
    """Return the name of the watch over what the event of this version in a run said."""
    return f"shadow-{run.removeprefix('run-')}-{would}"


def closes_at(began: events.ShadowBegan, resolved_at: datetime | None) -> datetime:
    """Return until when an act counts; an incident that is over ends its watch a while later."""
    if resolved_at is None:
        return began.until
    return min(began.until, resolved_at + AFTER_END)


def title(state: Watch) -> str:
    """Return what is watched, as in `cache-evictions add-decode`."""
    return f"{state.began.runbook} {state.began.step}" if state.began else state.id


def state(watch: Watch) -> str:
    """Return one word: `watched`, or what people did."""
    return watch.ended.did.value if watch.ended else "watched"


def evolve(watch: Watch, event: ShadowEvent, at: datetime) -> Watch:
    """Return the state after the event; never raises for an event that was recorded."""
    grown = replace(
        watch, version=watch.version + 1, opened_at=watch.opened_at or at, updated_at=at
    )
    match event:
        case events.ShadowBegan():
            return replace(grown, began=event)
        case events.PeopleActed():
            return replace(grown, act=event, noted_at=at, proof=None)
        case events.ActJudged():
            return replace(grown, proof=event)
        case events.ShadowEnded():
            return replace(grown, ended=event)


def decide(watch: Watch, command: WatchCommand) -> Answer:
    """Return what follows; raises Rejected, with the reason, when the command does not fit.

    What was told before, or comes after the end, changes nothing.
    """
    if isinstance(command, commands.BeginWatch):
        return Decision() if watch.began else Decision(events=(command.began,))
    if watch.began is None:
        message = f"there is no {watch.id}"
        raise Rejected(message)
    if watch.ended is not None:
        return Decision()
    return _DECIDE[type(command)](watch, watch.began.step, command)


def _note(watch: Watch, _: str, command: commands.NoteAct) -> Answer:
    did = command.act.did
    if did not in _WEIGHT:
        message = f"{watch.id}: {did.value!r} is no act of people"
        raise Rejected(message)
    return Decision(events=(command.act,)) if watch.nearer(did) else Decision()


def _judge(watch: Watch, step: str, command: commands.JudgeAct) -> Answer:
    if watch.act is None or watch.act.did not in DONE:
        message = f"{watch.id}: people have not done what would have been done"
        raise Rejected(message)
    if watch.proof is not None:
        return Decision()
    judged = events.ActJudged(
        step=step,
        verdict=command.verdict,
        because=command.because,
        comparisons=command.comparisons,
    )
    return Decision(events=(judged,))


def _end(watch: Watch, step: str, command: commands.EndWatch) -> Answer:
    if watch.act is None and command.did not in OPEN:
        message = f"{watch.id}: nothing was noted that people did"
        raise Rejected(message)
    did = watch.act.did if watch.act else command.did
    better = command.better if did in WITHOUT else None
    ended = events.ShadowEnded(step=step, did=did, because=command.because, better=better)
    return Decision(events=(ended,))


_DECIDE: Mapping[type, Callable[[Watch, str, Any], Answer]] = {  # each takes its own command
    commands.NoteAct: _note,
    commands.JudgeAct: _judge,
    commands.EndWatch: _end,
}
