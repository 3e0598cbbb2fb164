"""Envelopes on their way to the app: sent, acknowledged, sent again, given up.

Events that nobody acknowledges within three seconds are sent again at once, after one minute and
after five; interactions and commands are sent once, and the person sees an error
(docs.slack.dev, Events API and Socket Mode).
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

ACK_WITHIN = timedelta(seconds=3)
RETRY_AFTER = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))


class Kind(Enum):
    """The type of an envelope."""

    EVENT = "events_api"
    INTERACTIVE = "interactive"
    COMMAND = "slash_commands"


class State(Enum):
    """Where an envelope is."""

    WAITING = "waiting"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One payload for the app; `at` is when it is due, or when it was sent.

    `attempt` counts resends and `reason` says why there was one; `failure` is the code that a
    person sees; `answer` is the payload that came with the acknowledgement.
    """

    id: str
    kind: Kind
    payload: Mapping[str, object]
    at: datetime
    state: State = State.WAITING
    attempt: int = 0
    reason: str = ""
    failure: str | None = None
    answer: Mapping[str, object] | None = None

    def frame(self) -> dict[str, object]:
        """Return the envelope as it goes over the socket."""
        frame: dict[str, object] = {
            "envelope_id": self.id,
            "type": self.kind.value,
            "payload": dict(self.payload),
            "accepts_response_payload": self.kind is not Kind.EVENT,
        }
        if self.kind is Kind.EVENT:
            frame |= {"retry_attempt": self.attempt, "retry_reason": self.reason}
        return frame

    def body(self) -> dict[str, object]:
        """Return the envelope as JSON for checkers."""
        return self.frame() | {
            "state": self.state.value,
            "attempt": self.attempt,
            "failure": self.failure,
            "at": self.at.isoformat(),
        }


class Deliveries:
    """All envelopes, by id; what happens to them depends on the moments passed in alone."""

    def __init__(self, *, ack_within: timedelta = ACK_WITHIN) -> None:
        self.ack_within = ack_within
        self._all: dict[str, Envelope] = {}
        self._open: dict[str, None] = {}

    def add(self, kind: Kind, payload: Mapping[str, object], now: datetime) -> Envelope:
        """Put a payload on its way."""
        return self._keep(Envelope(id=str(uuid.uuid4()), kind=kind, payload=payload, at=now))

    def clear(self) -> None:
        """Forget everything."""
        self._all.clear()
        self._open.clear()

    def all(self) -> tuple[Envelope, ...]:
        """Return every envelope ever made, oldest first."""
        return tuple(self._all.values())

    def get(self, envelope: str) -> Envelope | None:
        """Return an envelope as it is now."""
        return self._all.get(envelope)

    def due(self, now: datetime) -> tuple[Envelope, ...]:
        """Return what should be sent now, oldest first."""
        return tuple(
            envelope
            for envelope in self._pending()
            if envelope.state is State.WAITING and envelope.at <= now
        )

    def sent(self, envelope: Envelope, now: datetime) -> None:
        """Note that an envelope went over a socket."""
        self._keep(replace(envelope, state=State.SENT, at=now))

    def unsendable(self, envelope: Envelope, now: datetime) -> Envelope:
        """Note that no socket was there to take it; return it as it is now."""
        return self._lost(envelope, now, reason="connection_failed", failure="dispatch_failed")

    def acknowledge(
        self, envelope: str, answer: Mapping[str, object] | None, now: datetime
    ) -> Envelope | None:
        """Note an acknowledgement; None when nobody waits for it any more."""
        found = self._all.get(envelope)
        if found is None or found.state is not State.SENT or now - found.at > self.ack_within:
            return None
        return self._keep(replace(found, state=State.ACKNOWLEDGED, answer=answer))

    def expire(self, now: datetime) -> tuple[Envelope, ...]:
        """Give up waiting where the time is over; return those envelopes as they are now."""
        late = [
            envelope
            for envelope in self._pending()
            if envelope.state is State.SENT and now - envelope.at > self.ack_within
        ]
        return tuple(
            self._lost(envelope, now, reason="timeout", failure="operation_timeout")
            for envelope in late
        )

    def _pending(self) -> Iterable[Envelope]:
        return [self._all[key] for key in self._open]

    def _lost(self, envelope: Envelope, now: datetime, *, reason: str, failure: str) -> Envelope:
        if envelope.kind is Kind.EVENT and envelope.attempt < len(RETRY_AFTER):
            # A new id per attempt: whoever drops repeats must go by the event's own id.
            again = Envelope(
                id=str(uuid.uuid4()),
                kind=envelope.kind,
                payload=envelope.payload,
                at=now + RETRY_AFTER[envelope.attempt],
                attempt=envelope.attempt + 1,
                reason=reason,
            )
            self._keep(again)
        return self._keep(replace(envelope, state=State.FAILED, failure=failure))

    def _keep(self, envelope: Envelope) -> Envelope:
        self._all[envelope.id] = envelope
        if envelope.state in {State.ACKNOWLEDGED, State.FAILED}:
            self._open.pop(envelope.id, None)
        else:
            self._open[envelope.id] = None
        return envelope
