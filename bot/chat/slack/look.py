"""Looks in Slack for what an unanswered attempt may have left there."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any  # Slack's JSON

from bot.chat.slack.answers import Caller
from bot.delivery.deliverer import Remote
from incidents.journal import Item

EVENT_TYPE = "triaged_message"
"""Every post carries its key as metadata of this type."""
PAGE = 200
CHANNELS = 999
"""The most that Slack gives at once: a large workspace must be read within a minute's calls."""
LOOK_BACK = timedelta(seconds=60)
"""Slack's clock and ours may differ by so much."""
SUFFIXES = 9
NAME_LENGTH = 80

Json = Mapping[str, Any]


class Look:
    """Reads channels and messages back; every method raises what `Caller` raises."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._bot: str | None = None

    def channel(self, item: Item, name: str) -> Remote | None:
        """Return the channel that this attempt made, under its name or one like it."""
        names, since = set(names_like(name)), _since(item).timestamp()
        for one in self._channels():
            ours = one.get("creator") == self._identity() and float(one["created"]) >= since
            if ours and one["name"] in names:
                return {"channel": str(one["id"]), "name": str(one["name"])}
        return None

    def named(self, name: str) -> str | None:
        """Return the id of the public channel of that name."""
        return next((str(one["id"]) for one in self._channels() if one["name"] == name), None)

    def message(self, item: Item, channel: str, parent: str | None) -> Remote | None:
        """Return the message that carries this item's key, in the channel or in a thread."""
        for found in self._posted(channel, parent, _since(item)):
            carried = (found.get("metadata") or {}).get("event_payload") or {}
            if carried.get("key") == item.key:
                return {"channel": channel, "ts": str(found["ts"])}
        return None

    def _posted(self, channel: str, parent: str | None, since: datetime) -> Iterator[Json]:
        method = "conversations.replies" if parent else "conversations.history"
        thread = {"ts": parent} if parent else {}
        yield from self._pages(
            method,
            "messages",
            channel=channel,
            oldest=f"{since.timestamp():.6f}",
            include_all_metadata=True,
            limit=PAGE,
            **thread,
        )

    def _channels(self) -> Iterator[Json]:
        yield from self._pages(
            "conversations.list",
            "channels",
            types="public_channel",
            exclude_archived=True,
            limit=CHANNELS,
        )

    def _pages(self, method: str, field: str, **arguments: Any) -> Iterator[Json]:  # its own
        cursor: str | None = ""
        while cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            answer = self._caller.read(method, **arguments, **more)
            yield from answer.get(field, ())
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None

    def _identity(self) -> str:
        if self._bot is None:
            self._bot = str(self._caller.call("auth.test")["user_id"])
        return self._bot


def names_like(name: str) -> list[str]:
    """Return the name, and what is tried where it is taken."""
    return [name, *(f"{name[: NAME_LENGTH - 2]}-{n}" for n in range(2, SUFFIXES + 1))]


def _since(item: Item) -> datetime:
    if item.attempted_at is None:
        message = f"{item.key} was not attempted"
        raise ValueError(message)
    return item.attempted_at - LOOK_BACK
