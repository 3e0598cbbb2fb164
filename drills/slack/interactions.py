"""What people do on the screen: press, command, submit, say; each becomes an envelope.

Payload shapes: docs.slack.dev, interaction payloads and slash commands. Raises Impossible for what
the screen does not offer. Everything takes the workspace's lock.
"""

from collections.abc import Mapping, Sequence

from drills.slack import bodies
from drills.slack.bodies import Body
from drills.slack.channels import Channel
from drills.slack.deliveries import Envelope, Kind
from drills.slack.errors import Refused, impossible
from drills.slack.messages import Message
from drills.slack.people import User
from drills.slack.text import with_mentions
from drills.slack.tickets import ResponseUrl
from drills.slack.views import View
from drills.slack.workspace import Workspace


def press(
    workspace: Workspace,
    *,
    user: str,
    channel: str,
    ts: str,
    action_id: str,
    choice: str | None = None,
    stale: bool = False,
) -> Envelope:
    """Press a button, or choose a value of a select, on a message.

    With `stale` the person still sees an older version of the message: elements that stood there
    before can be pressed too.
    """
    with workspace.lock:
        person = workspace.person(user)
        room = _seen(workspace, person, channel)
        message, block, element = _element(workspace, room, ts, action_id, stale=stale)
        if message.seen_by not in {None, person.id}:
            impossible(f"{person.name} does not see the message {ts}")
        action = _action(workspace, block, element, choice)
        url = _response_url(workspace, person, room, ts)
        payload = _interaction(workspace, "block_actions", person) | {
            "container": {
                "type": "message",
                "message_ts": ts,
                "channel_id": room.id,
                "is_ephemeral": message.seen_by is not None,
            },
            "trigger_id": workspace.tickets.issue_trigger(person.id, workspace.now()),
            "channel": {"id": room.id, "name": room.name},
            "message": bodies.message_body(message, identity=workspace.identity),
            "state": {"values": {}},
            "response_url": url,
            "actions": [action],
        }
        return workspace.send(Kind.INTERACTIVE, payload)


def command(
    workspace: Workspace, *, user: str, channel: str, command: str, text: str = ""
) -> Envelope:
    """Type a slash command of the app in a channel."""
    with workspace.lock:
        person = workspace.person(user)
        room = _seen(workspace, person, channel)
        if command not in workspace.commands:
            impossible(f"{command} is not a valid command")
        url = _response_url(workspace, person, room, None)
        payload: Body = {
            "token": "verification-token",
            "team_id": workspace.identity.team,
            "team_domain": workspace.identity.team_name.lower(),
            "channel_id": room.id,
            "channel_name": room.name,
            "user_id": person.id,
            "user_name": person.name,
            "command": command,
            "text": with_mentions(text, _names(workspace)),
            "api_app_id": workspace.identity.app,
            "is_enterprise_install": "false",
            "response_url": url,
            "trigger_id": workspace.tickets.issue_trigger(person.id, workspace.now()),
        }
        return workspace.send(Kind.COMMAND, payload)


def say(
    workspace: Workspace, *, user: str, channel: str, text: str, thread_ts: str | None = None
) -> Message:
    """Write a message as a person; naming the bot tells it so."""
    with workspace.lock:
        person = workspace.person(user)
        room = _seen(workspace, person, channel)
        if room.archived:
            impossible(f"#{room.name} is archived")
        kept = with_mentions(text, _names(workspace))
        message = Message(channel=room.id, author=person.id, text=kept, thread_ts=thread_ts)
        posted = workspace.post(message)
        if f"<@{workspace.bot.id}>" in kept:
            event = workspace.message_event(posted) | {"type": "app_mention"}
            workspace.tell_members(room.id, event)
        return posted


def submit(
    workspace: Workspace, *, user: str, view: str, values: Mapping[str, Mapping[str, object]]
) -> Envelope:
    """Send a modal off; `values` is its `state.values`, by block id and action id."""
    with workspace.lock:
        person, shown = _open_view(workspace, user, view)
        body = shown.json(workspace.identity) | {"state": {"values": dict(values)}}
        payload = _interaction(workspace, "view_submission", person) | {
            "view": body,
            "trigger_id": _view_trigger(workspace, person, shown),
            "response_urls": [],
        }
        return workspace.send(Kind.INTERACTIVE, payload)


