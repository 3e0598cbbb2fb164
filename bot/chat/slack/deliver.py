"""Delivers the outbox's rows to Slack, and finds out about attempts that nobody answered."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any  # bodies of the outbox and Slack's JSON

import structlog

from bot.chat import message as messages
from bot.chat.slack.answers import Caller, Refused
from bot.chat.slack.blocks import payload
from bot.delivery.deliverer import Find, Hopeless, PutOff, Remote, Unknown
from incidents.journal import Item

log = structlog.get_logger()

EVENT_TYPE = "triaged_message"
SUFFIXES = 9
PAGE = 200
LOOK_BACK = timedelta(seconds=60)
LOOK_SOON = 5.0
NAME_LENGTH = 80

Json = Mapping[str, Any]
Body = Mapping[str, Any]


class SlackDeliverer:
    """Delivers channels, invitations, topics, messages, pins, archives and ephemerals."""

    kinds = ("channel", "invite", "topic", "message", "pin", "archive", "ephemeral")

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._bot: str | None = None
        self._send: Mapping[str, Callable[[Item, Body, Find], Remote]] = {
            "channel": self._channel,
            "invite": self._invite,
            "topic": self._topic,
            "message": self._message,
            "pin": self._pin,
            "archive": self._archive,
            "ephemeral": self._ephemeral,
        }

    def method(self, item: Item) -> str:
        """Return the Web API method of the request that would leave."""
        if item.kind == "message":
            return "chat.update" if item.remote.get("ts") else "chat.postMessage"
        return _METHODS[item.kind]

    def send(self, item: Item, ids: Find) -> Remote:
        """Deliver once; raises PutOff, Hopeless or Unknown."""
        return self._send[item.kind](item, _body(item), ids)

    def look(self, item: Item, ids: Find) -> Remote | None:
        """Return the ids of an attempt that arrived; None where sending again is harmless."""
        try:
            return self._look(item, ids)
        except (Unknown, Refused) as error:
            message = f"cannot look for {item.key}: {error}"
            raise PutOff(message, seconds=LOOK_SOON) from error

    def _look(self, item: Item, ids: Find) -> Remote | None:
        if item.kind == "ephemeral":
            # It leaves no trace that could be read back; said twice is worse than not at all,
            # because the card and the headline say the same.
            return {"unknown": "it may not have been shown"}
        if item.kind == "channel" and not item.remote:
            return self._own_channel(item)
        if item.kind == "message" and not item.remote.get("ts"):
            return self._own_message(item, ids)
        return None

    def _channel(self, item: Item, body: Body, _: Find) -> Remote:
        if item.remote:
            return item.remote
        for name in _names(body["name"]):
            try:
                made = self._caller.call("conversations.create", name=name)
            except Refused as error:
                if error.code != "name_taken":
                    raise
                continue
            channel = made["channel"]
            return {"channel": str(channel["id"]), "name": str(channel["name"])}
        message = f"Slack: every name like {body['name']} is taken"
        raise Hopeless(message)

    def _invite(self, _: Item, body: Body, ids: Find) -> Remote:
        if body["users"]:
            channel = _sent(ids, body["channel"])["channel"]
            with _fine({"already_in_channel", "cant_invite_self"}):
                users = ",".join(body["users"])
                self._caller.call("conversations.invite", channel=channel, users=users)
        return {"invited": ",".join(body["users"])}

    def _topic(self, _: Item, body: Body, ids: Find) -> Remote:
        channel = _sent(ids, body["channel"])["channel"]
        self._caller.call("conversations.setTopic", channel=channel, topic=body["topic"])
        return {"channel": channel}

    def _message(self, item: Item, body: Body, ids: Find) -> Remote:
        shown = payload(messages.read(body["message"]))
        if item.remote.get("ts"):
            where = {"channel": item.remote["channel"], "ts": item.remote["ts"]}
            self._caller.call("chat.update", **where, **shown)
            return item.remote
        channel = self._place(body, ids)
        if channel is None:
            log.info("no such channel, nothing announced", channel=body["channel_name"])
            return {"skipped": "there is no such channel"}
        thread = body.get("thread")
        arguments = {"thread_ts": _sent(ids, thread)["ts"]} if thread else {}
        answer = self._caller.call(
            "chat.postMessage",
            channel=channel,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": item.key}},
            **arguments,
            **shown,
        )
        return {"channel": str(answer["channel"]), "ts": str(answer["ts"])}

    def _pin(self, _: Item, body: Body, ids: Find) -> Remote:
        pinned = _sent(ids, body["message"])
        with _fine({"already_pinned"}):
            self._caller.call("pins.add", channel=pinned["channel"], timestamp=pinned["ts"])
        return pinned

    def _archive(self, _: Item, body: Body, ids: Find) -> Remote:
        channel = _sent(ids, body["channel"])["channel"]
        with _fine({"already_archived"}):
            self._caller.call("conversations.archive", channel=channel)
        return {"channel": channel}

    def _ephemeral(self, _: Item, body: Body, __: Find) -> Remote:
        shown = payload(messages.read(body["message"]))
        where = {"channel": body["channel_id"], "user": body["user"]}
        with _fine({"user_not_in_channel", "is_archived", "channel_not_found"}):
            self._caller.call("chat.postEphemeral", **where, **shown)
        return {"user": body["user"]}

    def _place(self, body: Body, ids: Find) -> str | None:
        if "channel_name" not in body:
            return _sent(ids, body["channel"])["channel"]
        found = (one for one in self._channels() if one["name"] == body["channel_name"])
        return next((str(one["id"]) for one in found if not one.get("is_archived")), None)

    def _own_channel(self, item: Item) -> Remote | None:
        names = set(_names(_body(item)["name"]))
        since = _since(item)
        for one in self._channels():
            if one["name"] in names and self._made_by_us(one, since):
                return {"channel": str(one["id"]), "name": str(one["name"])}
        return None

    def _made_by_us(self, channel: Json, since: datetime) -> bool:
        return channel.get("creator") == self._identity() and (
            float(channel.get("created", 0)) >= since.timestamp()
        )

    def _own_message(self, item: Item, ids: Find) -> Remote | None:
        body = _body(item)
        channel = self._place(body, ids)
        if channel is None:
            return None
        thread = body.get("thread")
        parent = _sent(ids, thread)["ts"] if thread else None
        for found in self._posted(channel, parent, _since(item)):
            payload_of = (found.get("metadata") or {}).get("event_payload") or {}
            if payload_of.get("key") == item.key:
                return {"channel": channel, "ts": str(found["ts"])}
        return None

    def _posted(self, channel: str, parent: str | None, since: datetime) -> Iterator[Json]:
        arguments: dict[str, Any] = {
            "channel": channel,
            "oldest": f"{since.timestamp():.6f}",
            "include_all_metadata": True,
            "limit": PAGE,
        }
        method = "conversations.history" if parent is None else "conversations.replies"
        if parent is not None:
            arguments["ts"] = parent
        yield from self._pages(method, "messages", arguments)

    def _channels(self) -> Iterator[Json]:
        arguments = {"limit": PAGE, "types": "public_channel"}
        yield from self._pages("conversations.list", "channels", arguments)

    def _pages(self, method: str, field: str, arguments: Mapping[str, Any]) -> Iterator[Json]:
        cursor = ""
        while True:
            more = {"cursor": cursor} if cursor else {}
            answer = self._caller.call(method, **arguments, **more)
            yield from answer.get(field, ())
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _identity(self) -> str:
        if self._bot is None:
            self._bot = str(self._caller.call("auth.test")["user_id"])
        return self._bot


class _fine:  # noqa: N801  # reads as a clause: with fine({"already_pinned"})
    """Takes some of Slack's errors for success."""

    def __init__(self, codes: set[str]) -> None:
        self._codes = codes

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: object, __: object) -> bool:
        """Swallow the error when its code is among those that are fine."""
        return isinstance(error, Refused) and error.code in self._codes


_METHODS: Mapping[str, str] = {
    "channel": "conversations.create",
    "invite": "conversations.invite",
    "topic": "conversations.setTopic",
    "pin": "pins.add",
    "archive": "conversations.archive",
    "ephemeral": "chat.postEphemeral",
}


def _body(item: Item) -> Body:
    found: Body = json.loads(item.body)
    return found


def _names(name: str) -> list[str]:
    return [name, *(f"{name[: NAME_LENGTH - 2]}-{n}" for n in range(2, SUFFIXES + 1))]


def _sent(ids: Find, key: str) -> Remote:
    found = ids(key)
    if not found:
        message = f"{key} has not been sent yet"
        raise PutOff(message, seconds=1.0)
    return found


def _since(item: Item) -> datetime:
    if item.attempted_at is None:
        message = f"{item.key} was not attempted"
        raise Hopeless(message)
    return item.attempted_at - LOOK_BACK
