"""Where a call wants to do something: the channel or message it names, if the bot may."""

from collections.abc import Callable

from drills.slack import ids
from drills.slack.arguments import Arguments
from drills.slack.bodies import Body
from drills.slack.channels import Channel
from drills.slack.errors import refuse
from drills.slack.messages import Message
from drills.slack.workspace import Workspace

Handler = Callable[[Workspace, Arguments], Body]


def visible(workspace: Workspace, arguments: Arguments, name: str = "channel") -> Channel:
    """Return the channel that an argument names; a private one only to its members."""
    channel = workspace.channel(arguments.text(name))
    if channel.private and workspace.bot.id not in channel.members:
        refuse("channel_not_found")
    return channel


def joined(workspace: Workspace, arguments: Arguments) -> Channel:
    """Return the named channel; refuses when the bot is not in it."""
    channel = visible(workspace, arguments)
    if workspace.bot.id not in channel.members:
        refuse("not_in_channel")
    return channel


def live(workspace: Workspace, arguments: Arguments) -> Channel:
    """Return the named channel; refuses when the bot is not in it or it is archived."""
    channel = joined(workspace, arguments)
    if channel.archived:
        refuse("is_archived")
    return channel


def message(workspace: Workspace, channel: Channel, ts: str) -> Message:
    """Return a message that everybody sees; refuses when there is none."""
    found = workspace.boards[channel.id].messages.get(ts)
    if found is None:
        refuse("message_not_found")
    return found


def marked(workspace: Workspace, channel: Channel, arguments: Arguments) -> tuple[Channel, Message]:
    """Return the channel and the message in it that `timestamp` names."""
    ts = arguments.text("timestamp")
    if not ts:
        refuse("no_item_specified")
    if moment(ts) is None:
        refuse("bad_timestamp")
    return channel, message(workspace, channel, ts)


def moment(ts: str) -> int | None:
    """Return a `ts` in microseconds, None when it is none."""
    try:
        return ids.in_micros(ts)
    except ValueError:
        return None
