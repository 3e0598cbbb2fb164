"""conversations.*: read channels, their members and their messages."""

from collections.abc import Sequence

from drills.slack import bodies
from drills.slack.arguments import Arguments
from drills.slack.bodies import Body
from drills.slack.channels import Channel
from drills.slack.errors import refuse
from drills.slack.messages import Message
from drills.slack.methods import places
from drills.slack.methods.pages import page
from drills.slack.workspace import Workspace

TYPES = {"public_channel", "private_channel", "mpim", "im"}


def info(workspace: Workspace, arguments: Arguments) -> Body:
    """Describe one channel."""
    channel = places.visible(workspace, arguments)
    body = channel.body(workspace.identity.team, reader=workspace.bot.id)
    if not arguments.flag("include_num_members"):
        del body["num_members"]
    return {"channel": body}


def listing(workspace: Workspace, arguments: Arguments) -> Body:
    """Describe the channels that the bot can see, page by page."""
    types = set(arguments.text("types", "public_channel").replace(" ", "").split(","))
    if types - TYPES:
        refuse("invalid_types")
    keep_archived = not arguments.flag("exclude_archived")
    shown = [
        channel
        for channel in workspace.channels.values()
        if _listed(channel, types, reader=workspace.bot.id)
        and (keep_archived or not channel.archived)
    ]
    channels, more = page(shown, arguments, default=100, code="invalid_limit")
    team = workspace.identity.team
    return {"channels": [c.body(team, reader=workspace.bot.id) for c in channels], **more}


def members(workspace: Workspace, arguments: Arguments) -> Body:
    """List who is in a channel, page by page."""
    channel = places.visible(workspace, arguments)
    shown, more = page(channel.members, arguments, default=100, code="invalid_limit")
    return {"members": list(shown), **more}


def history(workspace: Workspace, arguments: Arguments) -> Body:
    """Return the messages of a channel, newest first, without replies."""
    channel = places.joined(workspace, arguments)
    board = workspace.boards[channel.id]
    found = _within(board.top_level(), arguments)[::-1]
    shown, more = page(found, arguments, default=100)
    return {
        "messages": _messages(workspace, shown, arguments),
        "has_more": bool(_cursor(more)),
        "pin_count": len(board.pins),
        **more,
    }


def replies(workspace: Workspace, arguments: Arguments) -> Body:
    """Return a message and its replies, oldest first."""
    channel = places.visible(workspace, arguments)
    board = workspace.boards[channel.id]
    parent = board.messages.get(arguments.text("ts"))
    if parent is None:
        refuse("thread_not_found")
    found = [parent, *_within(board.replies(parent.ts), arguments)]
    shown, more = page(found, arguments, default=1000)
    return {
        "messages": _messages(workspace, shown, arguments),
        "has_more": bool(_cursor(more)),
        **more,
    }


def _listed(channel: Channel, types: set[str], *, reader: str) -> bool:
    if channel.private:
        return "private_channel" in types and reader in channel.members
    return "public_channel" in types


def _cursor(more: Body) -> object:
    metadata = more["response_metadata"]
    return metadata["next_cursor"] if isinstance(metadata, dict) else ""


def _messages(
    workspace: Workspace, messages: Sequence[Message], arguments: Arguments
) -> list[Body]:
    metadata = arguments.flag("include_all_metadata")
    shown = []
    for message in messages:
        answers = workspace.boards[message.channel].replies(message.ts)
        body = bodies.message_body(message, identity=workspace.identity, replies=answers)
        shown.append(bodies.with_metadata(body, message) if metadata else body)
    return shown


def _within(messages: Sequence[Message], arguments: Arguments) -> list[Message]:
    oldest = _bound(arguments, "oldest", 0)
    latest = _bound(arguments, "latest", 2**63)
    edge = arguments.flag("inclusive")
    found = [(places.moment(message.ts) or 0, message) for message in messages]
    return [
        message
        for at, message in found
        if oldest < at < latest or (edge and at in {oldest, latest})
    ]


def _bound(arguments: Arguments, name: str, default: int) -> int:
    text = arguments.text(name)
    if not text:
        return default
    found = places.moment(text)
    if found is None:
        refuse(f"invalid_ts_{name}")
    return found
