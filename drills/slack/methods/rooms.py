"""conversations.*: make, change and archive channels."""

from dataclasses import replace

from drills.slack.arguments import Arguments
from drills.slack.bodies import Body
from drills.slack.channels import TOPIC_LIMIT, Channel, require_name
from drills.slack.errors import Refused, refuse
from drills.slack.methods import places
from drills.slack.text import escaped
from drills.slack.workspace import Workspace

INVITE_LIMIT = 1000


def create(workspace: Workspace, arguments: Arguments) -> Body:
    """Open a channel in which the bot is."""
    private = arguments.flag("is_private")
    name = arguments.text("name")
    channel = workspace.create_channel(name, creator=workspace.bot, private=private)
    return _channel(workspace, channel)


def invite(workspace: Workspace, arguments: Arguments) -> Body:
    """Bring people into a channel; with `force` those who can be brought."""
    channel = places.live(workspace, arguments)
    users = [name.strip() for name in arguments.text("users").split(",") if name.strip()]
    if not users or len(users) > INVITE_LIMIT:
        refuse("no_user" if not users else "invalid_arguments")
    errors = [_why_not(workspace, channel, user) for user in users]
    wrong = [error for error in errors if error is not None]
    if wrong and not (arguments.flag("force") and len(wrong) < len(users)):
        refuse(str(wrong[0]["error"]), errors=wrong)
    for user, error in zip(users, errors, strict=True):
        if error is None:
            channel = _bring(workspace, channel, user)
    return _channel(workspace, channel) | ({"errors": wrong} if wrong else {})


def join(workspace: Workspace, arguments: Arguments) -> Body:
    """Bring the bot into a public channel."""
    channel = places.visible(workspace, arguments)
    if channel.archived:
        refuse("is_archived")
    if channel.private:
        refuse("method_not_supported_for_channel_type")
    if workspace.bot.id in channel.members:
        return _channel(workspace, channel) | {"warning": "already_in_channel"}
    return _channel(workspace, _bring(workspace, channel, workspace.bot.id))


def set_topic(workspace: Workspace, arguments: Arguments) -> Body:
    """Change the topic of a channel."""
    channel = places.live(workspace, arguments)
    topic = _short(arguments.text("topic"))
    changed = replace(channel, topic=topic)
    workspace.change_channel(changed)
    workspace.system(changed, workspace.bot, "channel_topic", f"set the channel topic: {topic}")
    return _channel(workspace, changed)


def set_purpose(workspace: Workspace, arguments: Arguments) -> Body:
    """Change the description of a channel."""
    channel = places.live(workspace, arguments)
    purpose = _short(arguments.text("purpose"))
    changed = replace(channel, purpose=purpose)
    workspace.change_channel(changed)
    line = f"set the channel description: {purpose}"
    workspace.system(changed, workspace.bot, "channel_purpose", line)
    return _channel(workspace, changed)


def rename(workspace: Workspace, arguments: Arguments) -> Body:
    """Give a channel another name."""
    channel = places.live(workspace, arguments)
    name = arguments.text("name")
    require_name(name)
    if name != channel.name:
        workspace.require_free(name)
    changed = replace(channel, name=name, previous_names=(channel.name, *channel.previous_names))
    workspace.change_channel(changed)
    line = f"has renamed the channel from {channel.name} to {name}"
    workspace.system(changed, workspace.bot, "channel_name", line)
    created = int(channel.created.timestamp())
    event: Body = {"id": channel.id, "name": name, "created": created}
    workspace.tell_members(channel.id, {"type": "channel_rename", "channel": event})
    return _channel(workspace, changed)


def archive(workspace: Workspace, arguments: Arguments) -> Body:
    """Close a channel; its name stays taken."""
    channel = places.joined(workspace, arguments)
    if channel.archived:
        refuse("already_archived")
    if channel.general:
        refuse("cant_archive_general")
    workspace.system(channel, workspace.bot, "channel_archive", "archived the channel")
    workspace.change_channel(replace(channel, archived=True))
    _tell(workspace, channel, "channel_archive")
    return {}


def unarchive(workspace: Workspace, arguments: Arguments) -> Body:
    """Open an archived channel again; the bot is back in it."""
    channel = places.visible(workspace, arguments)
    if not channel.archived:
        refuse("not_archived")
    members = tuple(dict.fromkeys((*channel.members, workspace.bot.id)))
    changed = replace(channel, archived=False, members=members)
    workspace.change_channel(changed)
    workspace.system(changed, workspace.bot, "channel_unarchive", "un-archived the channel")
    _tell(workspace, channel, "channel_unarchive")
    return {}


def _channel(workspace: Workspace, channel: Channel) -> Body:
    return {"channel": channel.body(workspace.identity.team, reader=workspace.bot.id)}


def _short(text: str) -> str:
    if len(text) > TOPIC_LIMIT:
        refuse("too_long")
    return escaped(text)


def _tell(workspace: Workspace, channel: Channel, kind: str) -> None:
    event: Body = {"type": kind, "channel": channel.id, "user": workspace.bot.id}
    workspace.tell_members(channel.id, event)


def _why_not(workspace: Workspace, channel: Channel, user: str) -> Body | None:
    try:
        _require_invitable(workspace, channel, user)
    except Refused as error:
        return {"user": user, "ok": False, "error": error.code}
    return None


def _require_invitable(workspace: Workspace, channel: Channel, user: str) -> None:
    if user not in workspace.people:
        refuse("user_not_found")
    if user == workspace.bot.id:
        refuse("cant_invite_self")
    if user in channel.members:
        refuse("already_in_channel")


def _bring(workspace: Workspace, channel: Channel, user: str) -> Channel:
    changed = replace(channel, members=(*channel.members, user))
    workspace.change_channel(changed)
    person = workspace.people[user]
    workspace.system(changed, person, "channel_join", f"<@{user}> has joined the channel")
    event: Body = {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": "G" if channel.private else "C",
        "team": workspace.identity.team,
        "inviter": workspace.bot.id,
    }
    workspace.tell_members(channel.id, event)
    return changed
