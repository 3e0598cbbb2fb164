"""What there should be in the chat for one incident: a pure reading of its state."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any  # bodies of the outbox

from bot.chat.card import card
from bot.chat.headline import headline, shortened, topic
from bot.chat.message import Message, canonical, written
from bot.chat.reports import announcement, check, ending, result, thread
from bot.chat.situation import Situation
from incidents.incident import Incident, Status
from incidents.incident_rules import archives_at
from incidents.journal import Wanted

CHANNEL, INVITE, TOPIC, MESSAGE, PIN, ARCHIVE, EPHEMERAL = (
    "channel",
    "invite",
    "topic",
    "message",
    "pin",
    "archive",
    "ephemeral",
)
NAME_LENGTH = 80
FIRST, URGENT, NORMAL, QUIET, LAST = 1, 2, 4, 6, 9


def wanted(situation: Situation, *, now: datetime) -> tuple[Wanted, ...]:
    """Return every row of the incident; the same state gives the same rows."""
    return tuple(_all(situation, now))


def base(incident: Incident) -> str:
    """Return the beginning of all of the incident's keys."""
    return f"incident-{incident.number}"


def channel_name(incident: Incident) -> str:
    """Return the channel's name: the number makes it unique, the title readable."""
    slug = re.sub(r"[^a-z0-9]+", "-", incident.title.lower()).strip("-")
    name = f"inc-{incident.number}-{slug}".rstrip("-")
    if len(name) <= NAME_LENGTH:
        return name
    return name[:NAME_LENGTH].rpartition("-")[0] or name[:NAME_LENGTH]


def reply(key: str, *, channel: str, user: str, message: Message) -> Wanted:
    """Return the row that tells one person something, in a channel."""
    body = {"channel_id": channel, "user": user, "message": written(message)}
    return _row(key, EPHEMERAL, f"user-{user}", body, priority=URGENT)


def _all(situation: Situation, now: datetime) -> Iterator[Wanted]:
    incident = situation.incident
    start = base(incident)
    channel = f"{start}/channel"
    yield _row(channel, CHANNEL, start, {"name": _fixed_name(incident)}, priority=FIRST)
    if incident.archived:
        return
    guests = {"channel": channel, "users": _guests(situation)}
    yield _row(f"{start}/invite", INVITE, start, guests, priority=URGENT, after=(channel,))
    head = f"{start}/headline"
    yield _post(head, channel, headline(situation), priority=FIRST)
    yield _row(f"{start}/pin", PIN, start, {"message": head}, priority=NORMAL, after=(head,))
    body = {"channel": channel, "topic": shortened(topic(situation), 240)}
    yield _row(f"{start}/topic", TOPIC, start, body, priority=NORMAL, after=(channel,))
    yield from _announced(situation, start)
    for approval in situation.approvals:
        yield _post(f"{start}/{approval.id}", channel, card(situation, approval), priority=URGENT)
    yield from _threads(situation, channel)
    yield from _end(situation, channel, now)


def _guests(situation: Situation) -> list[str]:
    people = [situation.people.get(name) for name in situation.policy.approvers]
    return sorted(person.slack for person in people if person and person.slack)


def _fixed_name(incident: Incident) -> str:
    """Return the name it got when it was opened: a later, worse alert does not rename it."""
    return incident.channel_name or channel_name(incident)


def _announced(situation: Situation, start: str) -> Iterator[Wanted]:
    demand = situation.policy.demands[situation.incident.severity]
    body = {
        "channel_name": demand.channel,
        "thread": None,
        "message": written(announcement(situation)),
    }
    # One announcement for the whole life: it stays where it was posted first.
    yield _row(f"{start}/announcement", MESSAGE, "announcements", body, priority=NORMAL)


def _threads(situation: Situation, channel: str) -> Iterator[Wanted]:
    start = base(situation.incident)
    for run in situation.runs:
        parent = f"{start}/{run.id}"
        yield _post(parent, channel, thread(run), priority=NORMAL)
        checks = [found for name, found in situation.checks if name == run.id]
        for number, found in enumerate(checks, start=1):
            key = f"{parent}/check-{number}"
            yield _post(key, channel, check(found), priority=QUIET, parent=parent)
        results = [found for name, found in situation.results if name == run.id]
        for number, verified in enumerate(results, start=1):
            key = f"{parent}/result-{number}"
            yield _post(key, channel, result(verified), priority=NORMAL)


def _end(situation: Situation, channel: str, now: datetime) -> Iterator[Wanted]:
    incident = situation.incident
    if incident.status is not Status.RESOLVED or incident.postmortem is None:
        return
    last = f"{base(incident)}/ending"
    yield _post(last, channel, ending(situation), priority=NORMAL)
    moment = archives_at(incident, situation.policy)
    if moment is not None and now >= moment:
        body = {"channel": channel}
        yield _row(
            f"{base(incident)}/archive",
            ARCHIVE,
            base(incident),
            body,
            priority=LAST,
            after=(channel, last),
        )


def _post(
    key: str, channel: str, message: Message, *, priority: int, parent: str | None = None
) -> Wanted:
    body = {"channel": channel, "thread": parent, "message": written(message)}
    after = (channel,) if parent is None else (channel, parent)
    lane = channel.rpartition("/")[0]
    return _row(key, MESSAGE, lane, body, priority=priority, after=after)


def _row(
    key: str,
    kind: str,
    lane: str,
    body: Mapping[str, Any],
    *,
    priority: int,
    after: tuple[str, ...] = (),
) -> Wanted:
    encoded = canonical(body)
    return Wanted(
        key=key,
        kind=kind,
        lane=lane,
        body=encoded,
        digest=hashlib.sha256(encoded).hexdigest(),
        priority=priority,
        after=after,
    )
