"""chat.*: post, change and delete messages."""

from dataclasses import replace

from drills.slack import bodies, ids
from drills.slack.arguments import Arguments
from drills.slack.bodies import Body
from drills.slack.channels import Channel
from drills.slack.errors import refuse
from drills.slack.messages import Message, pings
from drills.slack.methods import content, places
from drills.slack.workspace import Workspace


def post_message(workspace: Workspace, arguments: Arguments) -> Body:
    """Post a message as the bot. Channels are named by id or `#name`; people cannot be."""
    channel = _writable(workspace, arguments)
    judged = content.read(workspace, arguments, too_long="msg_blocks_too_long")
    posted = workspace.post(
        Message(
            channel=channel.id,
            author=workspace.bot.id,
            text=judged.text,
            blocks=judged.blocks,
            metadata=judged.metadata,
            thread_ts=_thread(workspace, channel, arguments),
            broadcast=arguments.flag("reply_broadcast"),
        )
    )
    body = bodies.message_body(posted, identity=workspace.identity)
    answer: Body = {"channel": channel.id, "ts": posted.ts}
    if judged.cut:
        answer["warning"] = "message_truncated"
    return answer | {"message": bodies.with_metadata(body, posted)}


def post_ephemeral(workspace: Workspace, arguments: Arguments) -> Body:
    """Show a message to one member of a channel."""
    channel = places.live(workspace, arguments)
    user = arguments.text("user")
    if user not in channel.members:
        refuse("user_not_in_channel")
    judged = content.read(workspace, arguments, too_long="msg_too_long")
    shown = workspace.post(
        Message(
            channel=channel.id,
            author=workspace.bot.id,
            text=judged.text,
            blocks=judged.blocks,
            thread_ts=_thread(workspace, channel, arguments),
            seen_by=user,
        )
    )
    return {"message_ts": shown.ts}


def update(workspace: Workspace, arguments: Arguments) -> Body:
    """Change one of the bot's messages; text without blocks takes the blocks away."""
    channel, old = _own(workspace, arguments, refusal="cant_update_message")
    if channel.archived:
        refuse("is_inactive")
    if len(arguments.text("text")) > content.UPDATE_LIMIT:
        refuse("msg_too_long")
    judged = content.read(workspace, arguments, too_long="msg_too_long")
    changed = replace(
        old,
        text=judged.text,
        blocks=judged.blocks,
        metadata=judged.metadata if judged.metadata is not None else old.metadata,
        edited_ts=ids.stamp(workspace.now(), after=old.edited_ts or old.ts),
        pings=pings(judged.text, judged.blocks),
    )
    workspace.boards[channel.id].change(changed)
    workspace.changed()
    body = bodies.message_body(changed, identity=workspace.identity)
    _tell_changed(workspace, channel, old, changed)
    answer: Body = {"channel": channel.id, "ts": changed.ts, "text": changed.text}
    return answer | {"message": bodies.with_metadata(body, changed)}


def delete(workspace: Workspace, arguments: Arguments) -> Body:
    """Take one of the bot's messages down."""
    channel, old = _own(workspace, arguments, refusal="cant_delete_message")
    workspace.boards[channel.id].remove(old.ts)
    workspace.changed()
    event = _changed_event(workspace, channel, "message_deleted", old)
    workspace.tell_members(channel.id, event | {"deleted_ts": old.ts})
    return {"channel": channel.id, "ts": old.ts}


def get_permalink(workspace: Workspace, arguments: Arguments) -> Body:
    """Return the address of a message in the console."""
    channel = places.visible(workspace, arguments)
    message = places.message(workspace, channel, arguments.text("message_ts"))
    place = f"archives/{channel.id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
    link = f"{workspace.address.rstrip('/')}/{place}{thread}"
    return {"channel": channel.id, "permalink": link}


def _writable(workspace: Workspace, arguments: Arguments) -> Channel:
    channel = places.visible(workspace, arguments)
    if channel.archived:
        refuse("is_archived")
    anywhere = "chat:write.public" in workspace.scopes and not channel.private
    if workspace.bot.id not in channel.members and not anywhere:
        refuse("not_in_channel")
    return channel


def _thread(workspace: Workspace, channel: Channel, arguments: Arguments) -> str | None:
    ts = arguments.text("thread_ts")
    if not ts:
        return None
    parent = workspace.boards[channel.id].messages.get(ts)
    if parent is None:
        refuse("cannot_reply_to_message")
    # A reply to a reply goes to the thread of the first: threads are one level deep.
    return parent.thread_ts or parent.ts


def _own(workspace: Workspace, arguments: Arguments, *, refusal: str) -> tuple[Channel, Message]:
    channel = places.visible(workspace, arguments)
    message = places.message(workspace, channel, arguments.text("ts"))
    if message.author != workspace.bot.id or message.subtype:
        refuse(refusal)
    return channel, message


def _tell_changed(workspace: Workspace, channel: Channel, old: Message, new: Message) -> None:
    event = _changed_event(workspace, channel, "message_changed", old)
    body = bodies.message_body(new, identity=workspace.identity)
    workspace.tell_members(channel.id, event | {"message": bodies.with_metadata(body, new)})


def _changed_event(workspace: Workspace, channel: Channel, subtype: str, old: Message) -> Body:
    ts = ids.stamp(workspace.now(), after=old.ts)
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel.id,
        "channel_type": "group" if channel.private else "channel",
        "ts": ts,
        "event_ts": ts,
        "previous_message": bodies.message_body(old, identity=workspace.identity),
    }
