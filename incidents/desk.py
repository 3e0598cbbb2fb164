"""The desk: read, decide, append; and again when somebody was first."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, cast  # a stream's state and command are its aggregate's own types

from incidents.aggregates import Kind, incident_stream, kind_of
from incidents.approval import Approval
from incidents.decision import Decision
from incidents.errors import VersionConflict
from incidents.events.registry import Event, from_bytes, to_bytes
from incidents.followups import FollowUps, followups_stream
from incidents.freeze import FreezeState
from incidents.incident import Incident
from incidents.journal import Aggregate, Append, Draft, Recorded
from incidents.kept import Kept
from incidents.policy import Policy
from incidents.ports import Clock, Journal
from incidents.run import Run
from incidents.shadow import Watch
from incidents.snooze import SnoozeState

TRIES = 16
_OF_INCIDENTS = (
    Aggregate.RUN,
    Aggregate.APPROVAL,
    Aggregate.SILENCE,
    Aggregate.SHADOW,
    Aggregate.FOLLOW_UPS,
)
KEPT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a command: the events that followed, and the state after them."""

    stream: str
    events: tuple[Event, ...]
    state: Any  # the aggregate's own type
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event of the journal with its envelope."""

    recorded: Recorded
    event: Event


class Desk:
    """The one way to change anything; safe to use from several threads."""

    def __init__(self, *, journal: Journal, policy: Policy, clock: Clock) -> None:
        self.journal = journal
        self.policy = policy
        self.clock = clock
        self._states: dict[str, Any] = {}
        self._lock = Lock()

    def tell(
        self,
        stream: str,
        command: object,
        *,
        append_id: str | None = None,
        inbox: Sequence[int] = (),
        cause: str | None = None,
    ) -> Told:
        """Let the command happen in its stream, or say why not.

        `append_id` makes it safe to tell again; `inbox` names the deliveries that are done with
        it. Raises Rejected or NotAllowed when it does not fit, HoldConflict or
        RequirementConflict when a rule across streams forbids it, VersionConflict when others
        were first too often, Unavailable when it could not be committed.
        """
        kind, name = kind_of(stream), append_id or uuid.uuid4().hex
        for _ in range(TRIES):
            state, now = self.state(stream), self.clock()
            decision = kind.decide(state, command, now, self.policy)
            if not decision.events:
                return Told(stream=stream, events=(), state=state)
            try:
                return self._append(
                    kind, state, decision, _Way(name, now, tuple(inbox), cause), stream
                )
            except VersionConflict:
                continue
        message = f"{stream}: others were first {TRIES} times"
        raise VersionConflict(message)

    def state(self, stream: str) -> Any:  # the aggregate's own type
        """Return the stream's folded state; its empty state where there are no events."""
        kind = kind_of(stream)
        with self._lock:
            state = self._states.get(stream, None) or kind.empty(stream)
        for recorded in self.journal.read(stream, after=state.version):
            event = from_bytes(recorded.kind, recorded.schema, recorded.body)
            state = kind.evolve(state, event, recorded.at)
        self._keep(stream, state)
        return state

    def incident(self, number: int) -> Incident:
        """Return an incident; `opened` is None where there is none of that number."""
        return cast("Incident", self.state(incident_stream(number)))

    def run(self, run_id: str) -> Run:
        """Return a run; `started` is None where there is none of that name."""
        return cast("Run", self.state(run_id))

    def approval(self, approval_id: str) -> Approval:
        """Return an approval; `asked` is None where there is none of that name."""
        return cast("Approval", self.state(approval_id))

    def follow_ups(self, number: int) -> FollowUps:
        """Return what is left to be done of an incident; nothing where nothing ever was."""
        return cast("FollowUps", self.state(followups_stream(number)))

    def freeze(self) -> FreezeState:
        """Return what is frozen."""
        return cast("FreezeState", self.state("desk"))

    def kept(self, stream: str) -> Kept:
        """Return what is kept back in a stream; `began` is None where nothing ever was."""
        return cast("Kept", self.state(stream))

    def snooze(self, stream: str) -> SnoozeState:
        """Return a snooze; `began` is None where there is none of that name."""
        return cast("SnoozeState", self.state(stream))

    def watch(self, stream: str) -> Watch:
        """Return a watch over a plan of shadow; `began` is None where there is none so called."""
        return cast("Watch", self.state(stream))

    def streams(self, number: int) -> tuple[str, ...]:
        """Return the names of an incident's streams: its own, and those that belong to it."""
        found = [incident_stream(number)]
        for aggregate in _OF_INCIDENTS:
            rows = self.journal.summaries(aggregate=aggregate, incident=number)
            found += sorted(row.stream for row in rows)
        return tuple(found)

    def history(self, number: int) -> tuple[Entry, ...]:
        """Return everything that happened in an incident, in the order of its moments."""
        streams = (self.journal.read(stream) for stream in self.streams(number))
        recorded = [one for stream in streams for one in stream]
        recorded.sort(key=lambda one: (one.at, one.position))
        return tuple(entries(recorded))

    def _append(
        self, kind: Kind, state: Any, decision: Decision[Any], way: "_Way", stream: str
    ) -> Told:
        after = state
        for event in decision.events:
            after = kind.evolve(after, event, way.now)
        appended = self.journal.append(
            Append(
                stream=stream,
                expected=state.version,
                events=tuple(_drafts(decision.events, way)),
                summary=kind.summary(after, self.policy),
                append_id=way.append_id,
                at=way.now,
                take=decision.take,
                release=decision.release,
                require=decision.require,
                inbox=way.inbox,
            )
        )
        if appended.repeated:
            return Told(stream=stream, events=(), state=self.state(stream), repeated=True)
        self._keep(stream, after)
        return Told(stream=stream, events=decision.events, state=after)

    def _keep(self, stream: str, state: Any) -> None:
        with self._lock:
            if len(self._states) >= KEPT:
                self._states.clear()
            known = self._states.get(stream)
            if known is None or known.version < state.version:
                self._states[stream] = state


@dataclass(frozen=True, slots=True)
class _Way:
    """How a command came in."""

    append_id: str
    now: datetime
    inbox: tuple[int, ...]
    cause: str | None


def entries(recorded: Iterable[Recorded]) -> Iterable[Entry]:
    """Return recorded events with their bodies read."""
    for one in recorded:
        yield Entry(recorded=one, event=from_bytes(one.kind, one.schema, one.body))


def _drafts(events: Sequence[Event], way: _Way) -> Iterable[Draft]:
    for number, event in enumerate(events):
        kind, schema, body = to_bytes(event)
        yield Draft(
            event_id=f"{way.append_id}.{number}",
            kind=kind,
            schema=schema,
            body=body,
            at=way.now,
            cause=way.cause,
            correlation=way.append_id,
        )
