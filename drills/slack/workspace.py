"""The workspace: people, channels, messages, and the record of everything asked of it.

One object holds it all, and its lock makes it safe for threads: take `lock` around anything that
reads more than once. Times come from `now`, which is real time whatever the world's clock does.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drills.slack import bodies
from drills.slack.board import Board
from drills.slack.bodies import Body, Identity
from drills.slack.calls import Call
from drills.slack.channels import Channel, require_name
from drills.slack.deliveries import Deliveries, Envelope, Kind
from drills.slack.errors import impossible, refuse
from drills.slack.faults import Faults
from drills.slack.ids import Mint
from drills.slack.limits import Limits
from drills.slack.messages import Message, pings
from drills.slack.people import User, default_people
from drills.slack.tickets import Tickets
from drills.slack.views import View

BOT_TOKEN = "xoxb-rehearsal-triaged"  # noqa: S105 (a stand-in's token opens nothing)
APP_TOKEN = "xapp-rehearsal-triaged"  # noqa: S105 (a stand-in's token opens nothing)
_SCOPES = (
    "app_mentions:read bookmarks:read bookmarks:write channels:history channels:join "
    "channels:manage channels:read chat:write chat:write.public commands groups:history "
    "groups:read groups:write metadata.message:read pins:read pins:write reactions:read "
    "reactions:write team:read usergroups:read users:read"
)
BOT_SCOPES = frozenset(_SCOPES.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A user group that can be mentioned, such as the people on call."""

    id: str
    handle: str
    users: tuple[str, ...]