def close(workspace: Workspace, *, user: str, view: str) -> Envelope | None:
    """Close a modal; the app hears of it only where it asked to."""
    with workspace.lock:
        person, shown = _open_view(workspace, user, view)
        del workspace.views[shown.id]
        workspace.changed()
        if not shown.body.get("notify_on_close"):
            return None
        payload = _interaction(workspace, "view_closed", person)
        closed: Body = {"view": shown.json(workspace.identity), "is_cleared": False}
        return workspace.send(Kind.INTERACTIVE, payload | closed)


def _seen(workspace: Workspace, person: User, channel: str) -> Channel:
    """Return the channel with this id or name that the person can see."""
    try:
        found = workspace.channel(channel if channel in workspace.channels else f"#{channel}")
    except Refused:
        impossible(f"there is no channel {channel!r}")
    if found.private and person.id not in found.members:
        impossible(f"there is no channel {channel!r}")
    return found


def _element(
    workspace: Workspace, channel: Channel, ts: str, action_id: str, *, stale: bool
) -> tuple[Message, Mapping[str, object], Mapping[str, object]]:
    versions = list(workspace.boards[channel.id].versions(ts))
    current = workspace.boards[channel.id].find(ts)
    if not stale:
        versions = [] if current is None else [current]
    for message in versions:
        for block in message.blocks:
            for element in elements(block):
                if element.get("action_id") == action_id:
                    return message, block, element
    return impossible(f"there is nothing called {action_id!r} on the message {ts}")


def elements(block: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """Return the interactive elements of a block."""
    listed = block.get("elements") if block.get("type") == "actions" else [block.get("accessory")]
    found = listed if isinstance(listed, list) else []
    return [e for e in found if isinstance(e, Mapping) and "action_id" in e]


def _action(
    workspace: Workspace,
    block: Mapping[str, object],
    element: Mapping[str, object],
    choice: str | None,
) -> Body:
    action: Body = {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "type": element["type"],
        "action_ts": f"{workspace.now().timestamp():.6f}",
    }
    if element["type"] == "button":
        kept = ("text", "value", "style", "confirm")
        return action | {name: element[name] for name in kept if name in element}
    return action | {"selected_option": _option(element, choice)}


def _option(element: Mapping[str, object], choice: str | None) -> Mapping[str, object]:
    options = element.get("options")
    for option in options if isinstance(options, list) else []:
        if isinstance(option, Mapping) and option.get("value") == choice:
            return option
    return impossible(f"{element['action_id']!r} offers no {choice!r}")


def _response_url(workspace: Workspace, person: User, channel: Channel, ts: str | None) -> str:
    response = ResponseUrl(user=person.id, channel=channel.id, ts=ts, made=workspace.now())
    token = workspace.tickets.issue_response(response)
    return f"{workspace.address.rstrip('/')}/response/{token}"


def _interaction(workspace: Workspace, kind: str, person: User) -> Body:
    team = {"id": workspace.identity.team, "domain": workspace.identity.team_name.lower()}
    return {
        "type": kind,
        "user": {
            "id": person.id,
            "username": person.name,
            "name": person.name,
            "team_id": workspace.identity.team,
        },
        "api_app_id": workspace.identity.app,
        "token": "verification-token",
        "team": team,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _names(workspace: Workspace) -> dict[str, str]:
    return {user.name: user.id for user in workspace.people.values()}


def _open_view(workspace: Workspace, user: str, view: str) -> tuple[User, View]:
    person = workspace.person(user)
    shown = workspace.views.get(view)
    if shown is None or shown.user != person.id:
        impossible(f"{person.name} has no open view {view!r}")
    return person, shown


def _view_trigger(workspace: Workspace, person: User, view: View) -> str:
    return workspace.tickets.issue_trigger(person.id, workspace.now(), view=view.id)
