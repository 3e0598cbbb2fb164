"""auth.test, apps.connections.open, users.*, usergroups.users.list."""

from drills.slack.arguments import Arguments
from drills.slack.bodies import Body
from drills.slack.errors import refuse
from drills.slack.methods.pages import page
from drills.slack.workspace import Workspace


def auth_test(workspace: Workspace, _arguments: Arguments) -> Body:
    """Say who the bot is."""
    identity = workspace.identity
    return {
        "url": f"{workspace.address.rstrip('/')}/",
        "team": identity.team_name,
        "user": workspace.bot.name,
        "team_id": identity.team,
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(workspace: Workspace, _arguments: Arguments) -> Body:
    """Hand out a WebSocket address that works once."""
    socket = workspace.address.rstrip("/").replace("http", "ws", 1)
    return {"url": f"{socket}/socket?ticket={workspace.tickets.issue_socket()}"}


def users_info(workspace: Workspace, arguments: Arguments) -> Body:
    """Describe one user."""
    user = workspace.people.get(arguments.text("user"))
    if user is None:
        refuse("user_not_found")
    return {"user": user.body(workspace.identity.team)}


def users_list(workspace: Workspace, arguments: Arguments) -> Body:
    """Describe all users, page by page."""
    users, more = page(list(workspace.people.values()), arguments, default=100)
    return {"members": [user.body(workspace.identity.team) for user in users], **more}


def usergroups_users_list(workspace: Workspace, arguments: Arguments) -> Body:
    """List the people of a user group."""
    group = workspace.groups.get(arguments.text("usergroup"))
    if group is None:
        refuse("no_such_subteam")
    return {"users": list(group.users)}
