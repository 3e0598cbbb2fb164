"""pins.*, reactions.add, bookmarks.*: what is put on a message or on top of a channel."""

import re
from dataclasses import replace

from drills.slack import bodies
from drills.slack.arguments import Arguments
from drills.slack.board import Bookmark, Pin
from drills.slack.bodies import Body
from drills.slack.channels import Channel
from drills.slack.errors import refuse
from drills.slack.methods import places
from drills.slack.text import escaped
from drills.slack.workspace import Workspace

# Slack publishes no number for pins and bookmarks, only that there is one.
MOST_PINS = 100
MOST_BOOKMARKS = 100


def pins_add(workspace: Workspace, arguments: Arguments) -> Body:
    """Pin a message to its channel."""
    channel, message = places.marked(workspace, places.joined(workspace, arguments), arguments)
    pins = workspace.boards[channel.id].pins
    if message.ts in pins:
        refuse("already_pinned")
    if len(pins) >= MOST_PINS:
        refuse("too_many_pins")
    pins[message.ts] = Pin(ts=message.ts, by=workspace.bot.id, at=workspace.now())
    workspace.changed()
    _tell_pinned(workspace, channel, message.ts)
    return {}


def pins_list(workspace: Workspace, arguments: Arguments) -> Body:
    """List the pinned messages of a channel, newest pin first."""
    channel = places.visible(workspace, arguments)
    board = workspace.boards[channel.id]
    return {
        "items": [
            {
                "type": "message",
                "created": int(pin.at.timestamp()),
                "created_by": pin.by,
                "channel": channel.id,
                "message": bodies.message_body(board.messages[pin.ts], identity=workspace.identity),
            }
            for pin in reversed(board.pins.values())
        ]
    }


def reactions_add(workspace: Workspace, arguments: Arguments) -> Body:
    """Put an emoji on a message as the bot."""
    channel = places.visible(workspace, arguments)
    if channel.archived:
        refuse("is_archived")
    if workspace.bot.id not in channel.members:
        refuse("no_access")
    channel, message = places.marked(workspace, channel, arguments)
    name = arguments.text("name").strip(":")
    if not re.fullmatch(r"[a-z0-9_+'-]{1,100}", name):
        refuse("invalid_name")
    mark = (name, workspace.bot.id)
    if mark in message.reactions:
        refuse("already_reacted")
    board = workspace.boards[channel.id]
    board.messages[message.ts] = replace(message, reactions=(*message.reactions, mark))
    workspace.changed()
    workspace.tell_members(channel.id, _reaction_event(workspace, channel, message.ts, name))
    return {}


def bookmarks_add(workspace: Workspace, arguments: Arguments) -> Body:
    """Put a link on top of a channel."""
    channel = places.visible(workspace, arguments, "channel_id")
    if workspace.bot.id not in channel.members:
        refuse("permission_denied")
    if arguments.text("type") != "link":
        refuse("invalid_bookmark_type")
    link = arguments.text("link")
    if not re.match(r"https?://\S+$", link):
        refuse("invalid_link")
    bookmarks = workspace.boards[channel.id].bookmarks
    if len(bookmarks) >= MOST_BOOKMARKS:
        refuse("too_many_bookmarks")
    added = Bookmark(
        id=workspace.mint.make("Bk"),
        title=escaped(arguments.text("title")),
        link=link,
        emoji=arguments.text("emoji"),
        at=workspace.now(),
    )
    bookmarks.append(added)
    workspace.changed()
    return {"bookmark": _bookmark(channel, added)}


def bookmarks_list(workspace: Workspace, arguments: Arguments) -> Body:
    """List the links on top of a channel."""
    channel = places.visible(workspace, arguments, "channel_id")
    bookmarks = workspace.boards[channel.id].bookmarks
    return {"bookmarks": [_bookmark(channel, bookmark) for bookmark in bookmarks]}


def _bookmark(channel: Channel, bookmark: Bookmark) -> Body:
    created = int(bookmark.at.timestamp())
    return {
        "id": bookmark.id,
        "channel_id": channel.id,
        "title": bookmark.title,
        "link": bookmark.link,
        "emoji": bookmark.emoji,
        "icon_url": None,
        "type": "link",
        "entity_id": None,
        "date_created": created,
        "date_updated": 0,
        "rank": "i",
    }


def _tell_pinned(workspace: Workspace, channel: Channel, ts: str) -> None:
    item: Body = {"type": "message", "channel": channel.id, "message": {"ts": ts}}
    event: Body = {
        "type": "pin_added",
        "user": workspace.bot.id,
        "channel_id": channel.id,
        "item": item,
    }
    workspace.tell_members(channel.id, event)


def _reaction_event(workspace: Workspace, channel: Channel, ts: str, name: str) -> Body:
    return {
        "type": "reaction_added",
        "user": workspace.bot.id,
        "reaction": name,
        "item_user": workspace.bot.id,
        "item": {"type": "message", "channel": channel.id, "ts": ts},
    }