class Workspace:
    """A Slack workspace with alice and bob on call, carol who looks on, and one app.

    `scopes`, `commands`, `revoked`, `create_race`, `limits` and `faults` may be changed at any
    time. With `create_race` a channel name is free for that long after it was taken, as when two
    calls meet. `announced_in` names public channels beside #general and #incidents that the bot is
    a member of, and everybody else.
    """

    def __init__(self, *, now: Callable[[], datetime], announced_in: Sequence[str] = ()) -> None:
        self.now = now
        self._announced_in = tuple(announced_in)
        self.lock = threading.RLock()
        self.bot_token = BOT_TOKEN
        self.app_token = APP_TOKEN
        self.scopes = BOT_SCOPES
        self.commands = frozenset({"/incident"})
        self.revoked = False
        self.create_race = timedelta(0)
        self.limits = Limits()
        self.faults = Faults()
        self.deliveries = Deliveries()
        self.address = "http://127.0.0.1"
        self.version = 0
        self._wake: list[Callable[[], None]] = []
        self._begin()

    def reset(self) -> None:
        """Begin again with the default people and channels; switches and sockets stay."""
        with self.lock:
            self.faults.clear()
            self.limits.reset()
            self.deliveries.clear()
            self._begin()

    def person(self, name: str) -> User:
        """Return the user with this id or name; raises Impossible when there is none."""
        found = next((u for u in self.people.values() if name in {u.id, u.name}), None)
        if found is None:
            impossible(f"there is no user {name!r}")
        return found

    def channel(self, name: str) -> Channel:
        """Return the channel with this id or `#name`; raises Refused as Slack would."""
        channels = self.channels.values()
        found = next((c for c in channels if name in {c.id, f"#{c.name}"}), None)
        if found is None:
            refuse("channel_not_found")
        return found

    def create_channel(self, name: str, *, creator: User, private: bool = False) -> Channel:
        """Open a channel; raises Refused for a bad name or one in use, archived or not."""
        require_name(name)
        self.require_free(name)
        channel = Channel(
            id=self.mint.make("C"),
            name=name,
            creator=creator.id,
            created=self.now(),
            members=(creator.id,),
            private=private,
        )
        self.boards[channel.id] = Board()
        self.change_channel(channel)
        self.system(channel, creator, "channel_join", f"<@{creator.id}> has joined the channel")
        return channel

    def require_free(self, name: str) -> None:
        """Raise Refused when a channel has this name, unless it is as young as the race."""
        old_enough = self.now() - self.create_race
        for channel in self.channels.values():
            if channel.name == name and channel.created <= old_enough:
                refuse("name_taken")

    def change_channel(self, channel: Channel) -> None:
        """Keep a channel as it is now."""
        self.channels[channel.id] = channel
        self.changed()

    def post(self, message: Message) -> Message:
        """Hang up a message, tell the app if it listens there, return it with its `ts`."""
        calls = pings(message.text, message.blocks)
        board = self.boards[message.channel]
        posted = board.put(replace(message, pings=calls), self.now())
        self.changed()
        if posted.seen_by is None:
            self.tell_members(posted.channel, self.message_event(posted))
        return posted

    def system(self, channel: Channel, user: User, subtype: str, text: str) -> None:
        """Hang up a line that Slack itself writes, such as a new topic."""
        line = Message(channel=channel.id, author=user.id, text=text, subtype=subtype)
        self.post(line)

    def notice(self, channel: str, user: str, text: str, *, author: str = "slackbot") -> None:
        """Show a line to one person alone."""
        self.post(Message(channel=channel, author=author, text=text, seen_by=user))

    def message_event(self, message: Message) -> Body:
        """Return the `message` event of a posted message."""
        body = bodies.message_body(message, identity=self.identity)
        channel = self.channels[message.channel]
        kind = "group" if channel.private else "channel"
        event = body | {
            "channel": channel.id,
            "channel_type": kind,
            "event_ts": message.ts,
        }
        return bodies.with_metadata(event, message)

    def tell_members(self, channel: str, event: Body) -> None:
        """Send the app an event of a channel if the bot is in it."""
        if self.bot.id in self.channels[channel].members:
            self.tell(event)

    def tell(self, event: Body) -> Envelope:
        """Send the app an event."""
        payload = bodies.callback(event, identity=self.identity, now=self.now())
        return self.send(Kind.EVENT, payload)

    def send(self, kind: Kind, payload: Body) -> Envelope:
        """Put an envelope on its way to the app."""
        with self.lock:
            envelope = self.deliveries.add(kind, payload, self.now())
            wake = tuple(self._wake)
        for call in wake:
            call()
        return envelope

    def on_envelope(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from any thread, whenever an envelope was put on its way."""
        with self.lock:
            self._wake.append(wake)

    def off_envelope(self, wake: Callable[[], None]) -> None:
        """Stop calling `wake`."""
        with self.lock:
            self._wake.remove(wake)

    def changed(self) -> None:
        """Note that the screens show something old now."""
        self.version += 1

    def log(self, call: Call) -> None:
        """Keep a call in the record."""
        with self.lock:
            self.calls.append(call)

    def posted(self) -> Iterable[Message]:
        """Return all messages of all channels, oldest channel first."""
        return [m for board in self.boards.values() for m in board.messages.values()]

    def _begin(self) -> None:
        self.mint = Mint()
        self.tickets = Tickets()
        self.calls: list[Call] = []
        self.channels: dict[str, Channel] = {}
        self.boards: dict[str, Board] = {}
        self.views: dict[str, View] = {}
        self.people: dict[str, User] = {user.id: user for user in default_people(self.mint)}
        self.bot = self.person("triaged")
        self.identity = Identity(
            team=self.mint.make("T"), team_name="Rehearsal", app=self.mint.make("A"), bot=self.bot
        )
        on_call = (self.person("alice").id, self.person("bob").id)
        group = Group(id=self.mint.make("S"), handle="oncall-sre", users=on_call)
        self.groups: dict[str, Group] = {group.id: group}
        self._first_channels()
        self.deliveries.clear()
        self.changed()

    def _first_channels(self) -> None:
        people = tuple(user.id for user in self.people.values() if user.bot_id is None)
        alice = self.person("alice")
        general = self.create_channel("general", creator=alice)
        self.change_channel(replace(general, general=True, members=people))
        topic = "What the incident desk announces"
        for name in ("incidents", *self._announced_in):
            made = self.create_channel(name, creator=alice)
            self.change_channel(replace(made, members=(*people, self.bot.id), topic=topic))
