"""Messages and events as Slack writes them in JSON."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from drills.slack.messages import Message
from drills.slack.people import User

Body = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The names of the workspace and of its one app."""

    team: str
    team_name: str
    app: str
    bot: User


def message_body(message: Message, *, identity: Identity, replies: Iterable[Message] = ()) -> Body:
    """Return a message as `conversations.history` gives it, without its metadata."""
    body: Body = {
        "type": "message",
        "user": message.author,
        "text": message.text,
        "ts": message.ts,
        "team": identity.team,
    }
    if message.subtype:
        body["subtype"] = message.subtype
    if message.author == identity.bot.id:
        body |= {"bot_id": identity.bot.bot_id, "app_id": identity.app}
    if message.blocks:
        body["blocks"] = [dict(block) for block in message.blocks]
    if message.edited_ts:
        body["edited"] = {"user": message.author, "ts": message.edited_ts}
    if message.reactions:
        body["reactions"] = _reactions(message)
    return body | _thread(message, tuple(replies))


def with_metadata(body: Body, message: Message) -> Body:
    """Return the body with the message's metadata, if it has any."""
    if message.metadata is None:
        return body
    return body | {"metadata": dict(message.metadata)}


def callback(event: Mapping[str, object], *, identity: Identity, now: datetime) -> Body:
    """Return the Events API payload around an event, with an id of its own."""
    return {
        "token": "verification-token",
        "team_id": identity.team,
        "api_app_id": identity.app,
        "event": dict(event),
        "type": "event_callback",
        "event_id": f"Ev{uuid.uuid4().hex[:10].upper()}",
        "event_time": int(now.timestamp()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": identity.team,
                "user_id": identity.bot.id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": uuid.uuid4().hex,
    }


def _thread(message: Message, replies: tuple[Message, ...]) -> Body:
    if message.thread_ts:
        return {"thread_ts": message.thread_ts}
    if not replies:
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": sorted({reply.author for reply in replies}),
        "reply_users_count": len({reply.author for reply in replies}),
        "latest_reply": replies[-1].ts,
    }


def _reactions(message: Message) -> list[Body]:
    names = dict.fromkeys(name for name, _user in message.reactions)
    by_name = {name: [u for n, u in message.reactions if n == name] for name in names}
    return [{"name": n, "users": users, "count": len(users)} for n, users in by_name.items()]
