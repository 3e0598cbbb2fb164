"""Delivers the outbox's rows to Slack, and finds out about attempts that nobody answered."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any  # bodies of the outbox and Slack's JSON

import structlog

from bot.chat import message as messages
from bot.chat.slack.answers import Caller, Refused
from bot.chat.slack.blocks import payload
from bot.chat.slack.escape import plain
from bot.chat.slack.look import EVENT_TYPE, Look, names_like
from bot.delivery.deliverer import Find, Hopeless, PutOff, Remote, Unknown
from incidents.journal import Item

log = structlog.get_logger()

LOOK_SOON = 5.0
TOPIC = 240
# The channel of a severity may be missing, or not ours to write to: no reason to try for ever.
NO_PLACE = frozenset({"channel_not_found", "not_in_channel", "is_archived"})
NOBODY_THERE = NO_PLACE | {"user_not_in_channel"}

Body = Mapping[str, Any]


class SlackDeliverer:
    """Delivers channels, invitations, topics, messages, pins, archives and ephemerals.

    `unannounced` is told Slack's error code for each announcement that reaches no channel.
    """

    kinds = ("channel", "invite", "topic", "message", "pin", "archive", "ephemeral")

    def __init__(self, caller: Caller, *, unannounced: Callable[[str], None]) -> None:
        self._caller = caller
        self._unannounced = unannounced
        self._looking = Look(caller)
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
        """Return the ids of an attempt that arrived; None where sending again is harmless.

        Raises PutOff while Slack does not answer.
        """
        try:
            return self._look(item, ids)
        except (Unknown, Refused) as error:
            message = f"cannot look for {item.key}: {error}"
            raise PutOff(message, seconds=LOOK_SOON) from error

    def _look(self, item: Item, ids: Find) -> Remote | None:
        body = _body(item)
        if item.kind == "ephemeral":
            # It leaves no trace that could be read back. Said twice is worse than not at all:
            # the card and the headline say the same.
            return {"unknown": "it may not have been shown"}
        if item.kind == "channel" and not item.remote:
            return self._looking.channel(item, body["name"])
        if item.kind == "message" and not item.remote.get("ts"):
            return self._posted(item, body, ids)
        return None

    def _posted(self, item: Item, body: Body, ids: Find) -> Remote | None:
        name = body.get("channel_name")
        channel = self._looking.named(name) if name else _sent(ids, body["channel"])["channel"]
        if channel is None:
            return None
        thread = body.get("thread")
        return self._looking.message(item, channel, _sent(ids, thread)["ts"] if thread else None)

    def _channel(self, item: Item, body: Body, _: Find) -> Remote:
        if item.remote:
            return item.remote
        for name in names_like(body["name"]):
            try:
                made = self._caller.call("conversations.create", name=name)["channel"]
            except Refused as error:
                if error.code != "name_taken":
                    raise
                # Perhaps by an earlier attempt of ours that had not shown up yet.
                own = self._looking.channel(item, body["name"]) if item.attempted_at else None
                if own is not None:
                    return own
                continue
            return {"channel": str(made["id"]), "name": str(made["name"])}
        message = f"Slack: every name like {body['name']} is taken"
        raise Hopeless(message)

    def _invite(self, _: Item, body: Body, ids: Find) -> Remote:
        where, users = _sent(ids, body["channel"])["channel"], ",".join(body["users"])
        # With `force`, one who cannot be invited does not keep the others out.
        with _fine({"already_in_channel", "cant_invite_self"}):
            self._caller.call("conversations.invite", channel=where, users=users, force=True)
        return {"invited": users}

    def _topic(self, _: Item, body: Body, ids: Find) -> Remote:
        channel = _sent(ids, body["channel"])["channel"]
        topic = plain(body["topic"], TOPIC)
        self._caller.call("conversations.setTopic", channel=channel, topic=topic)
        return {"channel": channel}

    def _message(self, item: Item, body: Body, ids: Find) -> Remote:
        shown = payload(messages.read(body["message"]))
        if item.remote.get("ts"):
            where = {"channel": item.remote["channel"], "ts": item.remote["ts"]}
            # An update reads its text as a person's unless told otherwise.
            self._caller.call("chat.update", parse="none", **where, **shown)
            return item.remote
        if "channel_name" not in body:
            return self._post(item, _sent(ids, body["channel"])["channel"], body, ids, shown)
        try:
            return self._post(item, f"#{body['channel_name']}", body, ids, shown)
        except Refused as error:
            if error.code not in NO_PLACE:
                raise
            # The incident goes on without it, but somebody believes to be told of incidents there.
            log.warning("nothing announced", channel=body["channel_name"], because=error.code)
            self._unannounced(error.code)
            return {"skipped": error.code}

    def _post(self, item: Item, channel: str, body: Body, ids: Find, shown: Body) -> Remote:
        thread = body.get("thread")
        answer = self._caller.call(
            "chat.postMessage",
            channel=channel,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": item.key}},
            **({"thread_ts": _sent(ids, thread)["ts"]} if thread else {}),
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
        """Tell one person: at the address that came with their click or command, or else there."""
        shown = payload(messages.read(body["message"]))
        if not self._caller.respond(body.get("response_url", ""), shown):
            self._whisper(body, shown)
        return {"user": body["user"]}

    def _whisper(self, body: Body, shown: Body) -> None:
        """Tell a member of a channel that we are in; elsewhere nobody is told, and it is logged."""
        where = {"channel": body["channel_id"], "user": body["user"]}
        try:
            self._caller.call("chat.postEphemeral", **where, **shown)
        except Refused as error:
            if error.code not in NOBODY_THERE:
                raise
            log.warning("a person was not answered", **where, because=error.code)


@contextmanager
def _fine(codes: set[str] | frozenset[str]) -> Iterator[None]:
    """Take some of Slack's errors for success."""
    try:
        yield
    except Refused as error:
        if error.code not in codes:
            raise


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


def _sent(ids: Find, key: str) -> Remote:
    found = ids(key)
    if not found:
        message = f"{key} has not been sent yet"
        raise PutOff(message, seconds=1.0)
    return found
