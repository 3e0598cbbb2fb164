"""What Slack hands out for a short while: trigger ids, response URLs, socket tickets."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drills.slack.errors import refuse

TRIGGER_LIFE = timedelta(seconds=3)
RESPONSE_LIFE = timedelta(minutes=30)
RESPONSE_USES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What opens one modal for one person, within three seconds; `view` is where it was made."""

    user: str
    made: datetime
    view: str | None
    used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseUrl:
    """Where an app may answer an interaction: five times, within thirty minutes.

    `ts` names the message that the interaction came from, if it came from one.
    """

    user: str
    channel: str
    ts: str | None
    made: datetime
    uses: int = 0


class Tickets:
    """The trigger ids, response URLs and socket tickets that are out."""

    def __init__(self) -> None:
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseUrl] = {}
        self._sockets: set[str] = set()

    def issue_trigger(self, user: str, now: datetime, *, view: str | None = None) -> str:
        """Return a new trigger id for this person."""
        millis = int(now.timestamp() * 1000)
        trigger = f"{millis}.{secrets.randbelow(10**12):012d}.{secrets.token_hex(16)}"
        self._triggers[trigger] = Trigger(user=user, made=now, view=view)
        return trigger

    def exchange(self, trigger: str, now: datetime) -> Trigger:
        """Use a trigger id up; raises Refused when it is unknown, used or too old."""
        found = self._triggers.get(trigger)
        if found is None:
            refuse("invalid_trigger_id")
        if found.used:
            refuse("exchanged_trigger_id")
        if now - found.made > TRIGGER_LIFE:
            refuse("expired_trigger_id")
        self._triggers[trigger] = replace(found, used=True)
        return found

    def issue_response(self, response: ResponseUrl) -> str:
        """Return the secret part of a new response URL."""
        token = secrets.token_urlsafe(18)
        self._responses[token] = response
        return token

    def respond(self, token: str, now: datetime) -> ResponseUrl | None:
        """Count a use of a response URL; None when it is unknown, used up or too old."""
        found = self._responses.get(token)
        if found is None or found.uses >= RESPONSE_USES or now - found.made > RESPONSE_LIFE:
            return None
        self._responses[token] = replace(found, uses=found.uses + 1)
        return found

    def issue_socket(self) -> str:
        """Return a ticket for one Socket Mode connection."""
        ticket = secrets.token_urlsafe(18)
        self._sockets.add(ticket)
        return ticket

    def enter(self, ticket: str) -> bool:
        """Use a socket ticket up; False when it is unknown or was used."""
        known = ticket in self._sockets
        self._sockets.discard(ticket)
        return known
