"""The messages of a channel in their order, with what each of them was before."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from drills.slack import ids
from drills.slack.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A pinned message of a channel."""

    ts: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """A link at the top of a channel."""

    id: str
    title: str
    link: str
    emoji: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Board:
    """Everything that hangs in one channel; ephemeral messages hang beside the others."""

    messages: dict[str, Message] = field(default_factory=dict)
    ephemeral: dict[str, Message] = field(default_factory=dict)
    former: dict[str, list[Message]] = field(default_factory=dict)
    pins: dict[str, Pin] = field(default_factory=dict)
    bookmarks: list[Bookmark] = field(default_factory=list)
    last_ts: str | None = None

    def put(self, message: Message, now: datetime) -> Message:
        """Hang up a new message and return it with its `ts`."""
        self.last_ts = ids.stamp(now, after=self.last_ts)
        posted = replace(message, ts=self.last_ts)
        (self.ephemeral if posted.seen_by else self.messages)[posted.ts] = posted
        return posted

    def change(self, message: Message) -> None:
        """Put a message in the place of the one with its `ts`, which is remembered."""
        self.former.setdefault(message.ts, []).append(self.messages[message.ts])
        self.messages[message.ts] = message

    def remove(self, ts: str) -> Message:
        """Take a message down; raises KeyError when there is none."""
        self.pins.pop(ts, None)
        gone = self.ephemeral.pop(ts, None) or self.messages.pop(ts)
        self.former.setdefault(ts, []).append(gone)
        return gone

    def find(self, ts: str) -> Message | None:
        """Return the message with this `ts`, ephemeral or not."""
        return self.messages.get(ts) or self.ephemeral.get(ts)

    def versions(self, ts: str) -> Iterable[Message]:
        """Return what stands or ever stood at this `ts`, newest first."""
        current = self.find(ts)
        return ([] if current is None else [current]) + self.former.get(ts, [])[::-1]

    def top_level(self) -> list[Message]:
        """Return the messages of the channel itself: no replies, but broadcast ones."""
        return [m for m in self.messages.values() if m.thread_ts is None or m.broadcast]

    def replies(self, ts: str) -> list[Message]:
        """Return the replies to a message, oldest first."""
        return [message for message in self.messages.values() if message.thread_ts == ts]
