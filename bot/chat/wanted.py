"""What there should be in the chat for one incident: a pure reading of its state."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any  # bodies of the outbox

from bot.chat.card import card
from bot.chat.headline import gist, headline, topic
from bot.chat.left import left, reminder
from bot.chat.message import Message, canonical, written
from bot.chat.reports import announcement, ending, progress, report, thread, watched
from bot.chat.situation import Situation
from bot.chat.which import which
from bot.chat.wording import shortened
from bot.delivery.urgency import FIRST, LAST, NORMAL, QUIET, URGENT
from incidents.events.run import EffectVerified, SettleObserved, WouldHaveActed
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
NAME_LENGTH, TOPIC_LENGTH = 80, 240
REMINDERS = 30
"""So many messages about one follow-up are kept up to date: older ones are scrolled away."""


def wanted(situation: Situation, *, now: datetime) -> tuple[Wanted, ...]:
    """Return every row of the incident; the same state gives the same rows."""
    return tuple(_all(situation, now))


def base(incident: Incident) -> str:
    """Return the beginning of all of the incident's keys; it is also its lane."""
    return f"incident-{incident.number}"


def channel_name(incident: Incident) -> str:
    """Return the channel's name: the number makes it unique, the first alert's title readable.

    What comes later does not change it: a channel that may exist is looked for by its name.
    """
    first = next(iter(incident.alerts.values()), None)
    slug = re.sub(r"[^a-z0-9]+", "-", first.fired.title.lower() if first else "").strip("-")
    name = f"inc-{incident.number}-{slug}".rstrip("-")
    if len(name) <= NAME_LENGTH:
        return name
    return name[: NAME_LENGTH + 1].rpartition("-")[0].rstrip("-")


def reply(key: str, *, channel: str, user: str, message: Message, response_url: str = "") -> Wanted:
    """Return the row that tells one person something, in a channel.

    `response_url` is where Slack takes the answer to what the person did, also where we may not
    speak; empty for none.
    """
    body = {"channel_id": channel, "user": user, "message": written(message)}
    if response_url:
        body["response_url"] = response_url
    return _row(key, EPHEMERAL, f"user-{user}", body, priority=URGENT)


def _all(situation: Situation, now: datetime) -> Iterator[Wanted]:
    incident = situation.incident
    start = base(incident)
    channel = f"{start}/channel"
    name = {"name": channel_name(incident)}
    yield _row(channel, CHANNEL, start, name, priority=FIRST)
    yield from _reminders(situation, start)
    if incident.archived:
        return
    head, after = f"{start}/headline", (channel,)
    told = _post(head, channel, headline(situation), priority=FIRST)
    yield replace(told, gist=_digest(canonical(written(gist(situation)))))
    guests = _guests(situation)
    if guests:
        invited = {"channel": channel, "users": guests}
        yield _row(f"{start}/invite", INVITE, start, invited, priority=URGENT, after=after)
    yield _row(f"{start}/pin", PIN, start, {"message": head}, priority=NORMAL, after=(head,))
    body = {"channel": channel, "topic": shortened(topic(situation), TOPIC_LENGTH)}
    yield _row(f"{start}/topic", TOPIC, start, body, priority=NORMAL, after=after)
    yield from _announced(situation, start)
    asked = which(situation)
    if asked is not None:
        yield _post(f"{start}/target", channel, asked, priority=URGENT)
    for approval in situation.approvals:
        yield _post(f"{start}/{approval.id}", channel, card(situation, approval), priority=URGENT)
    yield from _threads(situation, channel)
    yield from _end(situation, channel, now)


def _guests(situation: Situation) -> list[str]:
    people = [situation.people.get(name) for name in situation.policy.approvers]
    return sorted(person.slack for person in people if person and person.slack)


def _announced(situation: Situation, start: str) -> Iterator[Wanted]:
    """Return the announcements: one in the channel of each severity that it has had."""
    demands = [situation.policy.demands[severity] for severity in situation.severities]
    shown = written(announcement(situation))
    for name in dict.fromkeys(one.channel for one in demands):
        body = {"channel_name": name, "thread": None, "message": shown}
        key = f"{start}/announcement/{name}"
        yield _row(key, MESSAGE, f"channel-{name}", body, priority=NORMAL)


def _threads(situation: Situation, channel: str) -> Iterator[Wanted]:
    start = base(situation.incident)
    for run in situation.runs:
        parent = f"{start}/{run.id}"
        yield _post(parent, channel, thread(run), priority=NORMAL)
        yield from _reports(situation, parent, channel, run.id)
        for watch in situation.watches:
            shown = watched(watch, run)
            if shown is not None:
                key = f"{parent}/{watch.id}"
                yield _post(key, channel, shown, priority=NORMAL, parent=parent)
        for one in situation.follow_ups.all.values():
            if one.made.run == run.id:
                key = f"{start}/follow-up-{one.made.number}"
                yield _post(key, channel, left(situation, one), priority=NORMAL, parent=parent)


def _reminders(situation: Situation, start: str) -> Iterator[Wanted]:
    """Return the reminders of each, in the channel of the severity: the own one may be gone.

    All show the state as it is now, so that no older one offers what is done already.
    """
    name = situation.policy.demands[situation.incident.severity].channel
    for one in situation.follow_ups.all.values():
        shown = written(reminder(situation, one))
        body = {"channel_name": name, "thread": None, "message": shown}
        for number in range(max(1, one.reminders - REMINDERS + 1), one.reminders + 1):
            key = f"{start}/follow-up-{one.made.number}/reminder-{number}"
            yield _row(key, MESSAGE, f"channel-{name}", body, priority=NORMAL)


def _reports(situation: Situation, parent: str, channel: str, run: str) -> Iterator[Wanted]:
    settled = dict[str, Message]()
    for told in situation.told:
        if told.run != run:
            continue
        if isinstance(told.event, SettleObserved):
            settled[f"{parent}/{told.event.step}/ready"] = progress(told.event)
        shown = report(told.event)
        if shown is not None:
            news = isinstance(told.event, (EffectVerified, WouldHaveActed))
            priority = NORMAL if news else QUIET
            key = f"{parent}/{told.version}"
            yield _post(key, channel, shown, priority=priority, parent=parent)
    for key, shown in settled.items():
        yield _post(key, channel, shown, priority=QUIET, parent=parent)


def _end(situation: Situation, channel: str, now: datetime) -> Iterator[Wanted]:
    incident = situation.incident
    if incident.status is not Status.RESOLVED or incident.postmortem is None:
        return
    start = base(incident)
    last = f"{start}/ending"
    yield _post(last, channel, ending(situation), priority=NORMAL)
    moment = archives_at(incident, situation.policy)
    # Whoever takes a change back needs the card's buttons until it is done.
    going = any(run.outcome is None for run in situation.runs)
    if moment is not None and now >= moment and not going:
        body, after = {"channel": channel}, (channel, last)
        yield _row(f"{start}/archive", ARCHIVE, start, body, priority=LAST, after=after)


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
        digest=_digest(encoded),
        priority=priority,
        after=after,
    )


def _digest(encoded: bytes) -> str:
    return hashlib.sha256(encoded).hexdigest()
